/** Which transports have a node. A node closes its transport when it ends, so two on one would end each other. Knows no node. */

import { FlotillaError } from '../base/errors.ts'
import type { Transport } from '../ports/transport.ts'

const owned = new WeakSet<Transport>()

/** Gives the transport to a node, for good. Throws `CONFIG_INVALID` when it has one already; then it is not closed. */
export function own(transport: Transport): Transport {
  if (owned.has(transport)) {
    throw new FlotillaError('CONFIG_INVALID', 'transport: belongs to another node already; each node needs one of its own')
  }
  owned.add(transport)
  return transport
}
