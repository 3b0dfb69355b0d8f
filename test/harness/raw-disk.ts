/** The disk of one RawNode: what its Readies asked for and was flushed, to start again from. Checks nothing of Raft. */

import type { InitialState } from '../../src/peer/raw-options.ts'
import type { RawReady } from '../../src/peer/raw-ready.ts'
import type { ConfState, Entry, HardState, LogIndex, Snapshot } from '../../src/protocol/types.ts'

export class RawDisk {
  hardState: HardState = { term: 0, vote: null, commit: 0 }
  snapshot: Snapshot | null = null
  /** From `snapshot.index + 1` on. */
  entries: Entry[] = []
  /** How far the state machine had come, and which configuration was in force when. */
  applied: LogIndex = 0
  confs: { readonly index: LogIndex; readonly conf: ConfState }[]

  constructor(conf: ConfState) {
    this.confs = [{ index: 0, conf }]
  }

  get base(): LogIndex {
    return this.snapshot?.index ?? 0
  }

  get lastIndex(): LogIndex {
    return this.base + this.entries.length
  }

  /** Writes what a Ready asks for. */
  save({ hardState, entries, snapshot }: RawReady): void {
    if (hardState) this.hardState = hardState
    const first = entries[0]?.index
    if (first !== undefined) this.entries = [...this.entries.slice(0, first - this.base - 1), ...entries]
    if (snapshot) this.install(snapshot)
  }

  /** The state machine is replaced; entries behind it stay if the log had its last entry. */
  install(snapshot: Snapshot): void {
    if (snapshot.index <= this.base) return
    const keeps = this.entries.some(({ index, term }) => index === snapshot.index && term === snapshot.term)
    this.#begin(snapshot, keeps)
    this.applied = Math.max(this.applied, snapshot.index)
    this.confs = [{ index: snapshot.index, conf: snapshot.conf }, ...this.confs.filter(({ index }) => index > snapshot.index)]
  }

  /** A snapshot of our own making: what lies before it goes. */
  keep(snapshot: Snapshot): void {
    if (snapshot.index > this.base) this.#begin(snapshot, true)
  }

  /** The state machine is flushed too, as far as the log is. */
  checkpoint(applied: LogIndex, confs: RawDisk['confs']): void {
    this.applied = Math.max(this.applied, Math.min(applied, this.lastIndex))
    this.confs = confs.filter(({ index }) => index <= this.applied)
  }

  /** What a peer starts from. */
  initial(): InitialState {
    const { hardState, snapshot, entries, applied, confs } = this
    const commit = Math.max(hardState.commit, applied) // what is applied may have been committed by a Ready that was not flushed yet
    const confState = confs.findLast(({ index }) => index <= applied)?.conf as ConfState
    return { hardState: { ...hardState, commit }, confState, entries, applied, ...(snapshot && { snapshot }) }
  }

  #begin(snapshot: Snapshot, keeps: boolean): void {
    this.entries = keeps ? this.entries.filter(({ index }) => index > snapshot.index) : []
    this.snapshot = snapshot
  }
}
