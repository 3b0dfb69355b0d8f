/** Entries as LMDB keeps them, one value each. Knows nothing of terms' meaning. */

import { assert } from '../../base/assert.ts'
import { newBytes, writeU16, writeU32 } from '../../base/bytes.ts'
import { FlotillaError } from '../../base/errors.ts'
import { type Entry, type EntryKind, entryBytes, type LogIndex } from '../../protocol/types.ts'
import type { Env } from './env.ts'
import { indexOfKey, logKey } from './keys.ts'
import { seal, unseal } from './seal.ts'
import type { Change } from './writer.ts'

/** Kinds by the byte that stands for them. Part of the format: only ever add at the end. */
const KINDS: readonly EntryKind[] = ['noop', 'command', 'configuration']

const TERM_BYTES = 6
const HEAD_BYTES = 1 + TERM_BYTES

const TWO_32 = 0x1_0000_0000

/** An entry, to be written: kind (1 byte), term (6 bytes, big-endian), data; sealed with its key, so index and group are covered too. */
export function entryChange(env: Env, group: number, entry: Entry): Change {
  const kind = KINDS.indexOf(entry.kind)
  assert(kind >= 0, 'ENTRY_KIND_UNKNOWN', { kind: entry.kind })
  const head = newBytes(HEAD_BYTES)
  head[0] = kind
  writeU16(head, 1, Math.floor(entry.term / TWO_32))
  writeU32(head, 3, entry.term % TWO_32)
  const key = logKey(group, entry.index)
  return { db: env.log, key, value: seal(key, head, entry.data) }
}

/** Deletions of the first entries of a group, so many at most, wherever its log begins. */
export function clearEntries(env: Env, group: number, limit: number): Change[] {
  const range = { start: logKey(group, 0), end: logKey(group, Number.MAX_SAFE_INTEGER), limit }
  return Array.from(env.log.getKeys(range), (key) => ({ db: env.log, key: Buffer.from(key) }))
}

/** Deletions of `[lo, hi]`. */
export function* dropEntries(env: Env, group: number, [lo, hi]: readonly [LogIndex, LogIndex]): Generator<Change> {
  for (let index = lo; index <= hi; index++) yield { db: env.log, key: logKey(group, index) }
}

function decodeEntry(key: Uint8Array, sealed: Uint8Array, index: LogIndex): Entry {
  const body = unseal(key, sealed, `entry ${index}`)
  const kind = KINDS[body[0] ?? KINDS.length]
  if (kind === undefined || body.length < HEAD_BYTES) {
    throw new FlotillaError('STORAGE_FAILED', `entry ${index} is not understood`, { index })
  }
  const term = Buffer.from(body.buffer, body.byteOffset, HEAD_BYTES).readUIntBE(1, TERM_BYTES)
  return { term, index, kind, data: body.subarray(HEAD_BYTES) }
}

const missing = (index: LogIndex): FlotillaError =>
  new FlotillaError('STORAGE_FAILED', `entry ${index} is missing from the stored log`, { index })

/** One entry. Throws `STORAGE_FAILED` when it is missing or damaged. */
export function readEntry(env: Env, group: number, index: LogIndex): Entry {
  const key = logKey(group, index)
  const sealed = env.log.get(key)
  if (!sealed) throw missing(index)
  return decodeEntry(key, sealed, index)
}

/** Entries `[lo, hi)` as far as `bytesMax` reaches, at least one. Throws `STORAGE_FAILED` at a hole or damage. */
export function readEntries(env: Env, group: number, [lo, hi, bytesMax]: readonly [LogIndex, LogIndex, number]): Entry[] {
  const entries: Entry[] = []
  if (lo >= hi) return entries
  let bytes = 0
  for (const { key, value } of env.log.getRange({ start: logKey(group, lo), end: logKey(group, hi) })) {
    const index = lo + entries.length
    if (indexOfKey(key) !== index) throw missing(index)
    const entry = decodeEntry(key, value, index)
    bytes += entryBytes(entry)
    if (bytes > bytesMax && entries.length > 0) return entries
    entries.push(entry)
  }
  if (lo + entries.length < hi) throw missing(lo + entries.length)
  return entries
}

/** The lowest index stored for a group; undefined when there is none. */
export function readFirstIndex(env: Env, group: number): LogIndex | undefined {
  for (const key of env.log.getKeys({ start: logKey(group, 0), end: logKey(group, Number.MAX_SAFE_INTEGER), limit: 1 })) {
    return indexOfKey(key)
  }
  return undefined
}

/** The highest index stored for a group; 0 when there is none. */
export function readLastIndex(env: Env, group: number): LogIndex {
  const range = { start: logKey(group, Number.MAX_SAFE_INTEGER), end: logKey(group, 0), reverse: true, limit: 1 }
  for (const { key } of env.log.getRange(range)) return indexOfKey(key)
  return 0
}
