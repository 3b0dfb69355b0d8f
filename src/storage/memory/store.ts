/** A node's store in memory, with the same promises as the one on disk: for tests and simulation. */

import { assert } from '../../base/assert.ts'
import { FlotillaError } from '../../base/errors.ts'
import type { LogReader } from '../../ports/log-reader.ts'
import type { Spool } from '../../ports/spool.ts'
import type {
  Facts,
  GroupBootstrap,
  GroupWrite,
  NodeStore,
  Recovered,
  StagedState,
  StoreIdentity,
  StoreRoom,
  Tombstone,
  WriteScope,
} from '../../ports/store.ts'
import type { Table, TableWrite } from '../../ports/table.ts'
import { checkBatch, checkFact, checkGroupId, checkTombstone, type LogBounds, NO_FACTS, unknownGroup } from '../check-batch.ts'
import { Gate } from '../gate.ts'
import { OverlayTable, type Unsaved } from '../overlay-table.ts'
import { Turns } from '../turns.ts'
import { type DiskImage, emptyGroup, type GroupImage, MemoryDisk } from './disk.ts'
import { entriesOf, lastIndexOf, recovered } from './reading.ts'
import { replaceState, saveUnsaved, saveWrite } from './saving.ts'
import { bytesOfRows, MemoryShelf } from './shelf.ts'
import { MemoryStaging } from './staging.ts'

/** Who the store is for. */
export interface MemoryStoreOptions {
  readonly cluster: string
  readonly node: string
}

/**
 * Opens a store on a disk in memory. Throws `STORE_IN_USE` while another store has the disk open, and `STORE_MISMATCH` when
 * it belongs to another cluster or node.
 */
export function memoryStore(options: MemoryStoreOptions, disk: MemoryDisk = new MemoryDisk()): NodeStore {
  if (disk.inUse)
    throw new FlotillaError('STORE_IN_USE', `the store in memory is already open in process ${process.pid}`, { pid: process.pid })
  const image = disk.image ?? {
    uuid: disk.uuid(),
    boot: 0,
    ...options,
    groups: new Map(),
    tombstones: new Map(),
    facts: new Map(),
  }
  if (image.cluster !== options.cluster || image.node !== options.node) {
    throw new FlotillaError('STORE_MISMATCH', `the store belongs to node "${image.node}" of cluster "${image.cluster}"`, {
      ...options,
    })
  }
  disk.image = image
  disk.inUse = true
  image.boot++
  return new MemoryStore(disk, image)
}

const tableStateOf = (image: GroupImage) => {
  const { applied, families, membership } = image
  return { applied, families, membership, shelf: new MemoryShelf(image) }
}

class MemoryStore implements NodeStore {
  readonly identity: StoreIdentity
  readonly #disk: MemoryDisk
  readonly #image: DiskImage
  readonly #epoch: number
  readonly #gate = new Gate()
  readonly #turns = new Turns()
  readonly #tables = new Map<string, OverlayTable>()
  readonly #staging = new MemoryStaging()
  readonly spool: Spool
  #onDamage: (damage: FlotillaError) => void = () => {}
  #writing = false

  constructor(disk: MemoryDisk, image: DiskImage) {
    this.#disk = disk
    this.#image = image
    this.#epoch = disk.epoch
    this.spool = disk.spool
    this.identity = { uuid: image.uuid, boot: image.boot, run: disk.uuid(), cluster: image.cluster, node: image.node }
  }

