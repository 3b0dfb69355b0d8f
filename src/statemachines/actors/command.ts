/** Commands to replicated actors and their bytes, the same for every client in any language (docs/actors.md). Knows no machine. */

import { z } from 'zod'
import { utf8 } from '../../base/bytes.ts'
import { type Code, FlotillaError } from '../../base/errors.ts'
import { ACTOR_ID_BYTES_MAX, ACTOR_TYPE_PATTERN, checkJson, checkSize, decodeFrame, encodeFrame } from './frame.ts'

/** An event as it travels: JSON with a type. */
export type WireEvent = { readonly type: string } & Readonly<Record<string, unknown>>

/** Makes an instance. `input` is what the machine's context is made from. */
export interface Start {
  readonly verb: 'start'
  readonly type: string
  readonly id: string
  readonly input?: unknown
}

/** Gives an instance an event. */
export interface Send {
  readonly verb: 'send'
  readonly id: string
  readonly event: WireEvent
}

/** Removes an instance and all that is known of it; its id may be used again. */
export interface Stop {
  readonly verb: 'stop'
  readonly id: string
}

/** What can be asked of a group of actors. */
export type ActorCommand = Start | Send | Stop

/** An instance's id: any text of 1 to 256 bytes that UTF-8 can say. */
export const actorId = z.string().refine(isActorId, { error: `must be 1 to ${ACTOR_ID_BYTES_MAX} bytes of UTF-8` })

/** A name of the registry. */
export const actorType = z.string().regex(ACTOR_TYPE_PATTERN)

/** `xstate.` is how a machine talks to itself: from outside it could fake the end of a child or the start of the machine. */
const event = z.looseObject({
  type: z
    .string()
    .min(1)
    .refine((type) => !type.startsWith('xstate.'), { error: 'xstate.* events are internal' }),
})

const SCHEMAS = {
  start: z.strictObject({ type: actorType, id: actorId, input: z.unknown().optional() }),
  send: z.strictObject({ id: actorId, event }),
  stop: z.strictObject({ id: actorId }),
}

const START = 1
const SEND = 2
const STOP = 3

/** Bytes of a {@link Start}. Throws `COMMAND_INVALID` or `TOO_LARGE` before anything is sent. */
export const encodeStart = (type: string, id: string, input?: unknown): Uint8Array =>
  encode(START, SCHEMAS.start, input === undefined ? { type, id } : { type, id, input })

/** Bytes of a {@link Send}. */
export const encodeSend = (id: string, event: object): Uint8Array => encode(SEND, SCHEMAS.send, { id, event })

/** Bytes of a {@link Stop}. */
export const encodeStop = (id: string): Uint8Array => encode(STOP, SCHEMAS.stop, { id })

/** A command from its bytes. Throws `COMMAND_INVALID` or `TOO_LARGE`, nothing else. */
export function decodeCommand(bytes: Uint8Array): ActorCommand {
  checkSize(bytes)
  const { kind, payload } = decodeFrame(bytes, 'COMMAND_INVALID')
  switch (kind) {
    case START:
      return { verb: 'start', ...shaped(SCHEMAS.start, payload, 'COMMAND_INVALID') }
    case SEND:
      return { verb: 'send', ...shaped(SCHEMAS.send, payload, 'COMMAND_INVALID') }
    case STOP:
      return { verb: 'stop', ...shaped(SCHEMAS.stop, payload, 'COMMAND_INVALID') }
    default:
      throw new FlotillaError('COMMAND_INVALID', `unknown verb ${kind}`, { kind })
  }
}

/** A payload of the given shape, or an error that names the field. */
export function shaped<T>(schema: z.ZodType<T>, payload: unknown, code: Code): T {
  const parsed = schema.safeParse(payload)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  const field = issue?.path.join('.') ?? ''
  throw new FlotillaError(code, `${field === '' ? 'payload' : field}: ${issue?.message}`, { field })
}

function encode<T>(kind: number, schema: z.ZodType<T>, payload: object): Uint8Array {
  checkJson(payload, 'command') // before zod: it would copy what JSON drops
  shaped(schema, payload, 'COMMAND_INVALID')
  const bytes = encodeFrame(kind, payload)
  checkSize(bytes)
  return bytes
}

/** Lone surrogates are refused: UTF-8 has none, so two such ids would share one key. */
function isActorId(id: string): boolean {
  if (id.length === 0 || id.length > ACTOR_ID_BYTES_MAX) return false
  return utf8(id).length <= ACTOR_ID_BYTES_MAX && !/\p{Surrogate}/u.test(id)
}
