/** What has happened and cannot be seen any more: who led, what was committed, what a read must see. The memory of the checker; no peer knows of it. */

import type { Entry, LogIndex, PeerId, Term } from '../../protocol/types.ts'
import { cellOf, type Renaming } from './encoding.ts'

/** An entry that is committed. */
export interface Committed {
  readonly entry: Entry
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

/** A past as text. */
export const pastText = ({ leaders, committed, floors }: PastState, to: Renaming): string =>
  `past ${leaders.map((peer) => to[peer] ?? peer).join()} ${committed.map(({ entry, term }) => `${cellOf(entry, to)}@${term}`).join(' ')} ${floors.join()}`
