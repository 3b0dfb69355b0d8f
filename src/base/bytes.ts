/** Byte strings: compare, join, convert. Uint8Array everywhere, so that nothing depends on Node's Buffer. */

import { markAsUntransferable } from 'node:worker_threads'
import { FlotillaError } from './errors.ts'

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** No bytes. */
export const EMPTY: Uint8Array = new Uint8Array(0)

/** UTF-8 bytes of a string. */
export const utf8 = (text: string): Uint8Array => encoder.encode(text)

/** The same into an array that has room for it: the part of it that was written. */
export const utf8Into = (text: string, room: Uint8Array): Uint8Array => room.subarray(0, encoder.encodeInto(text, room).written)

/** A string from UTF-8 bytes; what is not UTF-8 becomes U+FFFD. */
export const text = (bytes: Uint8Array): string => decoder.decode(bytes)

/** Bytes given as bytes, or as a string to be encoded as UTF-8. Throws `COMMAND_INVALID` for anything else, also if it looks like bytes. */
export function toBytes(value: Uint8Array | string): Uint8Array {
  if (typeof value === 'string') {
    // half of a pair has no bytes: it would be stored as another character, and two keys could become one
    if (/\p{Surrogate}/u.test(value))
      throw new FlotillaError('COMMAND_INVALID', 'a key or value is text that UTF-8 can hold: it has half of a surrogate pair')
    return utf8(value)
  }
  if (value instanceof Uint8Array) return value
  throw new FlotillaError('COMMAND_INVALID', 'a key or value is bytes (Uint8Array) or a string')
}

/** Order of two byte strings as unsigned bytes, shorter first: the order LMDB keeps keys in. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const shared = Math.min(a.length, b.length)
  for (let i = 0; i < shared; i++) {
    const difference = (a[i] as number) - (b[i] as number)
    if (difference !== 0) return difference
  }
  return a.length - b.length
}

/** Whether two byte strings are the same. */
export const sameBytes = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && compareBytes(a, b) === 0

/** Small byte strings share an array of so many bytes: an array of its own costs each of them more than filling it. */
const SLAB_BYTES = 32 * 1024

/** Above this a byte string is alone: it would fill a good part of a slab, and keep it alive for long. */
const SHARING_BYTES_MAX = 4 * 1024

let slab = EMPTY
let slabUsed = 0

/** So many zeros to write over. What is small shares its `buffer` with others; that buffer cannot be transferred away from them. */
export function newBytes(length: number): Uint8Array {
  if (length > SHARING_BYTES_MAX) return new Uint8Array(length)
  if (slabUsed + length > slab.length) {
    slab = new Uint8Array(SLAB_BYTES)
    markAsUntransferable(slab.buffer)
    slabUsed = 0
  }
  const start = slabUsed
  slabUsed += length
  return slab.subarray(start, slabUsed)
}

/** A copy to keep, in {@link newBytes}; also of a Buffer, whose own `slice` copies nothing. */
export function copyBytes(bytes: Uint8Array): Uint8Array {
  const copy = newBytes(bytes.length)
  copy.set(bytes)
  return copy
}

/** Writes a number of two bytes, big-endian. */
export function writeU16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 8
  bytes[at + 1] = value
}

/** Writes a number of four bytes, big-endian. By hand: a DataView for each of many small byte strings costs more than the writing. */
export function writeU32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24
  bytes[at + 1] = value >>> 16
  bytes[at + 2] = value >>> 8
  bytes[at + 3] = value
}

/** Reads a number of four bytes, big-endian. */
export const readU32 = (bytes: Uint8Array, at: number): number =>
  (((bytes[at] as number) << 24) |
    ((bytes[at + 1] as number) << 16) |
    ((bytes[at + 2] as number) << 8) |
    (bytes[at + 3] as number)) >>>
  0

/** Several byte strings as one. */
export function concatBytes(parts: readonly Uint8Array[]): Uint8Array {
  let length = 0
  for (const part of parts) length += part.length
  const whole = new Uint8Array(length)
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}
