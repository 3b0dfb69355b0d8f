/** The frame of everything said to and by replicated actors: a version byte, a kind byte, then JSON (docs/actors.md). */

import { utf8 } from '../../base/bytes.ts'
import { type Code, FlotillaError } from '../../base/errors.ts'
import { COMMAND_BYTES_MAX } from '../../base/limits.ts'
import { DEPTH_MAX, jsonProblem } from './json.ts'

/** First byte of every command, query and result. */
export const FORMAT_VERSION = 1

/** Bytes of an instance's id: it is part of a subject and of a key. */
export const ACTOR_ID_BYTES_MAX = 256

/** Names of actor types. */
export const ACTOR_TYPE_PATTERN = /^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$/

const HEADER_BYTES = 2
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** What a frame holds. `payload` is JSON nobody has looked into yet. */
export interface Frame {
  readonly kind: number
  readonly payload: unknown
}

/** Bytes of a frame. The payload is JSON already: see {@link checkJson}. */
export function encodeFrame(kind: number, payload: object): Uint8Array {
  const json = utf8(JSON.stringify(payload))
  const bytes = new Uint8Array(HEADER_BYTES + json.length)
  bytes[0] = FORMAT_VERSION
  bytes[1] = kind
  bytes.set(json, HEADER_BYTES)
  return bytes
}

/** A frame from its bytes. Throws the given code for anything that is none, or is nested deeper than `depthMax`. */
export function decodeFrame(bytes: Uint8Array, code: Code, depthMax = DEPTH_MAX): Frame {
  if (bytes.length < HEADER_BYTES) throw new FlotillaError(code, `a frame of ${bytes.length} bytes`, { bytes: bytes.length })
  if (bytes[0] !== FORMAT_VERSION) {
    throw new FlotillaError(code, `format version ${bytes[0]}, understood is ${FORMAT_VERSION}`, { version: bytes[0] })
  }
  const payload = parse(bytes.subarray(HEADER_BYTES), code)
  const found = jsonProblem(payload, { undefinedProperties: false, depthMax })
  if (found !== undefined) throw new FlotillaError(code, `payload${found}`)
  return { kind: bytes[1] as number, payload }
}

/** Refuses a command above the limit with `TOO_LARGE`. */
export function checkSize(command: Uint8Array): void {
  if (command.length <= COMMAND_BYTES_MAX) return
  const message = `a command of ${command.length} bytes is above the limit of ${COMMAND_BYTES_MAX}`
  throw new FlotillaError('TOO_LARGE', message, { bytes: command.length, bytesMax: COMMAND_BYTES_MAX })
}

/** Refuses with `COMMAND_INVALID` what JSON would change or drop: undefined, functions, dates, NaN, class instances, cycles. */
export function checkJson(value: unknown, what: string): void {
  const found = jsonProblem(value, { undefinedProperties: false, depthMax: DEPTH_MAX })
  if (found !== undefined)
    throw new FlotillaError('COMMAND_INVALID', `only JSON can be sent to an actor; ${what}${found}`, { what })
}

function parse(json: Uint8Array, code: Code): unknown {
  try {
    return JSON.parse(decoder.decode(json))
  } catch (cause) {
    throw new FlotillaError(code, 'the payload is not JSON', { bytes: json.length }, cause)
  }
}
