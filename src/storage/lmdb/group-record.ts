/** What a group is, as opposed to where it stands: its number, kind, members and families. JSON, since it is small and rarely written. */

import { z } from 'zod'
import { text, utf8 } from '../../base/bytes.ts'
import { type FlotillaError, toFlotillaError } from '../../base/errors.ts'
import type { Tombstone } from '../../ports/store.ts'
import { damaged, readingOf } from './damage.ts'
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
  /** Highest peer id ever given. */
  lastPeerId: count,
  /** The entry before the first one stored. */
  truncated: z.object({ index: count, term: count }),
  /** Link to that entry. */
  link: count,
  /** Number of each family of its tables. */
  families: z.record(z.string(), count),
})

const tombstoneSchema = z.object({ number: count, tombstone: z.literal(true), peer: z.int().positive() })

/** The record of one group. */
export type GroupRecord = z.infer<typeof groupSchema>

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

/** What is recorded of the groups of a store, by id. */
export interface Groups {
  /** Destroyed ones too. */
  readonly records: Map<string, AnyRecord>
  /** Those whose record cannot be read, and why. */
  readonly damages: Map<string, FlotillaError>
}

/** All groups of a store. */
export function readGroups(env: Env): Groups {
  const records = new Map<string, AnyRecord>()
  const damages = new Map<string, FlotillaError>()
  const start = Buffer.from(GROUP_PREFIX)
  const end = Buffer.from(`${GROUP_PREFIX.slice(0, -1)};`) // the byte after ':'
  for (const { key, value } of env.meta.getRange({ start, end })) {
    const group = text(key.subarray(GROUP_PREFIX.length))
    try {
      records.set(
        group,
        readingOf({ env, group }, () => parseGroup(unseal(key, value, 'its record'))),
      )
    } catch (thrown) {
      damages.set(group, toFlotillaError(thrown, 'STORE_DAMAGED'))
    }
  }
  return { records, damages }
}

function parseGroup(body: Uint8Array): AnyRecord {
  try {
    const json: unknown = JSON.parse(text(body))
    const tombstone = tombstoneSchema.safeParse(json)
    return tombstone.success ? tombstone.data : groupSchema.parse(json)
  } catch (cause) {
    throw damaged('its record is not understood', {}, cause)
  }
}
