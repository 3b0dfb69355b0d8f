/** Has a group's leadership handed over. Knows no leader: the cluster finds it. */

import { decodeLeaderHint, type LeaderHint } from '../wire/requests.ts'
import { encodeTransfer } from '../wire/transfer.ts'
import { checkName, optionsOf } from './checks.ts'
import type { CallOptions, ClusterCalls } from './types.ts'

/** Whose leadership is to go where. */
export interface Handover {
  readonly group: string
  /** Name of the node that should lead; null: the follower that is furthest. */
  readonly to: string | null
}

/** Asks the leader to hand over; resolves with who leads then. Never asked twice: once it has come about, whoever leads then would refuse to hand over to itself. */
export async function handOver(
  cluster: Pick<ClusterCalls, 'askOfLeader'>,
  { group, to }: Handover,
  given?: CallOptions,
): Promise<LeaderHint> {
  const { timeoutMs } = optionsOf(given)
  if (to !== null) checkName('to', to)
  return cluster.askOfLeader(group, {
    verb: 'transfer',
    writes: false,
    repeatable: false,
    timeoutMs,
    encode: (ms) => encodeTransfer({ group, to, timeoutMs: ms, direct: true }),
    decode: decodeLeaderHint,
  })
}
