/** How the page looks: light and dark, wide and narrow. Names classes of the markup, the cards and the drawn chart. */

const COLOURS = `
:root {
  color-scheme: light dark;
  --bg: #f4f6f8; --card: #ffffff; --ink: #17202c; --dim: #5b6878; --line: #dde3ea; --soft: #eef1f5; --edge: #bcc6d2; --wire: #98a5b4;
  --follower: #2f6feb; --learner: #7048e8; --preCandidate: #a86a00; --candidate: #d4480b; --leader: #0b8457; --dead: #7b8694;
  --bad: #c92a2a; --good: #0b8457; --shadow: 0 1px 2px #17202c14, 0 6px 24px #17202c0d;
  --sans: ui-sans-serif, system-ui, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
  --mono: ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace;
}
@media (prefers-color-scheme: dark) {
  :root {
    --bg: #0e1319; --card: #161d26; --ink: #e7ecf2; --dim: #97a4b5; --line: #2a3440; --soft: #1d2630; --edge: #3d4a59; --wire: #5d6c7f;
    --follower: #6ea8fe; --learner: #b197fc; --preCandidate: #e3b341; --candidate: #ff8f5a; --leader: #3bd393; --dead: #7d8997;
    --bad: #ff8787; --good: #3bd393; --shadow: 0 1px 2px #0006;
  }
}
[data-role=follower] { --role: var(--follower) }
[data-role=learner] { --role: var(--learner) }
[data-role=preCandidate] { --role: var(--preCandidate) }
[data-role=candidate] { --role: var(--candidate) }
[data-role=leader] { --role: var(--leader) }
[data-role=dead], [data-role=none] { --role: var(--dead) }
`

const FRAME = `
* { box-sizing: border-box }
[hidden] { display: none !important }
body { margin: 0; background: var(--bg); color: var(--ink); font: 14px/1.45 var(--sans); -webkit-text-size-adjust: 100% }
.top { display: flex; flex-wrap: wrap; align-items: center; gap: 6px 16px; padding: 14px 24px 10px; max-width: 1680px; margin: 0 auto }
h1 { display: flex; align-items: center; gap: 8px; margin: 0; font-size: 18px; letter-spacing: -.01em }
.sail { width: 22px; height: 22px; fill: var(--leader) }
.cluster { color: var(--dim); font: 13px var(--mono) }
.groups { color: var(--dim); font-size: 13px }
select { margin-left: 4px; padding: 3px 6px; font: 13px var(--mono); color: var(--ink); background: var(--card); border: 1px solid var(--line);
  border-radius: 6px; max-width: 40vw }
.summary { display: flex; flex-wrap: wrap; gap: 2px 16px; margin: 0 0 0 auto; color: var(--dim); font-variant-numeric: tabular-nums }
.summary strong { color: var(--ink) }
.banner { margin: 0; padding: 8px 24px; color: #fff; background: #b42318; text-align: center; font-weight: 600 }
.stale .nodes { opacity: .45; filter: grayscale(.7) }
.nodes { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 340px), 1fr)); gap: 16px; padding: 4px 24px 12px;
  max-width: 1680px; margin: 0 auto; transition: opacity .3s }
.foot { display: flex; flex-wrap: wrap; justify-content: center; gap: 2px 20px; padding: 2px 24px 20px; color: var(--dim); font-size: 12px }
`

