/** What a store holds, as a value that can be compared: of a real store and of the model alike. Knows nothing of files. */

import { createHash } from 'node:crypto'
import type { Membership } from '../../src/ports/store.ts'
import type { HardState, LogIndex, LogPosition } from '../../src/protocol/types.ts'

/** One group that is there. */
export interface GroupImage extends Membership {
  readonly hardState: HardState
  readonly truncated: LogPosition
  /** Entries behind the truncated one, each as `term kind digest`. */
  readonly entries: readonly string[]
  readonly applied: LogIndex
  /** Digests of rows by `family/key`. */
  readonly rows: Readonly<Record<string, string>>
}

/** A group that was destroyed. */
export interface GraveImage {
  readonly tombstone: number
}

/** A whole store. */
export interface Image {
  readonly groups: Readonly<Record<string, GroupImage | GraveImage>>
  readonly facts: Readonly<Record<string, string>>
}

/** Stands for bytes: the exact ones, and shorter. */
export const digest = (bytes: Uint8Array | string): string => createHash('sha1').update(bytes).digest('hex').slice(0, 16)

/** The same text for the same content, whatever order it was put together in. */
export const imageText = (image: Image): string => JSON.stringify(image, sorted)

function sorted(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
}
