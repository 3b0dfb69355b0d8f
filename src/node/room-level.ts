/** How full a disk is, in three words, and when that changes. Pure; knows neither disk nor peer. */

import { DISK_COPIES_BYTES_MAX, DISK_RESERVE_BYTES } from '../base/limits.ts'
import type { StoreRoom } from '../ports/store.ts'

/**
 * `ok`; `low`: a leader takes no proposals any more, and others should lead; `critical`: a follower takes no entries any more, since it could not
 * acknowledge what it cannot save. Hard states, heartbeats, reads and compaction go on at every level.
 */
export type RoomLevel = 'ok' | 'low' | 'critical'

/** Of room inside the file half counts: pages given up lately, or seen by an old view, and odd ones where a large value wants neighbours, are no use. */
const REUSABLE_SHARE = 0.5

/** And no more of it than so many times what the disk has left: the file may have to grow for all that. */
const REUSABLE_PER_FREE = 7

/** Who has come down to a level leaves it only with so much more room, so that it does not go to and fro. */
const RETURN_FACTOR = 1.25

/** The part of the reserve that is left when a follower takes nothing more. */
const CRITICAL_SHARE = 0.5

/** Bytes that a store can count on. */
export const usableBytes = ({ freeBytes, reusableBytes }: StoreRoom): number =>
  freeBytes + Math.min(Math.floor(reusableBytes * REUSABLE_SHARE), REUSABLE_PER_FREE * freeBytes)

/** Whether so many bytes more in other files leave half of the reserve outside the store's own file, which may have to grow. */
export const fitsBeside = ({ freeBytes }: StoreRoom, bytes: number, reserve: number): boolean =>
  freeBytes - bytes >= reserve * CRITICAL_SHARE

/** Bytes that a store of that size keeps free, unless somebody has said how many. */
export const reserveBytes = (storeBytes: number, wished: number | null): number =>
  wished ?? DISK_RESERVE_BYTES + Math.min(storeBytes, DISK_COPIES_BYTES_MAX)

/** The level that follows, given so much room. */
export function levelAfter(before: RoomLevel, usable: number, reserve: number): RoomLevel {
  const critical = reserve * CRITICAL_SHARE * (before === 'critical' ? RETURN_FACTOR : 1)
  if (usable < critical) return 'critical'
  return usable < reserve * (before === 'ok' ? 1 : RETURN_FACTOR) ? 'low' : 'ok'
}

/** Whether so little is left that who is down would not come up again: then all goes that can be done without, before it comes to that. */
export const isTight = (usable: number, reserve: number): boolean => usable < reserve * RETURN_FACTOR
