/** What a group is, as opposed to where it stands: its number, kind, members and families. JSON, since it is small and rarely written. */

import { z } from 'zod'
import { text, utf8 } from '../../base/bytes.ts'
import { FlotillaError } from '../../base/errors.ts'
import type { Tombstone } from '../../ports/store.ts'
import type { Env } from './env.ts'
import { GROUP_PREFIX, groupRecordKey } from './keys.ts'
import { seal, unseal } from './seal.ts'
import type { Change } from './writer.ts'

const count = z.int().min(0)
const peerIds = z.array(z.int().positive())

const groupSchema = z.object({
  /** Stands for the group in keys. Never given again. */
  number: count,
  kind: z.string(),
  conf: z.object({
    voters: peerIds,
    votersOutgoing: peerIds,
    learners: peerIds,
    learnersNext: peerIds,
    autoLeave: z.boolean(),
  }),
  /** Node name of each peer id. */
  peers: z.record(z.string(), z.string()),
  /** Highest peer id ever given. Format 1 had none: there it is the highest of `peers`. */
  lastPeerId: z.int().min(0).optional(),
  /** The entry before the first one stored. */
  truncated: z.object({ index: count, term: count }),
  /** Number of each family of its tables. */
  families: z.record(z.string(), count),
})

const tombstoneSchema = z.object({ number: count, tombstone: z.literal(true), peer: z.int().positive() })

/** The record of one group. */
export type GroupRecord = z.infer<typeof groupSchema> & { readonly lastPeerId: number }

/** The record of a group that was destroyed: which of its peers this was. Its number is not given again while something may be stored under it. */
export type TombstoneRecord = z.infer<typeof tombstoneSchema>

/** What is kept of any group, destroyed or not. */
export type AnyRecord = GroupRecord | TombstoneRecord

export const isTombstone = (record: AnyRecord | undefined): record is TombstoneRecord =>
  record !== undefined && 'tombstone' in record

/** A tombstone, to be written in place of a group's record. */
export function tombstoneChange(env: Env, group: string, { number, peer }: Tombstone & { readonly number: number }): Change {
  const key = groupRecordKey(group)
  const record: TombstoneRecord = { number, tombstone: true, peer }
  return { db: env.meta, key, value: seal(key, utf8(JSON.stringify(record))) }
}

/** A group's record, to be written. */
export function groupChange(env: Env, group: string, record: GroupRecord): Change {
  const key = groupRecordKey(group)
  return { db: env.meta, key, value: seal(key, utf8(JSON.stringify(record))) }
}

/** All groups of a store by id, destroyed ones too. Throws `STORAGE_FAILED` when a record is damaged. */
export function readGroups(env: Env): Map<string, AnyRecord> {
  const groups = new Map<string, AnyRecord>()
  const start = Buffer.from(GROUP_PREFIX)
  const end = Buffer.from(`${GROUP_PREFIX.slice(0, -1)};`) // the byte after ':'
  for (const { key, value } of env.meta.getRange({ start, end })) {
    const group = text(key.subarray(GROUP_PREFIX.length))
    groups.set(group, parseGroup(group, unseal(key, value, `the record of group "${group}"`)))
  }
  return groups
}

function parseGroup(group: string, body: Uint8Array): AnyRecord {
  try {
    const json: unknown = JSON.parse(text(body))
    const tombstone = tombstoneSchema.safeParse(json)
    if (tombstone.success) return tombstone.data
    const record = groupSchema.parse(json)
    return { ...record, lastPeerId: record.lastPeerId ?? Math.max(0, ...Object.keys(record.peers).map(Number)) }
  } catch (cause) {
    throw new FlotillaError('STORAGE_FAILED', `the record of group "${group}" is not understood`, { group }, cause)
  }
}
