/** What every spool asks of what it is given, and says when it is full. Knows nothing of where chunks are kept. */

import { assert } from '../base/assert.ts'
import { FlotillaError } from '../base/errors.ts'

/** Bytes of the longest hash: a whole SHA-256. */
const HASH_BYTES_MAX = 32

/** A hash as text. Asserts that it can be one. */
export function hashName(hash: Uint8Array): string {
  assert(hash.length > 0 && hash.length <= HASH_BYTES_MAX, 'CHUNK_HASH_LENGTH', { bytes: hash.length })
  return Buffer.from(hash.buffer, hash.byteOffset, hash.length).toString('hex')
}

/** Refusal of chunks for which there is no room now. */
export const spoolFull = (bytes: number, bytesMax: number): FlotillaError =>
  new FlotillaError('BUSY', `${bytes} bytes of snapshots are on their way already; at most ${bytesMax} are kept`, {
    bytes,
    bytesMax,
  })
