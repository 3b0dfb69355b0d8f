/// <reference lib="dom" />
/** The page: listens to the live line and keeps one card per node. The only place that talks to the server. */

import type { PageSnapshot } from '../snapshot.ts'
import { Card, type Verb } from './card.ts'
import { loadDrawing } from './chart-view.ts'
import { count } from './words.ts'

/** Milliseconds to wait for an action: longer than the server gives its supervisor. */
const ACTION_DEADLINE_MS = 20_000

const drawing = await loadDrawing()
const token = takeToken()
const cards = new Map<string, Card>()
let line: EventSource | null = null

const groupSelect = find<HTMLSelectElement>('group')
groupSelect.addEventListener('change', () => {
  const address = new URL(location.href)
  address.searchParams.set('group', groupSelect.value)
  history.replaceState(null, '', address)
  listen(groupSelect.value)
})
listen(new URL(location.href).searchParams.get('group'))

/** Opens the live line for a group. The browser itself reconnects; until it has, the page says that what it shows is old. */
function listen(group: string | null): void {
  line?.close()
  const opened = new EventSource(group === null ? '/events' : `/events?group=${encodeURIComponent(group)}`)
  line = opened
  opened.addEventListener('open', () => setLive(true))
  opened.addEventListener('error', () => {
    setLive(false)
    if (opened.readyState === EventSource.CLOSED) setTimeout(() => line === opened && listen(group), 2000)
  })
  opened.addEventListener('message', (message: MessageEvent<string>) => show(JSON.parse(message.data) as PageSnapshot))
}

function show(snapshot: PageSnapshot): void {
  const last = Math.max(0, ...snapshot.nodes.map((node) => node.peer?.lastIndex ?? 0))
  const nodes = find('nodes')
  for (const seen of snapshot.nodes) {
    const card = cards.get(seen.node) ?? new Card({ node: seen.node, drawing, act })
    if (!cards.has(seen.node)) {
      cards.set(seen.node, card)
      nodes.append(card.element)
    }
    card.show(seen, snapshot, last)
  }
  const shown = new Set(snapshot.nodes.map((seen) => seen.node))
  for (const [name, card] of cards) {
    if (shown.has(name)) continue
    card.element.remove()
    cards.delete(name)
  }
  showHead(snapshot)
}

function showHead(snapshot: PageSnapshot): void {
  const alive = snapshot.nodes.filter((node) => node.alive)
  const leading = alive
    .filter((node) => node.peer?.role === 'leader')
    .sort((a, b) => (b.peer?.term ?? 0) - (a.peer?.term ?? 0))[0]
  find('cluster').textContent = snapshot.cluster ?? ''
  document.title = snapshot.cluster === null ? 'Flotilla' : `${snapshot.cluster} · Flotilla`
  find('leader').textContent = leading === undefined ? 'no leader' : `${leading.node} leads`
  find('term').textContent = `term ${count(Math.max(0, ...alive.map((node) => node.peer?.term ?? 0)))}`
  find('commit').textContent = `commit ${count(Math.max(0, ...alive.map((node) => node.peer?.commit ?? 0)))}`
  find('alive').textContent = `${alive.length} of ${snapshot.nodes.length} alive`
  find('hint').hidden = !snapshot.supervised || token !== null
  if ([...groupSelect.options].map((option) => option.value).join() !== snapshot.groups.join()) {
    groupSelect.replaceChildren(...snapshot.groups.map((group) => new Option(group, group)))
  }
  if (snapshot.group !== null) groupSelect.value = snapshot.group
  find('groups').hidden = snapshot.groups.length === 0
}

/** Asks the server to end or start a node's process. Says what went wrong, or null. */
async function act(node: string, verb: Verb): Promise<string | null> {
  try {
    const answer = await fetch(`/nodes/${encodeURIComponent(node)}/${verb}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token ?? ''}` },
      signal: AbortSignal.timeout(ACTION_DEADLINE_MS),
    })
    return answer.ok ? null : (await answer.text()).trim()
  } catch {
    return 'the inspector did not answer'
  }
}

/** The token from the address. It moves to the tab's own memory, so that an address that is copied later does not hold it. */
function takeToken(): string | null {
  const given = new URLSearchParams(location.hash.slice(1)).get('token')
  if (given !== null) {
    sessionStorage.setItem('token', given)
    history.replaceState(null, '', location.pathname + location.search)
  }
  return sessionStorage.getItem('token')
}

function setLive(live: boolean): void {
  find('banner').hidden = live
  document.body.classList.toggle('stale', !live)
}

function find<E extends HTMLElement = HTMLElement>(id: string): E {
  const element = document.getElementById(id)
  if (element === null) throw new Error(`the page has no #${id}`)
  return element as E
}
