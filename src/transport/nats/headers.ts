/** Plain records to NATS headers and back. Knows nothing else of a message. */

import type { MsgHdrs } from 'nats'
import type { Headers } from '../../ports/transport.ts'

/** No headers, shared. */
export const NO_HEADERS: Headers = {}

/**
 * Headers for the wire, as the block of bytes they are sent as. The caller has checked names and values. The client asks a publication's headers for
 * nothing but that block; its own class takes three times as long to make one, and every committed entry has one.
 */
export function toNats(headers: Headers): { readonly block: Uint8Array; readonly headers: MsgHdrs } {
  let text = 'NATS/1.0\r\n'
  for (const name in headers) text += `${name}: ${headers[name]}\r\n`
  const block = Buffer.from(`${text}\r\n`)
  return { block, headers: { encode: () => block } as unknown as MsgHdrs }
}

/** Headers from the wire: of a name that comes more than once, the first value. */
export function fromNats(block: MsgHdrs | undefined): Headers {
  if (block === undefined) return NO_HEADERS
  // fromEntries makes own properties only, also of a header named __proto__
  return Object.fromEntries(block.keys().map((name) => [name, block.get(name)]))
}
