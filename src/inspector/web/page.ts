/** The page's markup. Everything that changes is filled in by its script. */

const ICON =
  "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 24 24'%3E%3Cpath fill='%230f8a5f' d='M11 3v11H4zM13 6l6 8h-6zM3 16h18l-3 5H6z'/%3E%3C/svg%3E"

export const PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Flotilla</title>
<link rel="icon" href="${ICON}">
<link rel="stylesheet" href="/style.css">
<script type="module" src="/app.js"></script>
</head>
<body>
<header class="top">
<h1><svg class="sail" viewBox="0 0 24 24" aria-hidden="true"><path d="M11 3v11H4zM13 6l6 8h-6zM3 16h18l-3 5H6z"/></svg>Flotilla</h1>
<span id="cluster" class="cluster"></span>
<label id="groups" class="groups" hidden>group <select id="group"></select></label>
<p class="summary"><strong id="leader"></strong><span id="term"></span><span id="commit"></span><span id="alive"></span></p>
</header>
<p id="banner" class="banner" role="alert" hidden>The inspector does not answer. What you see is old; trying again.</p>
<main id="nodes" class="nodes"></main>
<footer class="foot">
<span>↻ starts the state again, and its timers with it</span>
<span>bar: applied, committed, last entry known</span>
<span>hover a state for all it handles</span>
<span id="hint" hidden>to kill and revive nodes, open the address that was printed: it holds the token</span>
</footer>
<noscript>This page needs JavaScript.</noscript>
</body>
</html>
`
