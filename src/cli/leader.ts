/** Who leads a group, by what the nodes say of themselves. */

import { FlotillaError } from '../base/errors.ts'
import type { Client } from '../client/client.ts'

/** The node that leads, in the latest term that any tells of. Rejects with `UNAVAILABLE` when none does. */
export async function leaderOf(client: Client, group: string): Promise<string> {
  const nodes = await client.status()
  const leading = nodes.flatMap(({ node, groups }) =>
    groups.filter((one) => one.group === group && one.role === 'leader').map(({ term }) => ({ node, term })),
  )
  const leader = leading.sort((a, b) => b.term - a.term)[0]
  if (leader === undefined) throw new FlotillaError('UNAVAILABLE', `no node says that it leads group '${group}'`, { group })
  return leader.node
}
