/**
 * The inspector in a simulated world: its feed asks every node, and each change becomes what the page is sent. Without the page's sockets, which are real and
 * have no place in a run, and without asking over the network, which would be traffic and part of the run.
 */

import { type NodeView, pollingFeed } from '../../src/inspector/feed.ts'
import { type PageSnapshot, pageSnapshot } from '../../src/inspector/snapshot.ts'
import type { Inspect, SeenNode } from '../../src/testkit/sim/sight.ts'

/** Several times as often as a page is refreshed. */
const EVERY_MS = 50

const viewOf = ({ name, node }: SeenNode): NodeView => ({ node: name, alive: node !== null, status: node?.status() ?? null })

/** What was seen of one run. */
export interface Seen {
  /** Pages that were sent, and their characters. */
  pages: number
  characters: number
  /** Of those: with a leader, with a node that is down. */
  led: number
  bereft: number
}

/** Looks at one run; `seen` says later what it saw. */
export function inspection(): { readonly inspect: Inspect; readonly seen: Readonly<Seen> } {
  const seen: Seen = { pages: 0, characters: 0, led: 0, bereft: 0 }
  const show = (page: PageSnapshot): void => {
    seen.pages++
    seen.characters += JSON.stringify(page).length
    if (page.nodes.some(({ peer }) => peer?.role === 'leader')) seen.led++
    if (page.nodes.some(({ alive }) => !alive)) seen.bereft++
  }
  const inspect: Inspect = ({ clock, nodes }) => {
    const feed = pollingFeed({ read: async () => nodes().map(viewOf), everyMs: EVERY_MS, clock })
    feed.watch(() => show(pageSnapshot(feed.current(), { group: null, supervised: false })))
    return () => feed.close()
  }
  return { inspect, seen }
}
