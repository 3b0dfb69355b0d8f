/** Requests of clients and their answers, on the wire. Commands, queries and results stay opaque: they belong to the state machine. */

import { z } from 'zod'
import { EMPTY, text, utf8 } from '../base/bytes.ts'
import { type Details, FlotillaError, isCode } from '../base/errors.ts'
import type { EntryKind } from '../protocol/types.ts'
import { decodeFrame, encodeFrame } from './frame.ts'
import { type Consistency, freshnessFields } from './freshness.ts'

/** A command for a group, or a question to its state machine. */
export interface Request {
  readonly group: string
  readonly body: Uint8Array
  /** How long the asker waits, in milliseconds: nobody works on an answer that nobody hears. */
  readonly timeoutMs: number
  /** Of a query: how fresh the answer must be. Missing: as the subject says. */
  readonly consistency?: Consistency | undefined
  /** Of a stale read: how far behind the answer may be, in milliseconds. */
  readonly maxStalenessMs?: number | undefined
  /** For the leader alone: who does not lead refuses, and neither passes it on nor asks the leader. */
  readonly direct?: boolean | undefined
  /** Mark of the founding of the group that is meant. A replica of another founding refuses. Missing or empty: whichever there is. */
  readonly founding?: string | undefined
}

/** What became of it. */
export interface Answer {
  /** The entry's index, or the index the read is as of. */
  readonly index: number
  readonly term: number
  readonly body: Uint8Array
}

/** An answer as it comes off the wire. */
export interface MarkedAnswer extends Answer {
  /** Mark of the founding of the group that answered, if it is known. */
  readonly founding?: string
}

const id = z.string().min(1).max(63)
const whole = z.int().min(0)

/** Longest time anybody may wait for an answer. */
export const TIMEOUT_MS_MAX = 600_000

/** Which founding of a group: what its first leader drew by chance. */
const founding = z.string().max(64)

const requestHeader = z.compile(
  z.strictObject({
    group: id,
    timeoutMs: z.int().min(1).max(TIMEOUT_MS_MAX),
    founding: founding.optional(),
    ...freshnessFields,
    direct: z.boolean().optional(),
  }),
)

const answerHeader = z.compile(
  z.discriminatedUnion('ok', [
    z.strictObject({ ok: z.literal(true), index: whole, term: whole, founding: founding.optional() }),
    z.strictObject({ ok: z.literal(false), code: z.string(), message: z.string(), details: z.record(z.string(), z.unknown()) }),
  ]),
)

export const encodeRequest = ({ group, body, timeoutMs, founding: mark, ...more }: Request): Uint8Array => {
  const { consistency, maxStalenessMs, direct } = more // fields without a value are not written
  return encodeFrame({ group, timeoutMs, ...marked(mark), consistency, maxStalenessMs, direct }, [body])
}

/** Throws `CODEC_INVALID`. */
export function decodeRequest(data: Uint8Array): Request {
  const { header, blobs } = decodeFrame(data)
  const parsed = requestHeader.safeParse(header)
  if (!parsed.success || blobs.length !== 1) throw new FlotillaError('CODEC_INVALID', 'the request is not well formed')
  return { ...parsed.data, body: blobs[0] ?? EMPTY }
}

export const encodeAnswer = ({ index, term, body }: Answer, mark = ''): Uint8Array =>
  encodeFrame({ ok: true, index, term, ...marked(mark) }, [body])

/** What is not known is not said. */
const marked = (mark = ''): { readonly founding?: string } => (mark === '' ? {} : { founding: mark })

export const encodeRefusal = ({ code, message, details }: FlotillaError): Uint8Array =>
  encodeFrame({ ok: false, code, message, details: plain(details) })

/** The answer; a refusal is thrown as the FlotillaError it was. Throws `CODEC_INVALID` for anything else. */
export function decodeAnswer(data: Uint8Array): MarkedAnswer {
  const { header, blobs } = decodeFrame(data)
  const parsed = answerHeader.safeParse(header)
  if (!parsed.success) throw new FlotillaError('CODEC_INVALID', 'the answer is not well formed')
  const answer = parsed.data
  if (answer.ok) return { index: answer.index, term: answer.term, ...marked(answer.founding), body: blobs[0] ?? EMPTY }
  throw new FlotillaError(isCode(answer.code) ? answer.code : 'UNAVAILABLE', answer.message, answer.details)
}

