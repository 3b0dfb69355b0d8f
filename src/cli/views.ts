/** Statuses as the inspector wants them: every node ever seen, alive or not. Knows neither the page nor a process. */

import type { ClusterCalls } from '../client/types.ts'
import type { NodeView } from '../inspector/feed.ts'
import type { NodeStatus } from '../ports/status.ts'

const WAIT_MS = 200

/** A reading of all nodes, to be called again and again. `expected` are shown from the start, though they have not answered yet. */
export function viewsOf(
  client: Pick<ClusterCalls, 'status'>,
  expected: readonly string[] = [],
): () => Promise<readonly NodeView[]> {
  const known = new Map<string, NodeStatus | null>(expected.map((node) => [node, null]))
  return async () => {
    const present = await client.status({ waitMs: WAIT_MS })
    for (const status of present) known.set(status.node, status)
    const alive = new Set(present.map(({ node }) => node))
    return [...known]
      .map(([node, status]) => ({ node, alive: alive.has(node), status }))
      .sort((a, b) => (a.node < b.node ? -1 : 1))
  }
}
