/** Requests about the members of a group and their answers: plain JSON both ways, so that any language can ask. Checked here. */

import { z } from 'zod'
import { text, utf8 } from '../base/bytes.ts'
import { FlotillaError, isCode } from '../base/errors.ts'
import { ID_PATTERN } from '../base/limits.ts'
import { MEMBERS_MAX, STEPS_MAX } from '../protocol/confchange.ts'
import { TIMEOUT_MS_MAX } from './requests.ts'

const id = z.string().regex(ID_PATTERN)
const whole = z.int().min(0)
const peer = z.int().min(1)
const timeoutMs = z.int().min(1).max(TIMEOUT_MS_MAX).default(5000)

const membersRequest = z.strictObject({ group: id, timeoutMs, stale: z.boolean().optional() })
const memberStep = z.strictObject({ type: z.enum(['add', 'addLearner', 'promote', 'demote', 'remove']), node: id })
const reconfigureRequest = z.strictObject({
  group: id,
  steps: z.array(memberStep).max(STEPS_MAX),
  transition: z.enum(['auto', 'jointImplicit', 'jointExplicit']).optional(),
  timeoutMs,
})

/** Who are the members? `stale`: as this replica has applied it, whoever leads; else as fresh as a linearizable read. */
export type MembersRequest = z.infer<typeof membersRequest>

/** One node's part in a change. */
export type MemberStep = z.infer<typeof memberStep>

/** Other members, please. No steps: leave the joint configuration. */
export type ReconfigureRequest = z.infer<typeof reconfigureRequest>

const peers = z.array(peer).max(2 * MEMBERS_MAX)
const conf = z.object({
  voters: peers,
  votersOutgoing: peers,
  learners: peers,
  learnersNext: peers,
  autoLeave: z.boolean(),
})

const membersView = z.object({
  group: id,
  index: whole,
  term: whole,
  conf,
  peers: z.record(z.string().regex(/^[1-9]\d{0,15}$/), id),
  lastPeerId: whole,
  founding: z.string().min(1).max(64),
  mark: z.string().max(64),
})

/** The members of a group, as of an applied entry. */
export interface MembersView extends z.infer<typeof membersView> {
  /** Node name of each member. */
  readonly peers: Readonly<Record<number, string>>
  /** Highest peer id ever given. */
  readonly lastPeerId: number
  /** Digest of the nodes the group was founded with. */
  readonly founding: string
  /** Mark of its first entry. */
  readonly mark: string
}

const reconfigured = z.object({ index: whole, term: whole, members: membersView })

/** What became of a change: where its entry is, and the members now. */
export interface Reconfigured {
  readonly index: number
  readonly term: number
  readonly members: MembersView
}

const newsOfRemoval = z.strictObject({ group: id, peer, by: id })

/** "That peer of yours was removed": one voice, to be asked after. */
export type NewsOfRemoval = z.infer<typeof newsOfRemoval>

const refusal = z.object({
  error: z.object({ code: z.string(), message: z.string(), details: z.record(z.string(), z.unknown()).optional() }),
})

export const encodeMembersRequest = (request: MembersRequest): Uint8Array => json(request)
export const encodeReconfigure = (request: ReconfigureRequest): Uint8Array => json(request)
export const encodeMembersView = (view: MembersView): Uint8Array => json(view)
export const encodeReconfigured = (outcome: Reconfigured): Uint8Array => json(outcome)
export const encodeNewsOfRemoval = (news: NewsOfRemoval): Uint8Array => json(news)

/** Each throws `CODEC_INVALID` for what is not well formed. */
export const decodeMembersRequest = (data: Uint8Array): MembersRequest => parsed(membersRequest, data, 'a request for members')
export const decodeReconfigure = (data: Uint8Array): ReconfigureRequest => parsed(reconfigureRequest, data, 'a change of members')
export const decodeNewsOfRemoval = (data: Uint8Array): NewsOfRemoval => parsed(newsOfRemoval, data, 'the news of a removal')

/** Each throws the refusal that came instead. */
export const decodeMembersView = (data: Uint8Array): MembersView => parsed(membersView, data, 'the list of members')
export const decodeReconfigured = (data: Uint8Array): Reconfigured =>
  parsed(reconfigured, data, 'the answer to a change of members')

const json = (value: object): Uint8Array => utf8(JSON.stringify(value))

function parsed<T>(schema: z.ZodType<T>, data: Uint8Array, what: string): T {
  const value = parseJson(data)
  const good = schema.safeParse(value)
  if (good.success) return good.data
  const refused = refusal.safeParse(value)
  const { code, message, details } = refused.success
    ? refused.data.error
    : { code: 'CODEC_INVALID', message: `${what} is not well formed` }
  throw new FlotillaError(isCode(code) ? code : 'UNAVAILABLE', message, details ?? {})
}

function parseJson(data: Uint8Array): unknown {
  try {
    return JSON.parse(text(data))
  } catch (error) {
    throw new FlotillaError('CODEC_INVALID', 'this is not JSON', { bytes: data.length }, error)
  }
}
