/** What has happened and cannot be seen any more: who led, what was committed, what a read must see. The memory of the checker; no peer knows of it. */

import type { LogIndex, PeerId, Term } from '../../protocol/types.ts'
import type { Renaming } from './encoding.ts'

/** An entry that is committed. */
export interface Committed {
  /** The entry. */
  readonly cell: string
  /** The term in which it was committed: leaders of later terms must have it. */
  readonly term: Term
}

export interface PastState {
  /** Who led, by term; 0 for nobody. */
  readonly leaders: readonly PeerId[]
  /** From index 1 on. */
  readonly committed: readonly Committed[]
  /** The least index that may answer each read, by ticket from 1; -1 once it is answered. */
  readonly floors: readonly LogIndex[]
}

/** Nothing has happened. */
export const NO_PAST: PastState = { leaders: [], committed: [], floors: [] }

/** A past as text. Cells of configurations name peers; they are as they were named when they were committed. */
export const pastText = ({ leaders, committed, floors }: PastState, to: Renaming): string =>
  `past ${leaders.map((peer) => to[peer] ?? peer).join()} ${committed.map(({ cell, term }) => `${cell}@${term}`).join(' ')} ${floors.join()}`
