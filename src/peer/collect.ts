/** Ready is the difference between before and after, plus what was said: so no rule can forget to persist. Pure. */

import type { Message } from '../protocol/messages.ts'
import type { Accepted, Arm, Disarm, Output, ReadState, Ready, Refused } from '../protocol/ready.ts'
import { hardStateOf, type RaftState } from '../protocol/state.ts'
import type { Role, SoftState } from '../protocol/types.ts'
import type { RoleSnapshot } from './role-words.ts'

/** What one or more steps ask of the world. `before` is the snapshot at the last collect, `said` everything put out since. */
export function collect(before: RoleSnapshot, after: RoleSnapshot, said: readonly Output[]): Ready {
  const a = before.context
  const b = after.context
  const entries = b.log === a.log ? [] : b.log.since(a.log)
  return {
    hardState: sameVote(a, b) && a.commit === b.commit ? null : hardStateOf(b),
    entries,
    mustSync: entries.length > 0 || !sameVote(a, b),
    snapshot: b.staged === a.staged ? null : b.staged,
    committed: { lo: a.commit + 1, hi: b.commit + 1 },
    softState: sameSoft(before, after) ? null : softStateOf(after),
    ...sort(said),
  }
}

/** Whether anything between the two is to be written or told, beside what was said. */
export function hasChanged(before: RoleSnapshot, after: RoleSnapshot): boolean {
  const a = before.context
  const b = after.context
  if (!sameVote(a, b) || a.commit !== b.commit || (b.staged !== null && b.staged !== a.staged)) return true
  return !sameSoft(before, after) || (b.log !== a.log && b.log.since(a.log).length > 0)
}

interface Sorted {
  readonly messages: Message[]
  readonly accepted: Accepted[]
  readonly refused: Refused[]
  readonly reads: ReadState[]
  readonly timers: (Arm | Disarm)[]
}

function sort(said: readonly Output[]): Sorted {
  const sorted: Sorted = { messages: [], accepted: [], refused: [], reads: [], timers: [] }
  for (const output of said) {
    switch (output.type) {
      case 'accepted':
        sorted.accepted.push(output)
        break
      case 'refused':
        sorted.refused.push(output)
        break
      case 'readReady':
        sorted.reads.push(output)
        break
      case 'arm':
      case 'disarm':
        sorted.timers.push(output)
        break
      default:
        sorted.messages.push(output)
    }
  }
  return sorted
}

const sameVote = (a: RaftState, b: RaftState): boolean => a.term === b.term && a.vote === b.vote

const sameSoft = (before: RoleSnapshot, after: RoleSnapshot): boolean =>
  before.context.leader === after.context.leader && roleOf(before) === roleOf(after)

/** The role a snapshot is in: for status and waiters. Nobody decides protocol by it. */
export function roleOf({ value }: RoleSnapshot): Role {
  if (typeof value === 'string') return 'follower' // no state of the chart is without children
  if (value.leader) return 'leader' // not by matches(), which costs more than all else here, several times a step
  if (value.campaigning) return value.campaigning === 'candidate' ? 'candidate' : 'preCandidate'
  return value.following === 'learner' ? 'learner' : 'follower'
}

export const softStateOf = (snapshot: RoleSnapshot): SoftState => ({ leader: snapshot.context.leader, role: roleOf(snapshot) })
