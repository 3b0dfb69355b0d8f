/** Byte strings: compare, join, convert. Uint8Array everywhere, so that nothing depends on Node's Buffer. */

import { FlotillaError } from './errors.ts'

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** No bytes. */
export const EMPTY: Uint8Array = new Uint8Array(0)

/** UTF-8 bytes of a string. */
export const utf8 = (text: string): Uint8Array => encoder.encode(text)

/** A string from UTF-8 bytes; what is not UTF-8 becomes U+FFFD. */
export const text = (bytes: Uint8Array): string => decoder.decode(bytes)

/** Bytes given as bytes, or as a string to be encoded as UTF-8. Throws `COMMAND_INVALID` for anything else, also if it looks like bytes. */
export function toBytes(value: Uint8Array | string): Uint8Array {
  if (typeof value === 'string') return utf8(value)
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