  groups(): readonly string[] {
    this.#check()
    return [...this.#image.groups.keys()]
  }

  async open(group: string, bootstrap: GroupBootstrap): Promise<Recovered> {
    this.#check()
    checkGroupId(group)
    return this.#turns.run(async () => {
      const stored = this.#image.groups.get(group)
      if (stored && stored.kind !== bootstrap.kind) {
        const message = `group "${group}" holds "${stored.kind}", not "${bootstrap.kind}"`
        throw new FlotillaError('STORE_MISMATCH', message, { group, stored: stored.kind, asked: bootstrap.kind })
      }
      checkTombstone(group, this.#image.tombstones.get(group), bootstrap)
      const image = stored ?? emptyGroup(bootstrap)
      if (!stored) await this.#flush(() => this.#make(group, image))
      if (!this.#tables.has(group)) this.#tables.set(group, this.#tableOf(image))
      return this.#reading(group, () => recovered(image))
    })
  }

  reader(group: string): LogReader {
    const image = this.#opened(group)
    return { entries: (lo, hi, bytesMax) => this.#reading(group, () => entriesOf(image, [lo, hi], bytesMax)) }
  }

  table(group: string): Table {
    this.#opened(group)
    return this.#tables.get(group) as OverlayTable
  }

  async write(batch: readonly GroupWrite[], scope: WriteScope = 'all', facts: Facts = NO_FACTS): Promise<void> {
    this.#check()
    for (const [key, value] of facts) checkFact(key, value)
    assert(!this.#writing, 'WRITES_OVERLAP')
    checkBatch(batch, (group) => this.#bounds(group))
    this.#writing = true
    try {
      const save = this.#prepare(batch, scope, facts) // at once: what is applied later belongs to the next write
      if (save) await this.#turns.run(() => this.#flush(save))
    } finally {
      this.#writing = false
    }
  }

  async destroy(group: string, tombstone: Tombstone): Promise<void> {
    this.#check()
    if (!this.#image.groups.has(group)) throw unknownGroup(group)
    this.#tables.delete(group) // at once: no write takes it along any more
    await this.#turns.run(() =>
      this.#flush(() => {
        this.#image.groups.delete(group)
        this.#image.tombstones.set(group, { ...tombstone })
      }),
    )
  }

  async stage(group: string, rows: AsyncIterable<TableWrite>): Promise<StagedState> {
    this.#opened(group)
    const state = await this.#staging.fill(group, rows)
    this.#check()
    return state
  }

  async unstage(state: StagedState): Promise<void> {
    this.#check()
    this.#staging.take(state)
  }

  tombstone(group: string): Tombstone | undefined {
    this.#check()
    return this.#image.tombstones.get(group)
  }

  get unsavedBytes(): number {
    let bytes = 0
    for (const table of this.#tables.values()) bytes += table.unsavedBytes
    return bytes
  }

  stateBytes(group: string): number {
    return bytesOfRows(this.#opened(group).rows)
  }

  bytes(): number {
    let bytes = 0
    for (const { rows, logBytes } of this.#image.groups.values()) bytes += rows.bytes + logBytes
    return bytes
  }

  async room(): Promise<StoreRoom | null> {
    this.#check()
    return this.#disk.room
  }

  async remember(key: string, value: string): Promise<void> {
    this.#check()
    checkFact(key, value)
    await this.#turns.run(() => this.#flush(() => this.#image.facts.set(key, value)))
  }

  recall(key: string): string | undefined {
    this.#check()
    return this.#image.facts.get(key)
  }

  watchDamage(listener: (damage: FlotillaError) => void): void {
    this.#onDamage = listener
  }

  async close(): Promise<void> {
    const first = !this.#gate.closed
    this.#gate.close()
    await this.#turns.idle()
    if (first && this.#epoch === this.#disk.epoch) this.#disk.inUse = false
  }

  /** Damage that is met names its group, and is told. */
  #reading<T>(group: string, read: () => T): T {
    this.#check()
    try {
      return read()
    } catch (thrown) {
      if (!(thrown instanceof FlotillaError) || thrown.code !== 'STORE_DAMAGED') throw thrown
      const damage = new FlotillaError(
        'STORE_DAMAGED',
        `group "${group}": ${thrown.message}`,
        { ...thrown.details, group },
        thrown,
      )
      this.#onDamage(damage)
      throw damage
    }
  }

  #check(): void {
    if (this.#epoch !== this.#disk.epoch) this.#gate.close()
    this.#gate.check()
  }

  #opened(group: string): GroupImage {
    this.#check()
    const image = this.#image.groups.get(group)
    if (!image || !this.#tables.has(group)) throw unknownGroup(group)
    return image
  }

  #make(group: string, image: GroupImage): void {
    this.#image.groups.set(group, image)
    this.#image.tombstones.delete(group)
  }

  #bounds(group: string): LogBounds {
    const image = this.#opened(group)
    return { truncated: image.truncated.index, lastIndex: lastIndexOf(image) }
  }

  #tableOf(image: GroupImage): OverlayTable {
    return new OverlayTable({ ...tableStateOf(image), check: () => this.#check() })
  }

  /** What a write will change on the disk; null when it is nothing. */
  #prepare(batch: readonly GroupWrite[], scope: WriteScope, facts: Facts): (() => void) | null {
    const installed = batch.flatMap(({ group, install }) =>
      install ? [{ group, install, rows: this.#staging.take(install.state) }] : [],
    )
    const keeps = (group: string): boolean => !installed.some((other) => other.group === group)
    const tables = scope === 'batch' ? [] : [...this.#tables].filter(([group]) => keeps(group))
    const leaving = tables.map(([group, table]) => ({ group, table, unsaved: table.leave() }))
    const changed = leaving.filter(({ unsaved }) => unsaved !== null)
    if (batch.length === 0 && changed.length === 0 && facts.size === 0) return null
    const images = new Map(this.#image.groups) // as they are now: one may be destroyed before its turn comes
    const imageOf = (group: string): GroupImage => images.get(group) as GroupImage
    return () => {
      for (const { group, install, rows } of installed) replaceState(imageOf(group), install, rows)
      for (const write of batch) saveWrite(imageOf(write.group), write)
      for (const { group, unsaved } of changed) saveUnsaved(imageOf(group), unsaved as Unsaved)
      for (const [key, value] of facts) this.#image.facts.set(key, value)
      for (const { table } of changed) table.settle()
      for (const { group } of installed) this.#tables.get(group)?.restart(tableStateOf(imageOf(group)))
    }
  }

  /** Waits for the disk, then changes the image at one stroke. */
  async #flush(change: () => void): Promise<void> {
    this.#gate.checkFailure()
    try {
      await this.#disk.sync(change)
    } catch (thrown) {
      throw this.#gate.fail('the store could not write', thrown)
    }
    if (this.#epoch !== this.#disk.epoch)
      throw new FlotillaError('STORE_CLOSED', 'the process that had the store open has crashed')
    change()
  }
}
