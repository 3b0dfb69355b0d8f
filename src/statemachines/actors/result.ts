/** Answers of replicated actors and their bytes (docs/actors.md). Knows no machine. */

import { z } from 'zod'
import { FlotillaError } from '../../base/errors.ts'
import { shaped } from './command.ts'
import { decodeFrame, encodeFrame } from './frame.ts'
import { DEPTH_MAX } from './json.ts'

/** A state as xstate writes it: a name, or names of regions with their states. */
export type ActorValue = string | { readonly [state: string]: ActorValue }

/** What a command did to an instance. */
export interface ActorResult {
  /** `done`: in a final state, events are ignored from now on. `stopped`: the instance is gone. */
  readonly status: 'active' | 'done' | 'stopped'
  /** Its state now; of a stopped one, the last. */
  readonly value: ActorValue
  /** Whether anything of it is other than before. False for an event nobody handled. */
  readonly changed: boolean
  /** What a machine that is done has to say. */
  readonly output?: unknown
}

/** One instance, whole. */
export interface ActorView {
  readonly type: string
  readonly status: 'active' | 'done'
  readonly value: ActorValue
  readonly context: unknown
  readonly output?: unknown
  /** Index of the entry that changed it last. */
  readonly index: number
  /** Hash of the machine's definition that stepped it last. */
  readonly version: string
}

/** One line of a list. */
export interface ActorSummary {
  readonly id: string
  readonly type: string
  readonly status: 'active' | 'done'
  readonly value: ActorValue
  readonly index: number
}

/** Lines in the order of ids. */
export interface ActorList {
  readonly actors: readonly ActorSummary[]
  /** Missing at the end; else ask again with this as `after`. May come with no lines, when none looked at so far was of the type. */
  readonly next?: string
}

const RESULT = 1
const VIEW = 2
const LIST = 3

/** A context of the greatest depth, and the answer around it. */
const ANSWER_DEPTH_MAX = DEPTH_MAX + 8

const value: z.ZodType<ActorValue> = z.lazy(() => z.union([z.string(), z.record(z.string(), value)]))
const status = z.enum(['active', 'done'])
const summary = { type: z.string(), status, value, index: z.int() }

const SCHEMAS = {
  result: z.strictObject({
    status: z.enum(['active', 'done', 'stopped']),
    value,
    changed: z.boolean(),
    output: z.unknown().exactOptional(),
  }),
  view: z.strictObject({ ...summary, context: z.unknown(), output: z.unknown().exactOptional(), version: z.string() }),
  list: z.strictObject({ actors: z.array(z.strictObject({ id: z.string(), ...summary })), next: z.string().exactOptional() }),
}

export const encodeResult = (result: ActorResult): Uint8Array => encodeFrame(RESULT, result)
export const encodeView = (view: ActorView): Uint8Array => encodeFrame(VIEW, view)
export const encodeActorList = (list: ActorList): Uint8Array => encodeFrame(LIST, list)

/** Answer to start, send and stop. Like all readers here it throws `CODEC_INVALID` for anything else. */
export const decodeResult = (bytes: Uint8Array): ActorResult => decode(bytes, RESULT, SCHEMAS.result)

/** Answer to get. */
export const decodeView = (bytes: Uint8Array): ActorView => decode(bytes, VIEW, SCHEMAS.view)

/** Answer to list. */
export const decodeActorList = (bytes: Uint8Array): ActorList => decode(bytes, LIST, SCHEMAS.list)

function decode<T>(bytes: Uint8Array, expected: number, schema: z.ZodType<T>): T {
  const { kind, payload } = decodeFrame(bytes, 'CODEC_INVALID', ANSWER_DEPTH_MAX)
  if (kind === expected) return shaped(schema, payload, 'CODEC_INVALID')
  throw new FlotillaError('CODEC_INVALID', `an answer of kind ${kind} where ${expected} was awaited`, { kind, expected })
}
