/** What an operator's tools ask of one node, in JSON: to make its state ready to be fetched, for pieces of it, to cut a log off or to show it, to copy its store. Checked here. */

import { z } from 'zod'
import { text, utf8 } from '../base/bytes.ts'
import { FlotillaError, isCode } from '../base/errors.ts'
import { ID_PATTERN } from '../base/limits.ts'
import { MANIFEST_BYTES_MAX } from './manifest.ts'
import { LOG_PAGE_MAX, type LoggedEntry, loggedEntry, plainEntry, TIMEOUT_MS_MAX } from './requests.ts'

const group = z.string().regex(ID_PATTERN)
const timeoutMs = z.int().min(1).max(TIMEOUT_MS_MAX).default(5000)
const digest = z.string().regex(/^[0-9a-f]{32,64}$/)
const whole = z.int().min(0)

const stateRequest = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('prepare'), group, fresh: z.boolean().default(false), timeoutMs }),
  z.strictObject({ type: z.literal('manifest'), group, manifest: digest, from: whole.max(MANIFEST_BYTES_MAX) }),
  z.strictObject({ type: z.literal('chunk'), group, manifest: digest, hash: digest }),
])

const compactRequest = z.strictObject({ group, keep: whole, timeoutMs })
const preparedState = z.object({
  node: z.string().regex(ID_PATTERN),
  manifest: digest,
  bytes: z.int().min(1).max(MANIFEST_BYTES_MAX),
})
const compacted = z.object({ node: z.string().regex(ID_PATTERN), group, before: whole, truncated: whole, applied: whole })

const storedLogRequest = z.strictObject({ group, from: z.int().min(1), limit: z.int().min(1).max(LOG_PAGE_MAX) })
const storedLogPage = z.object({
  node: z.string().regex(ID_PATTERN),
  group,
  first: whole,
  last: whole,
  commit: whole,
  entries: z.array(loggedEntry),
})
const backupRequest = z.strictObject({ name: z.string().regex(ID_PATTERN) })
const backedUp = z.object({ node: z.string().regex(ID_PATTERN), path: z.string(), bytes: whole, records: whole })
const refusal = z.object({ error: z.object({ code: z.string(), message: z.string() }) })

/**
 * `prepare`: makes the state ready, answered with {@link PreparedState}; `fresh` is for the leader, whose state then has all that was acknowledged before.
 * Then `manifest`, in parts, and each `chunk`; both are answered with bytes.
 */
export type StateRequest = z.infer<typeof stateRequest>

/** A state that can be fetched for a while: digest of its manifest, and how many bytes that has. */
export type PreparedState = z.infer<typeof preparedState>

/** Cuts the log off behind what is applied, but for so many entries. */
export type CompactRequest = z.infer<typeof compactRequest>

/** Where the log began before, and where it begins now. */
export type Compacted = z.infer<typeof compacted>

/** Entries of the log as this node has it: also those that are not known to be committed, and may still give way to others. */
export type StoredLogRequest = z.infer<typeof storedLogRequest>

/** As many of them as fit one message. */
export interface StoredLogPage {
  readonly node: string
  readonly group: string
  /** First entry that is here, and the last. */
  readonly first: number
  readonly last: number
  /** Last entry that the node knows to be committed. */
  readonly commit: number
  readonly entries: readonly LoggedEntry[]
}

/** A copy of the node's whole store, of this name, where the node keeps such copies. */
export type BackupRequest = z.infer<typeof backupRequest>

/** Where the copy is on the node's machine, and what is in it. */
export type BackedUp = z.infer<typeof backedUp>

/** As it may be written: what has a default may be left out. */
export const encodeStateRequest = (request: z.input<typeof stateRequest>): Uint8Array => utf8(JSON.stringify(request))
export const encodeCompactRequest = (request: z.input<typeof compactRequest>): Uint8Array => utf8(JSON.stringify(request))
export const encodePreparedState = (prepared: PreparedState): Uint8Array => utf8(JSON.stringify(prepared))
export const encodeCompacted = (done: Compacted): Uint8Array => utf8(JSON.stringify(done))
export const encodeStoredLogRequest = (request: StoredLogRequest): Uint8Array => utf8(JSON.stringify(request))
export const encodeStoredLogPage = ({ entries, ...page }: StoredLogPage): Uint8Array =>
  utf8(JSON.stringify({ ...page, entries: entries.map(plainEntry) }))
export const encodeBackupRequest = (request: BackupRequest): Uint8Array => utf8(JSON.stringify(request))
export const encodeBackedUp = (done: BackedUp): Uint8Array => utf8(JSON.stringify(done))

/** Throws `CODEC_INVALID`. */
export const decodeStateRequest = (data: Uint8Array): StateRequest => parsed(stateRequest, data, 'a request for a state')

/** Throws `CODEC_INVALID`. */
export const decodeCompactRequest = (data: Uint8Array): CompactRequest => parsed(compactRequest, data, 'a request to compact')

/** Throws `CODEC_INVALID`. */
export const decodePreparedState = (data: Uint8Array): PreparedState => parsed(preparedState, data, 'a prepared state')

/** Throws `CODEC_INVALID`. */
export const decodeStoredLogRequest = (data: Uint8Array): StoredLogRequest =>
  parsed(storedLogRequest, data, 'a request for a log')

/** Throws `CODEC_INVALID`. */
export const decodeBackupRequest = (data: Uint8Array): BackupRequest => parsed(backupRequest, data, 'a request for a backup')

/** Throws what was refused, or `CODEC_INVALID`. */
export const decodeBackedUp = (data: Uint8Array): BackedUp =>
  unlessRefused(backedUp, data, 'the answer to a request for a backup')

/** Throws what was refused, or `CODEC_INVALID`. */
export const decodeCompacted = (data: Uint8Array): Compacted =>
  unlessRefused(compacted, data, 'the answer to a request to compact')

/** Throws what was refused, or `CODEC_INVALID`. */
export const decodeStoredLogPage = (data: Uint8Array): StoredLogPage => unlessRefused(storedLogPage, data, 'a page of a log')

function unlessRefused<T>(schema: z.ZodType<T>, data: Uint8Array, what: string): T {
  const refused = refusal.safeParse(jsonIn(data))
  if (!refused.success) return parsed(schema, data, what)
  const { code, message } = refused.data.error
  throw new FlotillaError(isCode(code) ? code : 'UNAVAILABLE', message)
}

function parsed<T>(schema: z.ZodType<T>, data: Uint8Array, what: string): T {
  const result = schema.safeParse(jsonIn(data))
  if (result.success) return result.data
  throw new FlotillaError('CODEC_INVALID', `${what} is not well formed`)
}

function jsonIn(data: Uint8Array): unknown {
  try {
    return JSON.parse(text(data))
  } catch {
    return null
  }
}
