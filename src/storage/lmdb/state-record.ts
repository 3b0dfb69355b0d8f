/** What a group's restart needs at once, as one small record: hard state, applied index, and how far the log goes. */

import type { HardState, LogIndex } from '../../protocol/types.ts'
import { damaged } from './damage.ts'
import type { Env } from './env.ts'
import { groupKey } from './keys.ts'
import { type Link, NO_LINK } from './log.ts'
import { seal, unseal } from './seal.ts'
import { countRowBytes } from './shelf.ts'
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
  /** Bytes of keys and values of the group's rows. */
  readonly rowBytes: number
}

/** Of a group nothing was written to yet. */
export const EMPTY_STATE: StateRecord = {
  hardState: { term: 0, vote: null, commit: 0 },
  applied: 0,
  lastIndex: 0,
  link: NO_LINK,
  rowBytes: 0,
}

const FIELD_BYTES = 6
const FIELDS = 7

/** Of a record of format 3, which does not have the bytes of the rows: they are counted when it is read, once, since each write of the group renews it. */
const FIELDS_BEFORE = 6

/** Term, vote (0 for none), commit, applied, last index, link, bytes of the rows: seven big-endian numbers of 6 bytes. */
export function stateChange(env: Env, group: number, state: StateRecord): Change {
  const { term, vote, commit } = state.hardState
  const fields = [term, vote ?? 0, commit, state.applied, state.lastIndex, state.link, state.rowBytes]
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
  const fields = body.length / FIELD_BYTES
  if (fields !== FIELDS && fields !== FIELDS_BEFORE) throw damaged('the state record is not understood')
  const field = (i: number): number => body.readUIntBE(i * FIELD_BYTES, FIELD_BYTES)
  const vote = field(1)
  return {
    hardState: { term: field(0), vote: vote === 0 ? null : vote, commit: field(2) },
    applied: field(3),
    lastIndex: field(4),
    link: field(5),
    rowBytes: fields === FIELDS ? field(6) : countRowBytes(env, group),
  }
}
