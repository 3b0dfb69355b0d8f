/** Entries as LMDB keeps them, one value each. Knows nothing of terms' meaning. */

import { assert } from '../../base/assert.ts'
import { newBytes, writeU16, writeU32 } from '../../base/bytes.ts'
import type { FlotillaError } from '../../base/errors.ts'
import { type Entry, type EntryKind, entryBytes, type LogIndex } from '../../protocol/types.ts'
import { damaged } from './damage.ts'
import type { Env } from './env.ts'
import { indexOfKey, logKey } from './keys.ts'
import { seal, sealOf, unseal } from './seal.ts'
import type { Change } from './writer.ts'

/** Kinds by the byte that stands for them. Part of the format: only ever add at the end. */
const KINDS: readonly EntryKind[] = ['noop', 'command', 'configuration']

/** Checksum of an entry's record. Each record holds that of the one before it, so that it stands for all of the log up to there. */
export type Link = number

/** The link in front of the first entry of a log that was never cut off. */
export const NO_LINK: Link = 0

const LINK_BYTES = 4
const TERM_BYTES = 6
const HEAD_BYTES = LINK_BYTES + 1 + TERM_BYTES

const TWO_32 = 0x1_0000_0000

/** Where the log of a group is: the number stands for the group in keys. */
export interface LogPlace {
  readonly env: Env
  readonly group: number
}

/** An entry to be written. */
export interface EntryChange extends Change {
  readonly value: Uint8Array
}

/** The link to an entry that is about to be written. */
export const linkTo = ({ value }: EntryChange): Link => sealOf(value)

/**
 * An entry, to be written: link to the one before it (4 bytes), kind (1), term (6, big-endian), data; sealed with its key, so index and group are
 * covered too.
 */
export function entryChange({ env, group }: LogPlace, entry: Entry, before: Link): EntryChange {
  const kind = KINDS.indexOf(entry.kind)
  assert(kind >= 0, 'ENTRY_KIND_UNKNOWN', { kind: entry.kind })
  const head = newBytes(HEAD_BYTES)
  writeU32(head, 0, before)
  head[LINK_BYTES] = kind
  writeU16(head, LINK_BYTES + 1, Math.floor(entry.term / TWO_32))
  writeU32(head, LINK_BYTES + 3, entry.term % TWO_32)
  const key = logKey(group, entry.index)
  return { db: env.log, key, value: seal(key, head, entry.data) }
}

/** Entries to be written, one linked to the other. */
export function entryChanges(place: LogPlace, entries: readonly Entry[], before: Link): EntryChange[] {
  let link = before
  return entries.map((entry) => {
    const change = entryChange(place, entry, link)
    link = linkTo(change)
    return change
  })
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

/** An entry as it is stored. */
export interface StoredEntry {
  readonly entry: Entry
  /** Link to the entry before it. */
  readonly before: Link
  /** Link to this one. */
  readonly link: Link
}

/** Throws `STORE_DAMAGED` when the record is not that of this entry. */
export function decodeEntry(key: Uint8Array, sealed: Uint8Array, index: LogIndex): StoredEntry {
  const body = unseal(key, sealed, `entry ${index}`)
  const kind = KINDS[body[LINK_BYTES] ?? KINDS.length]
  if (kind === undefined || body.length < HEAD_BYTES) throw damaged(`entry ${index} is not understood`, { index })
  const head = Buffer.from(body.buffer, body.byteOffset, HEAD_BYTES)
  const term = head.readUIntBE(LINK_BYTES + 1, TERM_BYTES)
  return { entry: { term, index, kind, data: body.subarray(HEAD_BYTES) }, before: head.readUInt32BE(), link: sealOf(sealed) }
}

const missing = (index: LogIndex): FlotillaError => damaged(`entry ${index} is missing from the stored log`, { index })

const broken = (index: LogIndex): FlotillaError =>
  damaged(`entry ${index} is not the one that was stored before entry ${index + 1}`, { index })

/** One entry. Throws `STORE_DAMAGED` when it is missing or damaged. */
export function readEntry(env: Env, group: number, index: LogIndex): StoredEntry {
  const key = logKey(group, index)
  const sealed = env.log.get(key)
  if (!sealed) throw missing(index)
  return decodeEntry(key, sealed, index)
}

/** The link to a stored entry as its record tells it; that of none when there is no such record: whoever reads it there will see. */
export function readLink(env: Env, group: number, index: LogIndex): Link {
  const sealed = env.log.get(logKey(group, index))
  return sealed ? sealOf(sealed) : NO_LINK
}

/** Where a log ends. */
export interface LogEnd {
  readonly lastIndex: LogIndex
  /** Link to that entry. */
  readonly link: Link
}

/** What to read: entries `[lo, hi)` as far as `bytesMax` reaches, at least one. */
export interface LogRange {
  readonly lo: LogIndex
  readonly hi: LogIndex
  readonly bytesMax: number
}

/**
 * Reads a range of entries. Throws `STORE_DAMAGED` at a hole or damage, and where an entry is not the one that the next was stored behind: so the one
 * after the range is looked at, too, if it is sound.
 */
export function readEntries({ env, group }: LogPlace, { lo, hi, bytesMax }: LogRange, end: LogEnd): Entry[] {
  const entries: Entry[] = []
  if (lo >= hi) return entries
  let bytes = 0
  let link: Link | null = null
  for (const { key, value } of env.log.getRange({ start: logKey(group, lo), end: logKey(group, hi + 1) })) {
    const index = lo + entries.length
    if (index === hi && !isSound(key, value, index)) return entries
    if (indexOfKey(key) !== index) throw missing(index)
    const stored = decodeEntry(key, value, index)
    if (link !== null && stored.before !== link) throw broken(index - 1)
    bytes += entryBytes(stored.entry)
    if (index === hi || (bytes > bytesMax && entries.length > 0)) return entries
    entries.push(stored.entry)
    link = stored.link
  }
  if (lo + entries.length < hi) throw missing(lo + entries.length)
  if (hi - 1 === end.lastIndex && link !== end.link) throw broken(hi - 1)
  return entries
}

/** Whether a record is that of this entry. */
function isSound(key: Uint8Array, sealed: Uint8Array, index: LogIndex): boolean {
  try {
    return indexOfKey(key) === index && decodeEntry(key, sealed, index).entry.index === index
  } catch {
    return false
  }
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
