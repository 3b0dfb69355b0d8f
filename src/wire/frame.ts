/**
 * The frame of every message between Flotilla programs: a version, a JSON header, and opaque blobs that nobody parses on the way.
 * Knows nothing of what header and blobs mean.
 *
 * ```
 * byte 0      0xF1
 * byte 1      version, now 1
 * bytes 2–5   length of the header, unsigned, big endian
 * …           header, JSON in UTF-8
 * then, until the end, blobs: four bytes of length, unsigned, big endian, and so many bytes
 * ```
 */

import { copyBytes, newBytes, readU32, text, utf8, utf8Into, writeU32 } from '../base/bytes.ts'
import { FlotillaError } from '../base/errors.ts'

const MAGIC = 0xf1

/** The version this build writes and reads. */
export const FRAME_VERSION = 1

const PREFIX_BYTES = 6
const BLOB_PREFIX_BYTES = 4

/** Headers are small; a larger one is damage or malice, refused before it is parsed. Senders keep below it. */
export const HEADER_BYTES_MAX = 256 * 1024

/** A frame, taken apart. The header is not checked yet; the blobs are views of the received bytes. */
export interface Frame {
  readonly header: unknown
  readonly blobs: readonly Uint8Array[]
}

/** A blob, or a few bytes and what follows them in the same blob: so that large data is copied once, into the frame. */
export type Blob = Uint8Array | { readonly start: Uint8Array; readonly rest: Uint8Array }

const lengthOf = (blob: Blob): number => (blob instanceof Uint8Array ? blob.length : blob.start.length + blob.rest.length)

/** Most headers are short: they are written here before they are copied to their frame, which costs less than an array of their own. */
const SCRATCH_BYTES = 8192
const scratch = new Uint8Array(SCRATCH_BYTES)

/** Bytes that one UTF-16 unit becomes at most. */
const UTF8_BYTES_MAX = 3

/** Puts a header and blobs together. */
export const encodeFrame = (header: unknown, blobs: readonly Blob[] = []): Uint8Array => frameOf(JSON.stringify(header), blobs)

/** The same with a header that is JSON already. */
export function frameOf(header: string, blobs: readonly Blob[] = []): Uint8Array {
  const head = header.length <= SCRATCH_BYTES / UTF8_BYTES_MAX ? utf8Into(header, scratch) : utf8(header)
  let length = PREFIX_BYTES + head.length
  for (const blob of blobs) length += BLOB_PREFIX_BYTES + lengthOf(blob)
  const frame = newBytes(length)
  frame[0] = MAGIC
  frame[1] = FRAME_VERSION
  writeU32(frame, 2, head.length)
  frame.set(head, PREFIX_BYTES)
  let at = PREFIX_BYTES + head.length
  for (const blob of blobs) {
    writeU32(frame, at, lengthOf(blob))
    at += BLOB_PREFIX_BYTES
    if (!(blob instanceof Uint8Array)) {
      const { start } = blob
      for (let i = 0; i < start.length; i++) frame[at++] = start[i] as number // few: by hand is faster than set
    }
    const rest = blob instanceof Uint8Array ? blob : blob.rest
    frame.set(rest, at)
    at += rest.length
  }
  return frame
}

/** A frame whose blobs may be kept, whatever becomes of the bytes it came in. Most frames have none: those are not copied. */
export const ownFrame = (data: Uint8Array): Uint8Array => (hasBlobs(data) ? copyBytes(data) : data)

const hasBlobs = (data: Uint8Array): boolean => data.length < PREFIX_BYTES || PREFIX_BYTES + readU32(data, 2) < data.length

/** Takes a frame apart without copying. Throws `CODEC_INVALID` for whatever is not one. */
export function decodeFrame(data: Uint8Array): Frame {
  if (data.length < PREFIX_BYTES || data[0] !== MAGIC) throw invalid('this is not a Flotilla frame', { bytes: data.length })
  if (data[1] !== FRAME_VERSION) {
    throw invalid(`frame version ${data[1]} is not understood; this build speaks ${FRAME_VERSION}`, { version: data[1] })
  }
  const headerLength = readU32(data, 2)
  const headerEnd = PREFIX_BYTES + headerLength
  if (headerLength > HEADER_BYTES_MAX || headerEnd > data.length)
    throw invalid('the header does not fit its frame', { headerLength })
  return { header: parseHeader(data.subarray(PREFIX_BYTES, headerEnd)), blobs: blobsOf(data, headerEnd) }
}

function parseHeader(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(text(bytes))
  } catch (error) {
    throw new FlotillaError('CODEC_INVALID', 'the header is not JSON', { bytes: bytes.length }, error)
  }
}

function blobsOf(data: Uint8Array, start: number): Uint8Array[] {
  const blobs: Uint8Array[] = []
  let at = start
  while (at < data.length) {
    const begin = at + BLOB_PREFIX_BYTES
    if (begin > data.length) throw invalid('a blob is cut off', { at })
    const end = begin + readU32(data, at)
    if (end > data.length) throw invalid('a blob is cut off', { at, end })
    blobs.push(data.subarray(begin, end))
    at = end
  }
  return blobs
}

const invalid = (message: string, details: Record<string, unknown>): FlotillaError =>
  new FlotillaError('CODEC_INVALID', message, details)
