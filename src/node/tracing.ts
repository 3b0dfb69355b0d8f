/** Shows a peer's steps to whoever looks. Costs nothing where nobody does. */

import { roleOf } from '../peer/collect.ts'
import type { RoleSnapshot } from '../peer/role-words.ts'
import type { Trace, TracedState } from '../ports/trace.ts'
import type { PeerId } from '../protocol/types.ts'
import type { Mail } from './mailbox.ts'

/** Called for each step of a peer. */
export type OnStep = (before: RoleSnapshot, mail: Mail, after: RoleSnapshot) => void

/** A peer's snapshot as others may see it. */
export const tracedState = (snapshot: RoleSnapshot): TracedState => ({
  role: roleOf(snapshot),
  states: statesOf(snapshot),
  raft: snapshot.context,
})

/** The active states, outermost first. */
export function statesOf({ value }: Pick<RoleSnapshot, 'value'>): readonly string[] {
  if (typeof value === 'string') return [value]
  const known = paths.get(value)
  if (known) return known
  const path = pathOf(value)
  paths.set(value, path)
  return path
}

/** Snapshots of one place share what says so. */
const paths = new WeakMap<object, readonly string[]>()

/** `{ leader: { round: 'beat' } }` as `['leader', 'round', 'beat']`. */
function pathOf(value: unknown): string[] {
  if (typeof value === 'string') return [value]
  const [key, inner] = Object.entries(value as Record<string, unknown>)[0] ?? []
  return key === undefined ? [] : [key, ...pathOf(inner)]
}

/** The steps of one peer, for a trace; undefined where nobody looks. */
export function stepsFor(
  trace: Trace | null,
  { group, peer }: { readonly group: string; readonly peer: PeerId },
): OnStep | undefined {
  if (!trace?.stepped) return undefined
  return (before, mail, after) =>
    trace.stepped?.({
      group,
      peer,
      cause: 'message' in mail ? mail.message : mail.event,
      before: tracedState(before),
      after: tracedState(after),
    })
}
