/** Bytes that are no message, and the one thing that may come of them. */

import assert from 'node:assert/strict'
import fc from 'fast-check'
import { FlotillaError } from '../../../src/base/errors.ts'

/** Whether reading them ends with CODEC_INVALID; any other end fails the test. */
export function isRefused(decode: (bytes: Uint8Array) => unknown, bytes: Uint8Array): boolean {
  try {
    decode(bytes)
    return false
  } catch (error) {
    assert(error instanceof FlotillaError, `not a FlotillaError: ${String(error)}`)
    assert.equal(error.code, 'CODEC_INVALID')
    return true
  }
}

/** Reads random bytes, all beginnings of a message, and the message with one bit turned: nothing but values and CODEC_INVALID may come. */
export function assertSturdy(decode: (bytes: Uint8Array) => unknown, whole: Uint8Array): void {
  for (let length = 0; length < whole.length; length++) {
    assert(isRefused(decode, whole.subarray(0, length)), `cut to ${length} of ${whole.length} bytes`)
  }
  for (let bit = 0; bit < whole.length * 8; bit++) {
    const turned = whole.slice()
    turned[bit >> 3] = (turned[bit >> 3] as number) ^ (1 << (bit & 7))
    isRefused(decode, turned)
  }
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => void isRefused(decode, bytes)))
}
