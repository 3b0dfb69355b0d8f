/**
 * One durable transaction at a time, for all groups together; what waits for the disk leaves when its transaction is on it.
 * Durability before words: nothing that promises something gets past here early.
 */

import { HELD_MAX } from '../base/limits.ts'
import type { Facts, GroupWrite, Installation, NodeStore } from '../ports/store.ts'
import type { StoragePersisted } from '../protocol/events.ts'
import type { Ready } from '../protocol/ready.ts'
import type { Entry, HardState, LogPosition } from '../protocol/types.ts'

/**
 * Applied state is saved this often, together with commit indexes that found no company. Nobody waits for either: after a crash a node applies
 * again from the log what it had not saved. Rows that lie scattered in a tree cost far more to flush than the log, so they do not go along with it;
 * rows of one key that changes often are merged while they wait.
 */
const LAZY_MS = 1000

/** Unsaved applied state that does not wait for its time. */
const UNSAVED_BYTES_MAX = 8 * 1024 * 1024

interface Pending {
  hardState: HardState | null
  entries: readonly Entry[]
  /** Takes the place of all the group holds. */
  install: Installation | null
  /** What may be said of the disk once this is written: the state at the time of the write, not of its end. */
  mark: StoragePersisted
}

/** Facts that are worth saving and that nobody waits for. */
export interface Notes {
  readonly isEmpty: boolean
  /** All of them, once. */
  take(): Facts
  /** That much of a group is on the disk from now on. */
  durable(group: string, mark: StoragePersisted): void
}

export interface FlushOptions {
  readonly store: NodeStore
  /** They go along with whatever is written next. */
  readonly notes: Notes
  /** Called for each group of a transaction that is durable, before what waited for it leaves. */
  readonly onDurable: (group: string, mark: StoragePersisted) => void
  /** Called for each group whose state was replaced, right before that. */
  readonly onInstalled: (group: string, installation: Installation) => void
  /** Called once what waited for a transaction has been let go. */
  readonly onReleased: () => void
  /** The disk failed. Nothing is promised any more. */
  readonly onFailure: (error: unknown) => void
  readonly later: (ms: number, callback: () => void) => void
}

export class Flush {
  readonly #options: FlushOptions
  #pending = new Map<string, Pending>()
  /** Where logs begin from now on. They are cut off with applied state alone: what stands in its place must be saved. */
  #cuts = new Map<string, LogPosition>()
  /** Number of the transaction that is being filled; it is written next. */
  #filling = 1
  /** Transactions up to this number are durable. */
  #durable = 0
  #urgent = false
  /** It is time to save what nobody waits for, too. */
  #due = false
  #reminded = false
  #running: Promise<void> | null = null
  #dead = false
  /** What waits, by the transaction it waits for. */
  readonly #waiting = new Map<number, (() => void)[]>()

  constructor(options: FlushOptions) {
    this.#options = options
  }

  /** Puts what a Ready wants saved into the next transaction; returns the number of the transaction, or 0 when nobody waits for it. */
  add(group: string, { hardState, entries, mustSync }: Ready, mark: StoragePersisted): number {
    if (hardState || entries.length > 0) {
      const pending = this.#pendingOf(group, mark)
      if (hardState) pending.hardState = hardState
      if (entries.length > 0) pending.entries = overwrite(pending.entries, entries)
    }
    if (!mustSync) return 0
    this.#urgent = true
    return this.#filling
  }

  /** The log of a group begins behind this entry: what is before it leaves the disk, some time. */
  cut(group: string, at: LogPosition): void {
    this.#cuts.set(group, at)
  }

  /** Puts a staged state into the next transaction, in place of all the group holds, and of what waits to be written of it. Returns its number. */
  install(group: string, installation: Installation, mark: StoragePersisted): number {
    const pending = this.#pendingOf(group, mark)
    pending.entries = []
    pending.install = installation
    this.#cuts.delete(group)
    this.#urgent = true
    const transaction = this.#filling
    this.kick()
    return transaction
  }

