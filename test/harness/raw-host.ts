/** Hosts one RawNode with a disk that is slow and a process that crashes: flushes and applies when told to. Reports what it does to a witness. */

import assert from 'node:assert/strict'
import { RawNode } from '../../src/peer/raw-node.ts'
import type { RawNodeOptions } from '../../src/peer/raw-options.ts'
import type { Outgoing, RawReadState, RawReady } from '../../src/peer/raw-ready.ts'
import type { ConfState, Entry, LogIndex, PeerId, Snapshot, Term } from '../../src/protocol/types.ts'
import { RawDisk } from './raw-disk.ts'

/** Who looks at everything that is done. */
export interface Witness {
  handedOut(entries: readonly Entry[]): void
  applied(peer: PeerId, entry: Entry, conf: ConfState): void
  installed(peer: PeerId, snapshot: Snapshot): void
  elected(peer: PeerId, term: Term): void
  answered(peer: PeerId, read: RawReadState): void
  sent(message: Outgoing): void
}

/** A change with this context is applied as if it were nothing, on every peer alike. */
export const VETOED = 'vetoed'

export class RawHost {
  readonly id: PeerId
  readonly disk: RawDisk
  readonly #options: Omit<RawNodeOptions, 'id' | 'initial'>
  readonly #witness: Witness
  #node: RawNode | null = null
  /** Readies that are not flushed yet, oldest first. */
  #unflushed: RawReady[] = []
  #toApply: Entry[] = []
  #applied: LogIndex = 0
  #confs: RawDisk['confs'] = []
  #starts = 0

  constructor(conf: ConfState, { id, ...options }: Omit<RawNodeOptions, 'initial'>, witness: Witness) {
    this.id = id
    this.#options = options
    this.#witness = witness
    this.disk = new RawDisk(conf)
  }

  /** Null while it is down. */
  get node(): RawNode | null {
    return this.#node
  }

  /** How often it was started: tells one life from another. */
  get starts(): number {
    return this.#starts
  }

  start(): void {
    const initial = this.disk.initial()
    this.#node = new RawNode({ ...this.#options, id: this.id, seed: (this.#options.seed ?? 1) + this.#starts++ * 101, initial })
    this.#applied = this.disk.applied
    this.#confs = this.disk.confs
    this.#unflushed = []
    this.#toApply = []
  }

  /** Whatever was not flushed is gone. */
  crash(): void {
    if (this.#node) assert.equal(this.#node.status().broken, null)
    this.#node = null
  }

  /** Takes a Ready, if there is one; sends what need not wait for the disk. */
  work(): boolean {
    const node = this.#node
    if (!node?.hasReady()) return false
    const ready = node.ready()
    this.#witness.handedOut(ready.committedEntries)
    if (ready.softState?.role === 'leader') this.#witness.elected(this.id, node.status().term)
    for (const read of ready.readStates) this.#witness.answered(this.id, read)
    for (const message of ready.messages) if (!message.waitsForDisk) this.#witness.sent(message)
    this.#unflushed.push(ready)
    return true
  }

  /** The oldest Ready gets to the disk, and what waited for that leaves. */
  flush(): boolean {
    const ready = this.#unflushed.shift()
    if (!ready || !this.#node) return false
    this.disk.save(ready)
    this.#toApply.push(...ready.committedEntries)
    for (const message of ready.messages) if (message.waitsForDisk) this.#witness.sent(message)
    if (ready.snapshot) this.#restore(ready.snapshot)
    else this.disk.checkpoint(this.#applied, this.#confs)
    this.#node.persisted(ready.mark)
    if (ready.snapshot) this.#node.installed(ready.snapshot)
    return true
  }

  /** The state machine takes at most so many entries. */
  apply(count: number): boolean {
    const entries = this.#toApply.splice(0, count)
    const last = entries.at(-1)
    if (!last || !this.#node) return false
    for (const entry of entries) {
      if (entry.kind === 'configuration') this.#reconfigure(this.#node, entry)
      assert.ok(entry.index <= this.disk.lastIndex, 'only what a restart finds in the log may be applied')
      this.#applied = entry.index
      this.#witness.applied(this.id, entry, this.#conf)
    }
    this.#node.applied(last.index)
    return true
  }

  /** All that can be done without others. */
  settle(): void {
    while (this.work() || this.flush() || this.apply(Number.POSITIVE_INFINITY));
  }

  /** Makes a snapshot of what is applied and on disk, and lets go of the log, up to `kept` entries before it. */
  compact(kept: number): void {
    const { disk } = this
    if (!this.#node || disk.applied <= disk.base || disk.confs.at(-1)?.conf.voters.length === 0) return
    const index = disk.applied
    disk.keep(this.#node.createSnapshot(index, Buffer.from(String(index))))
    if (index - kept >= this.#node.status().firstIndex) this.#node.compact(index - kept)
  }

  get #conf(): ConfState {
    return this.#confs.at(-1)?.conf as ConfState
  }

  #reconfigure(node: RawNode, entry: Entry): void {
    const isVetoed = Buffer.from(entry.data).toString().includes(`"${VETOED}"`)
    const conf = node.applyConfChange(isVetoed ? null : entry)
    this.#confs = [...this.#confs, { index: entry.index, conf }]
  }

  #restore(snapshot: Snapshot): void {
    if (snapshot.index <= this.#applied) return
    this.#toApply = this.#toApply.filter(({ index }) => index > snapshot.index)
    this.#applied = snapshot.index
    this.#confs = [{ index: snapshot.index, conf: snapshot.conf }]
    this.#witness.installed(this.id, snapshot)
  }
}