const CARD = `
.card { display: flex; flex-direction: column; min-width: 0; padding: 14px 16px 10px; background: var(--card); border: 1px solid var(--line);
  border-top: 3px solid var(--role, var(--line)); border-radius: 12px; box-shadow: var(--shadow); transition: border-color .3s }
.heading { display: flex; align-items: center; gap: 10px; min-height: 30px }
.node { margin: 0; font: 700 20px var(--mono); overflow: hidden; text-overflow: ellipsis; white-space: nowrap }
.badge { padding: 2px 9px; border-radius: 99px; font-size: 12px; font-weight: 650; color: var(--role);
  background: color-mix(in srgb, var(--role) 14%, transparent); white-space: nowrap; transition: color .3s, background-color .3s }
.life { color: var(--dim); font-size: 12px; overflow: hidden; text-overflow: ellipsis; white-space: nowrap }
.act { margin-left: auto; padding: 4px 12px; font: 600 12px var(--sans); color: var(--tone); background: transparent; cursor: pointer;
  border: 1px solid color-mix(in srgb, var(--tone) 45%, transparent); border-radius: 7px; --tone: var(--bad) }
.act[data-verb=revive] { --tone: var(--good) }
.act:hover { background: color-mix(in srgb, var(--tone) 12%, transparent) }
.act:disabled { opacity: .5; cursor: progress }
:focus-visible { outline: 2px solid var(--follower); outline-offset: 2px }
.facts { display: grid; grid-template-columns: 1fr 1fr 1fr 1.1fr; gap: 6px 12px; margin: 10px 0 8px }
.facts div { min-width: 0 }
dt { color: var(--dim); font-size: 11px; line-height: 1.3 }
dd { margin: 0; font: 600 14px/1.3 var(--mono); font-variant-numeric: tabular-nums; overflow: hidden; text-overflow: ellipsis; white-space: nowrap }
.facts .leader { order: 1 } .facts .term, .facts .vote { order: 0 } .facts .store { order: 2 }
.facts .commit, .facts .applied, .facts .last { order: 3 } .facts .process { order: 4 }
.progress { display: flex; align-items: center; gap: 10px; min-height: 16px }
.track { position: relative; flex: 1; height: 6px; border-radius: 3px; background: var(--soft); overflow: hidden }
.track i { position: absolute; inset: 0 auto 0 0; border-radius: 3px; transition: width .25s }
.track .commit { background: color-mix(in srgb, var(--role) 35%, transparent) }
.track .applied { background: var(--role) }
.lag { min-width: 60px; color: var(--dim); font-size: 12px; text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap }
.note { margin: 6px 0 0; color: var(--bad); font-size: 12px; overflow-wrap: anywhere }
.note:empty { display: none }
.figure { margin: 10px 0 0 }
[data-role=dead] .facts, [data-role=dead] .progress { opacity: .5 }
[data-role=dead] .figure { opacity: .35 }
`

const CHART = `
.chart { display: block; width: 100%; height: auto; max-width: 520px; margin: 0 auto; color: var(--ink); font-family: var(--sans) }
.chart .state rect { fill: var(--card); stroke: var(--edge); stroke-width: 1.25; transition: fill .25s, stroke .25s }
.chart .state.compound rect { fill: color-mix(in srgb, var(--soft) 55%, var(--card)) }
.chart .state .name { font-size: 13.5px; font-weight: 650; fill: var(--dim); transition: fill .25s }
.chart .restart { font-size: 11px; fill: var(--dim) }
.chart .initial { stroke: var(--wire); color: var(--wire) }
.chart .anywhere rect { fill: var(--card); stroke: var(--wire); stroke-dasharray: 3 3 }
.chart .pill { font-size: 11px; fill: var(--dim) }
.chart .wire { stroke: var(--wire); stroke-width: 1.2 }
.chart .head { color: var(--wire) }
.chart .label text { font-size: 11.5px; fill: var(--dim); stroke: var(--card); stroke-width: 4px; paint-order: stroke; stroke-linejoin: round }
.chart .label .event { fill: var(--ink) }
.chart .label .guard { font-style: italic }
.chart .state.active rect { stroke: var(--role); fill: color-mix(in srgb, var(--role) 7%, var(--card)) }
.chart .state.active .name { fill: var(--ink) }
.chart .state.here rect { stroke-width: 2; fill: color-mix(in srgb, var(--role) 24%, var(--card)) }
.chart .state.here .restart { fill: var(--ink) }
.chart .arrow:hover .wire, .chart .state:hover > rect { stroke: var(--ink) }
.chart .arrow:hover .head { color: var(--ink) }
.chart .arrow.taken .wire { animation: wire 1.6s ease-out }
.chart .arrow.taken .head { animation: head 1.6s ease-out }
.chart .label.taken text { animation: word 1.6s ease-out }
@keyframes wire { 0%, 35% { stroke: var(--role); stroke-width: 3 } }
@keyframes head { 0%, 35% { color: var(--role) } }
@keyframes word { 0%, 35% { fill: var(--role) } }
`

const NARROW = `
@media (max-width: 480px) {
  .top, .nodes, .foot, .banner { padding-left: 12px; padding-right: 12px }
  .summary { margin-left: 0; width: 100% }
  .card { padding: 12px }
}
@media (prefers-reduced-motion: reduce) { * { animation: none !important; transition: none !important } }
`

export const STYLE = [COLOURS, FRAME, CARD, CHART, NARROW].join('')