/** Details may hold anything; only what JSON can say goes over the wire. */
function plain(details: Details): Details {
  try {
    return JSON.parse(JSON.stringify(details)) as Details
  } catch {
    return {}
  }
}

/** One committed entry as the log subject gives it. */
export interface LoggedEntry {
  readonly index: number
  readonly term: number
  readonly kind: EntryKind
  readonly data: Uint8Array
}

/** Entries by index, for whoever saw a gap. Plain JSON both ways, so that any language can ask. */
export interface LogPage {
  readonly group: string
  /** First entry that can still be had. */
  readonly first: number
  /** Last entry this replica knows to be committed. */
  readonly commit: number
  /** Mark of the group's founding, if this replica knows it. */
  readonly founding?: string | undefined
  readonly entries: readonly LoggedEntry[]
}

/** Entries in one page. */
export const LOG_PAGE_MAX = 1000

const logRequest = z.strictObject({
  from: z.int().min(1),
  limit: z.int().min(1).max(LOG_PAGE_MAX).default(100),
  founding: founding.optional(),
})
const kind = z.enum(['noop', 'command', 'configuration'])

/** An entry in JSON, its data in base64. */
export const loggedEntry = z
  .object({ index: whole, term: whole, kind, data: z.base64() })
  .transform((entry): LoggedEntry => ({ ...entry, data: new Uint8Array(Buffer.from(entry.data, 'base64')) }))

/** The same the other way. */
export const plainEntry = ({ index, term, kind, data }: LoggedEntry): object => ({
  ...{ index, term, kind },
  data: Buffer.from(data).toString('base64'),
})

const logPage = z.object({
  group: id,
  first: whole,
  commit: whole,
  founding: founding.optional(),
  entries: z.array(loggedEntry),
})
const refusal = z.object({
  error: z.object({ code: z.string(), message: z.string(), details: z.record(z.string(), z.unknown()).optional() }),
})

export type LogRequest = z.infer<typeof logRequest>

/** Throws `CODEC_INVALID`. */
export function decodeLogRequest(data: Uint8Array): LogRequest {
  const parsed = logRequest.safeParse(parseJson(data))
  if (parsed.success) return parsed.data
  throw new FlotillaError('CODEC_INVALID', `a log request is {"from": 1.., "limit": 1..${LOG_PAGE_MAX}}`)
}

export const encodeLogPage = (page: LogPage): Uint8Array =>
  utf8(JSON.stringify({ ...page, entries: page.entries.map(plainEntry) }))

/** A refusal where the answer is plain JSON. */
export const encodeJsonRefusal = ({ code, message, details }: FlotillaError): Uint8Array =>
  utf8(JSON.stringify({ error: { code, message, details: plain(details) } }))

/** Throws the refusal, or `CODEC_INVALID`. */
export function decodeLogPage(data: Uint8Array): LogPage {
  const json = parseJson(data)
  const page = logPage.safeParse(json)
  if (page.success) return page.data
  throw refusalIn(json, 'the log page is not well formed')
}

/** The refusal in place of an answer in JSON, or what to say when it is none. */
function refusalIn(json: unknown, otherwise: string): FlotillaError {
  const parsed = refusal.safeParse(json)
  if (!parsed.success) return new FlotillaError('CODEC_INVALID', otherwise)
  const { code, message, details } = parsed.data.error
  return new FlotillaError(isCode(code) ? code : 'UNAVAILABLE', message, details)
}

function parseJson(data: Uint8Array): unknown {
  try {
    return JSON.parse(text(data))
  } catch (error) {
    throw new FlotillaError('CODEC_INVALID', 'this is not JSON', { bytes: data.length }, error)
  }
}

/** What a replica knows of its group's leader. */
export interface LeaderHint {
  /** Name of the leading node, or null while there is none. */
  readonly leader: string | null
  readonly term: number
  /** Mark of the group's founding, if this replica knows it: terms of two foundings cannot be compared. */
  readonly founding?: string | undefined
}

const leaderHint = z.object({ leader: id.nullable(), term: whole, founding: founding.optional() })

export const encodeLeaderHint = (hint: LeaderHint): Uint8Array => utf8(JSON.stringify(hint))

/** Throws the refusal, or `CODEC_INVALID`. */
export function decodeLeaderHint(data: Uint8Array): LeaderHint {
  const json = parseJson(data)
  const parsed = leaderHint.safeParse(json)
  if (!parsed.success) throw refusalIn(json, 'the leader hint is not well formed')
  return parsed.data
}
