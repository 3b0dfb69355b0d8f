/**
 * Every value LMDB holds for us is sealed: a version, a checksum over key and value, the value. LMDB itself has no checksums, so
 * this is what tells damage from data. Knows nothing of what is inside.
 */

import { crc32 } from 'node:zlib'
import { newBytes, writeU32 } from '../../base/bytes.ts'
import type { FlotillaError } from '../../base/errors.ts'
import { damaged } from './damage.ts'

const VERSION = 1

/** Bytes that a seal adds to a value. */
export const HEAD_BYTES = 5

/** Key and parts as one sealed value: version (1 byte), crc32 of key and body (4 bytes, big-endian), body. */
export function seal(key: Uint8Array, ...parts: readonly Uint8Array[]): Uint8Array {
  const start = Math.max(key.length, HEAD_BYTES)
  let length = start
  for (const part of parts) length += part.length
  const room = newBytes(length) // key, then body: the checksum is of one piece; at last the head goes over the end of the key
  room.set(key, start - key.length)
  let at = start
  for (const part of parts) {
    room.set(part, at)
    at += part.length
  }
  const checksum = crc32(start === key.length ? room : room.subarray(start - key.length))
  const sealed = room.subarray(start - HEAD_BYTES)
  sealed[0] = VERSION
  writeU32(sealed, 1, checksum)
  return sealed
}

/** The body of a sealed value, without copying. Throws `STORE_DAMAGED`, naming `what`, when it is not what was sealed. */
export function unseal(key: Uint8Array, sealed: Uint8Array, what: string): Uint8Array {
  const refuse = (why: string): FlotillaError =>
    damaged(`${what} is damaged on disk: ${why}`, { key: Buffer.from(key).toString('hex') })
  if (sealed.length < HEAD_BYTES) throw refuse('it is cut off')
  if (sealed[0] !== VERSION) throw refuse(`its version is ${sealed[0]}, not ${VERSION}`)
  const body = new Uint8Array(sealed.buffer, sealed.byteOffset + HEAD_BYTES, sealed.length - HEAD_BYTES)
  if (crc32(body, crc32(key)) !== sealOf(sealed)) throw refuse('its checksum is wrong')
  return body
}

/** The checksum in a sealed value, whether right or not; 0 of what is too short to have one. */
export const sealOf = (sealed: Uint8Array): number =>
  sealed.length < HEAD_BYTES ? 0 : new DataView(sealed.buffer, sealed.byteOffset).getUint32(1)
