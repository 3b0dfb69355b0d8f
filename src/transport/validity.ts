/** What may be put on the wire: subjects, patterns, headers, sizes. One set of rules for every transport; knows no connection. */

import { FlotillaError } from '../base/errors.ts'
import type { Headers } from '../ports/transport.ts'

/** Characters of a subject. A server's control line holds 4096 bytes: so long a subject in UTF-8, a reply and a size fit. */
export const SUBJECT_LENGTH_MAX = 1024

/** Characters of a queue group's name. */
export const QUEUE_LENGTH_MAX = 256

const DOT = 46
const STAR = 42
const TAIL = 62
const DELETE = 127
const LF = 10
const CR = 13
const BLANK = 32
const COLON = 58
const HEADER_FRAME_BYTES = 'NATS/1.0\r\n'.length + '\r\n'.length

/** Whether one may publish to it: tokens parted by dots, none empty, no wildcard, blank or control character. */
export function isSubject(subject: string): boolean {
  if (subject.length === 0 || subject.length > SUBJECT_LENGTH_MAX) return false
  let previous = DOT
  for (let i = 0; i < subject.length; i++) {
    const code = subject.charCodeAt(i)
    if (code <= BLANK || code === STAR || code === TAIL || code === DELETE) return false
    if (code === DOT && previous === DOT) return false
    previous = code
  }
  return previous !== DOT
}

/** Whether one may subscribe to it: a subject in which a token may be `*`, and the last one `>`. */
export function isPattern(pattern: string): boolean {
  const literal = pattern
    .split('.')
    .map((token, i, all) => (token === '*' || (token === '>' && i === all.length - 1) ? 'x' : token))
    .join('.')
  return isSubject(literal)
}

/** Throws `CODEC_INVALID` for what {@link isSubject} refuses. */
export function checkSubject(subject: string): void {
  if (!isSubject(subject)) throw invalid('subject', subject)
}

/** Throws `CODEC_INVALID` for a pattern or queue name that cannot be subscribed to. */
export function checkSubscription(pattern: string, queue: string | undefined): void {
  if (!isPattern(pattern)) throw invalid('subscription', pattern)
  if (queue !== undefined && (queue.length > QUEUE_LENGTH_MAX || !isSubject(queue))) throw invalid('queue name', queue)
}

/** Throws `CODEC_INVALID` for a header that would break the block it stands in. */
export function checkHeaders(headers: Headers): void {
  for (const name in headers) {
    if (!isHeaderName(name)) throw invalid('header name', name)
    if (!isHeaderValue(headers[name] as string)) throw invalid('header value', name)
  }
}

/** Printable ASCII without blanks and colons. By hand: every committed entry is published with six headers, and a regular expression is no loop. */
function isHeaderName(name: string): boolean {
  for (let i = 0; i < name.length; i++) {
    const code = name.charCodeAt(i)
    if (code <= BLANK || code >= DELETE || code === COLON) return false
  }
  return name.length > 0
}

/** Anything on one line. */
function isHeaderValue(value: string): boolean {
  for (let i = 0; i < value.length; i++) {
    const code = value.charCodeAt(i)
    if (code === CR || code === LF) return false
  }
  return true
}

/** Throws `TOO_LARGE` when data and headers together exceed what the server takes: it counts both, and cuts who sends more. */
export function checkSize(data: Uint8Array, headers: Headers | undefined, payloadMax: number): void {
  checkBytes(data.length + (headers === undefined ? 0 : headerBytes(headers)), payloadMax)
}

/** The same for bytes that are counted already. */
export function checkBytes(bytes: number, payloadMax: number): void {
  if (bytes > payloadMax) {
    throw new FlotillaError('TOO_LARGE', `a message of ${bytes} bytes exceeds the limit of ${payloadMax}`, { bytes, payloadMax })
  }
}

/** Bytes of the header block as NATS writes it; none for no headers. */
export function headerBytes(headers: Headers): number {
  const entries = Object.entries(headers)
  if (entries.length === 0) return 0
  return entries.reduce((sum, [name, value]) => sum + name.length + Buffer.byteLength(value) + 4, HEADER_FRAME_BYTES)
}

const invalid = (what: string, value: string): FlotillaError =>
  new FlotillaError('CODEC_INVALID', `not a valid ${what}: ${JSON.stringify(value.slice(0, 80))}`, { what, length: value.length })
