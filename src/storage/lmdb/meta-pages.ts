/**
 * The two pages with which an LMDB file begins, read as a plain file: LMDB itself would take a damaged one for what it says, and end the process where
 * the file is shorter than that. Knows nothing of what is in the file.
 */

import { closeSync, fstatSync, openSync, readSync } from 'node:fs'

const MAGIC = 0xbeefc0de
/** Where the fields are, from the beginning of the page. */
const MAGIC_AT = 24
const PAGE_BYTES_AT = MAGIC_AT + 24
const LAST_PAGE_AT = MAGIC_AT + 120
const META_BYTES = LAST_PAGE_AT + 8

/** Smallest and largest page of LMDB. */
const PAGE_BYTES_MIN = 256
const PAGE_BYTES_MAX = 65_536

/** Whether both pages are what LMDB writes, and the file goes as far as they say. False also when there is no such file. */
export function isSoundFile(path: string): boolean {
  let file: number | undefined
  try {
    file = openSync(path, 'r')
    const page = Buffer.alloc(META_BYTES)
    const pageBytes = readMeta(file, page, 0)
    if (pageBytes === null) return false
    const first = Number(page.readBigUInt64LE(LAST_PAGE_AT))
    if (readMeta(file, page, pageBytes) !== pageBytes) return false
    const second = Number(page.readBigUInt64LE(LAST_PAGE_AT))
    return fstatSync(file).size >= (Math.max(first, second) + 1) * pageBytes
  } catch {
    return false
  } finally {
    if (file !== undefined) closeSync(file)
  }
}

/** Reads a meta page; the size of pages that it tells, or null when it is none. */
function readMeta(file: number, page: Buffer, at: number): number | null {
  if (readSync(file, page, 0, META_BYTES, at) !== META_BYTES || page.readUInt32LE(MAGIC_AT) !== MAGIC) return null
  const pageBytes = page.readUInt32LE(PAGE_BYTES_AT)
  return pageBytes >= PAGE_BYTES_MIN && pageBytes <= PAGE_BYTES_MAX ? pageBytes : null
}
