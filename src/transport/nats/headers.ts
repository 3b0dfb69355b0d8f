/** Plain records to NATS headers and back. Knows nothing else of a message. */

import type { MsgHdrs } from 'nats'
import { newBytes } from '../../base/bytes.ts'
import type { Headers } from '../../ports/transport.ts'
import { checkHeaders } from '../validity.ts'

/** No headers, shared. */
export const NO_HEADERS: Headers = {}

const FIRST_LINE = 'NATS/1.0'
const NAME_PATTERN = /^[A-Za-z-]+$/
const LF = 10
const CR = 13
const BLANK = 32
const COLON = 58
const DELETE = 127

/**
 * Headers for the wire, as the block of bytes they are sent as. Throws `CODEC_INVALID` for a bad name or value. The client asks a publication's
 * headers for nothing but that block; its own class takes three times as long to make one, and every committed entry has one.
 */
export function toNats(headers: Headers): { readonly block: Uint8Array; readonly headers: MsgHdrs } {
  const block = plainBlock(headers) ?? anyBlock(headers)
  return { block, headers: { encode: () => block } as unknown as MsgHdrs }
}

function anyBlock(headers: Headers): Uint8Array {
  checkHeaders(headers)
  let text = `${FIRST_LINE}\r\n`
  for (const name in headers) text += `${name}: ${headers[name]}\r\n`
  return Buffer.from(`${text}\r\n`)
}

/** The block of headers that are printable ASCII, as nearly all are, without making a text first; null for any others. */
function plainBlock(headers: Headers): Uint8Array | null {
  let length = FIRST_LINE.length + 4
  for (const name in headers) length += name.length + (headers[name] as string).length + 4
  const block = newBytes(length)
  let at = writePlain(block, 0, FIRST_LINE)
  block[at++] = CR
  block[at++] = LF
  for (const name in headers) {
    if (!NAME_PATTERN.test(name)) return null
    at = writePlain(block, at, name)
    block[at++] = COLON
    block[at++] = BLANK
    at = writePlain(block, at, headers[name] as string)
    if (at < 0) return null
    block[at++] = CR
    block[at++] = LF
  }
  block[at++] = CR
  block[at] = LF
  return block
}

/** Where it ends; a negative number when it is not printable ASCII. */
function writePlain(block: Uint8Array, at: number, text: string): number {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code < BLANK || code >= DELETE) return -1
    block[at + i] = code
  }
  return at + text.length
}

/** Whether there are none. */
export function isEmpty(headers: Headers): boolean {
  for (const _ in headers) return false
  return true
}

/** Headers from the wire: of a name that comes more than once, the first value. */
export function fromNats(block: MsgHdrs | undefined): Headers {
  if (block === undefined) return NO_HEADERS
  // fromEntries makes own properties only, also of a header named __proto__
  return Object.fromEntries(block.keys().map((name) => [name, block.get(name)]))
}
