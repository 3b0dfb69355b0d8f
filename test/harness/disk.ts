/** A disk in memory that forgets what was not flushed. Knows no roles and no messages. */

import assert from 'node:assert/strict'
import type { PeerInput } from '../../src/peer/step.ts'
import type { LogReader } from '../../src/ports/log-reader.ts'
import {
  type Entry,
  entryBytes,
  type HardState,
  type LogIndex,
  type LogPosition,
  type PeerId,
  type Term,
  type TermRun,
  votersOnly,
} from '../../src/protocol/types.ts'

/** What one flush puts on the disk. */
export interface Write {
  readonly hardState: HardState | null
  readonly entries: readonly Entry[]
  readonly applied: LogIndex
}

/** An entry with a word as its data. */
export const entryOf = (term: Term, index: LogIndex, word: string): Entry => ({
  term,
  index,
  kind: 'command',
  data: new TextEncoder().encode(word),
})

/** A log as the papers draw it: terms from index 1 on. Equal (index, term) have equal data, as Log Matching wants. */
export const entriesOf = (terms: readonly Term[], from: LogIndex = 1): Entry[] =>
  terms.map((term, i) => entryOf(term, from + i, `${term}.${from + i}`))

/** Terms as runs: how a store remembers them. */
export function runsOf(entries: readonly Entry[]): TermRun[] {
  const runs: TermRun[] = []
  for (const { index, term } of entries) if (runs.at(-1)?.term !== term) runs.push({ from: index, term })
  return runs
}

/** One peer's disk. Only `write` changes it. */
export class Disk implements LogReader {
  hardState: HardState = { term: 0, vote: null, commit: 0 }
  applied: LogIndex = 0
  #entries: Entry[] = []
  #truncated: LogPosition = { index: 0, term: 0 }

  static holding(terms: readonly Term[], hardState: Partial<HardState> = {}): Disk {
    const disk = new Disk()
    disk.#entries = entriesOf(terms)
    disk.hardState = { term: terms.at(-1) ?? 0, vote: null, commit: 0, ...hardState }
    return disk
  }

  get all(): readonly Entry[] {
    return this.#entries
  }

  write({ hardState, entries, applied }: Write): void {
    if (hardState) this.hardState = hardState
    const first = entries[0]
    if (first) {
      assert.ok(first.index <= this.#entries.length + 1, `a hole in the disk before ${first.index}`)
      this.#entries.length = first.index - 1 // in place: a copy would cost as much as the log is long
      for (const entry of entries) this.#entries.push(entry)
    }
    this.applied = Math.max(this.applied, Math.min(applied, this.#entries.length))
  }

  /** A snapshot stands for everything up to its position: blanks, unless that very entry is here. */
  install({ index, term }: LogPosition): void {
    if (this.#entries[index - 1]?.term !== term) this.#entries = entriesOf(Array.from({ length: index }, () => term))
    this.#truncated = { index, term }
    this.applied = Math.max(this.applied, index)
  }

  entries(lo: LogIndex, hi: LogIndex, bytesMax: number): readonly Entry[] {
    assert.ok(lo >= 1 && hi - 1 <= this.#entries.length, `entries [${lo}, ${hi}) are not all on the disk`)
    const found: Entry[] = []
    let bytes = 0
    for (const entry of this.#entries.slice(lo - 1, hi - 1)) {
      bytes += entryBytes(entry)
      if (bytes > bytesMax && found.length > 0) break
      found.push(entry)
    }
    return found
  }

  /** What a peer finds here when it starts. */
  recall(id: PeerId, voters: readonly PeerId[]): PeerInput {
    return {
      id,
      conf: votersOnly(voters),
      hardState: this.hardState,
      applied: this.applied,
      truncated: this.#truncated,
      lastIndex: this.#entries.length,
      runs: runsOf(this.#entries.slice(this.#truncated.index)),
      reader: this,
    }
  }
}
