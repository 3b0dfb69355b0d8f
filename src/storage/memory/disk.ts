/** A disk in memory: what is on it survives a crash, nothing else does. For tests and simulation; knows nothing of how a store works. */

import { randomUUID } from 'node:crypto'
import type { GroupBootstrap, Membership, StoreRoom, Tombstone } from '../../ports/store.ts'
import type { Entry, HardState, LogIndex, LogPosition } from '../../protocol/types.ts'
import { membershipOf } from '../check-batch.ts'
import { OrderedBytes } from '../ordered-bytes.ts'
import { MemorySpool } from './spool.ts'

/** One group as the disk holds it. Changed only when a write completes, all of it at once. */
export interface GroupImage {
  readonly kind: string
  membership: Membership
  hardState: HardState
  truncated: LogPosition
  /** Entries after `truncated`, without holes. */
  entries: Entry[]
  /** What these weigh. */
  logBytes: number
  applied: LogIndex
  families: Readonly<Record<string, number>>
  rows: OrderedBytes
  /** What is not what was written: entries, and the hard state. Only met when it is read. */
  readonly rotten: Set<Entry | 'state'>
}

/** Everything on the disk. */
export interface DiskImage {
  uuid: string
  boot: number
  cluster: string
  node: string
  readonly groups: Map<string, GroupImage>
  readonly tombstones: Map<string, Tombstone>
  readonly facts: Map<string, string>
}

/** How a disk behaves. */
export interface MemoryDiskOptions {
  /** How long a flush takes: resolves when done. At once by default; a simulator puts its own time here. */
  readonly sync?: () => Promise<void>
  /** Draws the names of stores and of their runs. By chance by default. */
  readonly uuid?: () => string
}

/** A durable image, and the store that has it open. */
export class MemoryDisk {
  /** Null until a store is made on it. */
  image: DiskImage | null = null
  /** Rises at each crash: a write begun before it never completes. */
  epoch = 0
  /** Whether a store has this disk open. */
  inUse = false
  /** Chunks of snapshots; a crash loses none. */
  readonly spool = new MemorySpool()
  /** What it says of its room; null is boundless. Only said: nothing fails when it is used up. */
  room: StoreRoom | null = null
  readonly uuid: () => string
  readonly #sync: () => Promise<void>
  #failure: Error | null = null
  #underWay: (() => void) | null = null

  constructor(options: MemoryDiskOptions = {}) {
    this.uuid = options.uuid ?? randomUUID
    this.#sync = options.sync ?? (() => Promise.resolve())
  }

  /** The next flush fails, as a full or broken disk would. */
  failNext(error: Error = new Error('EIO: i/o error, fdatasync')): void {
    this.#failure = error
  }

  /**
   * The process dies: the store that has this disk open answers no more, and what no completed write saved is gone. `keepsLast`: the write that was under
   * way, of which nobody heard any more, is on the disk nevertheless.
   */
  crash({ keepsLast = false } = {}): void {
    if (keepsLast) this.#underWay?.()
    this.#underWay = null
    this.epoch++
    this.inUse = false
  }

  /** A bit flips in what is stored of a group: in that entry, or in the hard state. Whoever reads it notices. False: nothing is there. */
  rot(group: string, what: LogIndex | 'state'): boolean {
    const image = this.image?.groups.get(group)
    const place = what === 'state' ? what : image?.entries[what - image.truncated.index - 1]
    if (place !== undefined) image?.rotten.add(place)
    return image !== undefined && place !== undefined
  }

  /** Whether something is stored that is not what was written, noticed or not. */
  get isRotten(): boolean {
    return [...(this.image?.groups.values() ?? [])].some(
      ({ rotten, entries }) => rotten.size > 0 && (rotten.has('state') || entries.some((entry) => rotten.has(entry))),
    )
  }

  /** All that is on it now, to be put back some day: see {@link restore}. */
  copy(): DiskImage | null {
    if (this.image === null) return null
    const { groups, tombstones, facts } = this.image
    const copied = [...groups].map(([id, group]): [string, GroupImage] => [
      id,
      { ...group, entries: [...group.entries], rows: new OrderedBytes(group.rows), rotten: new Set(group.rotten) },
    ])
    return { ...this.image, groups: new Map(copied), tombstones: new Map(tombstones), facts: new Map(facts) }
  }

  /** Puts an older copy in the place of what is there. Only while no process has the disk open. */
  restore(copy: DiskImage): void {
    this.image = copy
  }

  /** Waits for a flush of that change. Rejects when it fails. */
  async sync(change: () => void = () => {}): Promise<void> {
    this.#underWay = change
    await this.#sync()
    this.#underWay = null
    const failure = this.#failure
    this.#failure = null
    if (failure) throw failure
  }
}

/** A group that nothing was written to yet. */
export const emptyGroup = (bootstrap: GroupBootstrap): GroupImage => ({
  kind: bootstrap.kind,
  membership: membershipOf(bootstrap),
  hardState: { term: 0, vote: null, commit: 0 },
  truncated: { index: 0, term: 0 },
  entries: [],
  logBytes: 0,
  applied: 0,
  families: {},
  rows: new OrderedBytes(),
  rotten: new Set(),
})
