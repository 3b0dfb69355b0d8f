/**
 * Chunks of snapshots on their way, out or in, by the hash of what they hold, so that a transfer goes on after a restart and a chunk is never fetched
 * twice. Not part of the state: what is lost here is made or fetched again. Knows nothing of what a chunk or a manifest says.
 */

/** What a manifest is kept for: a state of ours that others fetch, or one of another that we fetch. One each of a group. */
export type SpoolSide = 'outgoing' | 'incoming'

/** A chunk by the hash of its contents. */
export interface SpooledChunk {
  readonly hash: Uint8Array
  /** As they travel: compressed. */
  readonly bytes: Uint8Array
}

export interface Spool {
  /** The manifest that is kept for that side of a group. */
  manifest(group: string, side: SpoolSide): Uint8Array | undefined
  /** Keeps a manifest in place of the one before. Undefined: of none. */
  keepManifest(group: string, side: SpoolSide, manifest: Uint8Array | undefined): Promise<void>
  has(group: string, hash: Uint8Array): boolean
  /** Undefined also when it is not what was put any more: then it is dropped. */
  get(group: string, hash: Uint8Array): Uint8Array | undefined
  /** Keeps chunks; resolves once a crash of the process does not lose them. */
  put(group: string, chunks: readonly SpooledChunk[]): Promise<void>
  /** Drops the chunks of a group that are not to be kept, a portion at a time. */
  sweep(group: string, isKept: (hash: Uint8Array) => boolean): Promise<void>
  /** Bytes of chunks kept, of all groups. */
  bytes(): number
}
