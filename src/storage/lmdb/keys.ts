/** Keys as LMDB orders them: byte by byte, so numbers are big-endian. Knows nothing of values. */

import { newBytes, writeU32 } from '../../base/bytes.ts'
import type { LogIndex } from '../../protocol/types.ts'

/** Bytes of a group number in front of each key of its log and its data. */
export const GROUP_BYTES = 4

const TWO_32 = 0x1_0000_0000

/** Number of the group, 4 bytes: key of its state record, and prefix of its data. */
export function groupKey(group: number): Buffer {
  const key = Buffer.allocUnsafe(GROUP_BYTES)
  key.writeUInt32BE(group)
  return key
}

/** Number of the group, 4 bytes, and index, 8 bytes. */
export function logKey(group: number, index: LogIndex): Uint8Array {
  const key = newBytes(GROUP_BYTES + 8)
  writeU32(key, 0, group)
  writeU32(key, GROUP_BYTES, Math.floor(index / TWO_32))
  writeU32(key, GROUP_BYTES + 4, index % TWO_32)
  return key
}

/** Index of a log key. */
export function indexOfKey(key: Uint8Array): LogIndex {
  const view = new DataView(key.buffer, key.byteOffset, key.byteLength)
  return view.getUint32(GROUP_BYTES) * TWO_32 + view.getUint32(GROUP_BYTES + 4)
}

/** Number of the group, then a binary string: family number, 2 bytes, and the user's key. */
export function dataKey(group: number, key: string): Uint8Array {
  const bytes = newBytes(GROUP_BYTES + key.length)
  writeU32(bytes, 0, group)
  for (let i = 0; i < key.length; i++) bytes[GROUP_BYTES + i] = key.charCodeAt(i)
  return bytes
}

/** Names in the meta database. They are part of the format. */
export const FORMAT_KEY = Buffer.from('format')
export const IDENTITY_KEY = Buffer.from('identity')
export const GROUP_PREFIX = 'group:'

/** Key of a group's record. */
export const groupRecordKey = (group: string): Buffer => Buffer.from(`${GROUP_PREFIX}${group}`)

/** What keys of remembered facts begin with. */
export const FACT_PREFIX = Buffer.from('fact:')

/** Key of a remembered fact. */
export const factKey = (fact: string): Buffer => Buffer.concat([FACT_PREFIX, Buffer.from(fact)])
