/** What a snapshot on its way consists of: whose state, as of which entry, in which chunks. The same state has the same manifest on every node. */

import type { Membership } from '../ports/store.ts'
import type { LogPosition } from '../protocol/types.ts'

/** One chunk of a state's bytes. */
export interface ManifestChunk {
  /** First 16 bytes of the SHA-256 of its contents, uncompressed. */
  readonly hash: Uint8Array
  /** How many bytes these are. */
  readonly bytes: number
}

export interface Manifest extends LogPosition {
  readonly group: string
  /** Founding of the group, as nodes say it to each other: see `src/node/founding.ts`. */
  readonly epoch: string
  /** Kind of the state machine whose state it is. */
  readonly kind: string
  /** Rows of tables, or bytes in the state machine's own format. */
  readonly format: 'rows' | 'own'
  readonly membership: Membership
  readonly chunks: readonly ManifestChunk[]
}