  #pendingOf(group: string, mark: StoragePersisted): Pending {
    const pending = this.#pending.get(group) ?? { hardState: null, entries: [], install: null, mark }
    pending.mark = mark
    this.#pending.set(group, pending)
    return pending
  }

  /** What is not on its way to the disk yet of this group stays away from it: the group has left. A state that was to be installed is nobody's, and cleared. */
  forget(group: string): void {
    const install = this.#pending.get(group)?.install
    if (install) this.#options.store.unstage(install.state).catch(() => {}) // left to the next opening
    this.#pending.delete(group)
    this.#cuts.delete(group)
  }

  /** Runs the callback once that transaction is durable: now, if it is. Never, if the disk fails, or if too many wait for it. */
  after(transaction: number, callback: () => void): void {
    if (this.#dead) return
    if (transaction <= this.#durable) {
      callback()
      return
    }
    const waiting = this.#waiting.get(transaction)
    if (waiting && waiting.length >= HELD_MAX) return // lost, as on the way; it will be said again
    if (waiting) waiting.push(callback)
    else this.#waiting.set(transaction, [callback])
  }

  /** Begins the next transaction if somebody waits for it, or much is unsaved; sees to it that what is left is saved soon. */
  kick(): void {
    if (this.#dead) return
    if (this.#options.store.unsavedBytes > UNSAVED_BYTES_MAX) this.#due = true
    if (!this.#running && (this.#urgent || this.#due)) this.#running = this.#write()
    if (this.#reminded || !this.#hasUnsaved) return
    this.#reminded = true
    this.#options.later(LAZY_MS, () => {
      this.#reminded = false
      if (this.#dead) return
      this.#due = this.#hasUnsaved
      this.kick()
    })
  }

  get #hasUnsaved(): boolean {
    const { notes, store } = this.#options
    return this.#pending.size > 0 || this.#cuts.size > 0 || store.unsavedBytes > 0 || !notes.isEmpty
  }

  /** Saves everything that is unsaved. Resolves when it is durable, or when the disk has failed. */
  async settle(): Promise<void> {
    while (!this.#dead && (this.#running || this.#hasUnsaved)) {
      if (!this.#running) {
        this.#due = true
        this.#running = this.#write()
      }
      await this.#running
    }
  }

  /** Nothing leaves any more. */
  stop(): void {
    this.#dead = true
    this.#waiting.clear()
  }

  async #write(): Promise<void> {
    const pending = this.#pending
    const number = this.#filling
    this.#pending = new Map()
    this.#filling = number + 1
    const scope = this.#due ? 'all' : 'batch'
    this.#urgent = false
    this.#due = false
    const cuts = scope === 'all' ? this.#cuts : NO_CUTS
    if (scope === 'all') this.#cuts = new Map()
    try {
      const { store, notes } = this.#options
      await store.write(writesOf(pending, cuts), scope, notes.take())
    } catch (error) {
      this.stop()
      this.#running = null
      this.#options.onFailure(error)
      return
    }
    this.#running = null
    if (this.#dead) return
    this.#durable = number
    for (const [group, { install, mark }] of pending) {
      if (install) this.#options.onInstalled(group, install)
      this.#options.onDurable(group, mark)
      this.#options.notes.durable(group, mark)
    }
    const waiting = this.#waiting.get(number) ?? []
    this.#waiting.delete(number)
    for (const callback of waiting) callback()
    this.#options.onReleased()
    this.kick()
  }
}

const NO_CUTS: ReadonlyMap<string, LogPosition> = new Map()

function writesOf(pending: ReadonlyMap<string, Pending>, cuts: ReadonlyMap<string, LogPosition>): GroupWrite[] {
  const groups = new Set([...pending.keys(), ...cuts.keys()])
  return Array.from(groups, (group) => {
    const { hardState, entries = [], install } = pending.get(group) ?? {}
    const truncate = install ? undefined : cuts.get(group)
    return {
      group,
      ...(hardState && { hardState }),
      ...(entries.length > 0 && { entries }),
      ...(truncate && { truncate }),
      ...(install && { install }),
    }
  })
}

/** Entries over older ones that were not written yet: the newer win from their first index on. */
function overwrite(older: readonly Entry[], newer: readonly Entry[]): readonly Entry[] {
  const first = newer[0]
  if (!first || older.length === 0) return newer
  return [...older.filter((entry) => entry.index < first.index), ...newer]
}
