/** What a group's restart needs at once, as one small record: hard state, applied index, and how far the log goes. */

import type { HardState, LogIndex } from '../../protocol/types.ts'
import { damaged } from './damage.ts'
import type { Env } from './env.ts'
import { groupKey } from './keys.ts'
import { type Link, NO_LINK } from './log.ts'
import { seal, unseal } from './seal.ts'
import type { Change } from './writer.ts'

/** The record of one group. Written in the transaction that changes any of it, so its parts never disagree. */
export interface StateRecord {
  readonly hardState: HardState
  /** Last entry whose effects are in the data database. */
  readonly applied: LogIndex
  /** Last entry in the log database: a log that ends elsewhere has lost something. */
  readonly lastIndex: LogIndex
  /** Link to that entry: a log that ends with another one has lost something, too. */
  readonly link: Link
}

/** Of a group nothing was written to yet. */
export const EMPTY_STATE: StateRecord = { hardState: { term: 0, vote: null, commit: 0 }, applied: 0, lastIndex: 0, link: NO_LINK }

const FIELD_BYTES = 6
const FIELDS = 6

/** Term, vote (0 for none), commit, applied, last index, link: six big-endian numbers of 6 bytes. */
export function stateChange(env: Env, group: number, state: StateRecord): Change {
  const { term, vote, commit } = state.hardState
  const fields = [term, vote ?? 0, commit, state.applied, state.lastIndex, state.link]
  const body = Buffer.allocUnsafe(fields.length * FIELD_BYTES)
  for (const [i, field] of fields.entries()) body.writeUIntBE(field, i * FIELD_BYTES, FIELD_BYTES)
  const key = groupKey(group)
  return { db: env.state, key, value: seal(key, body) }
}

/** The stored record. Throws `STORE_DAMAGED` when it is missing or damaged. */
export function readState(env: Env, group: number): StateRecord {
  const key = groupKey(group)
  const sealed = env.state.get(key)
  if (!sealed) throw damaged('the state record is missing')
  const body = Buffer.from(unseal(key, sealed, 'the state record'))
  if (body.length !== FIELDS * FIELD_BYTES) throw damaged('the state record is not understood')
  const field = (i: number): number => body.readUIntBE(i * FIELD_BYTES, FIELD_BYTES)
  const vote = field(1)
  return {
    hardState: { term: field(0), vote: vote === 0 ? null : vote, commit: field(2) },
    applied: field(3),
    lastIndex: field(4),
    link: field(5),
  }
}
