/** Plain records to NATS headers and back. Knows nothing else of a message. */

import { headers as emptyHeaders, type MsgHdrs } from 'nats'
import type { Headers } from '../../ports/transport.ts'

/** No headers, shared. */
export const NO_HEADERS: Headers = {}

/** Headers for the wire. The caller has checked names and values. */
export function toNats(headers: Headers): MsgHdrs {
  const block = emptyHeaders()
  for (const [name, value] of Object.entries(headers)) block.append(name, value) // names are unique: set() would look for others first
  return block
}

/** Headers from the wire: of a name that comes more than once, the first value. */
export function fromNats(block: MsgHdrs | undefined): Headers {
  if (block === undefined) return NO_HEADERS
  // fromEntries makes own properties only, also of a header named __proto__
  return Object.fromEntries(block.keys().map((name) => [name, block.get(name)]))
}
