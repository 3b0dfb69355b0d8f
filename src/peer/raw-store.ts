/** What a RawNode remembers for its host: the entries, so that any follower can be served, and which configuration was in force when. */

import type { LogReader } from '../ports/log-reader.ts'
import { type ConfState, type Entry, entryBytes, type LogIndex, type LogPosition, type TermRun } from '../protocol/types.ts'
import type { InitialState } from './raw-options.ts'

export class RawStore implements LogReader {
  /** Entries from `#truncated + 1` on. */
  #entries: Entry[]
  #truncated: LogIndex
  /** Configurations by the index they came into force at, ascending; of the first one, an index from which on it is known to be in force. */
  #confs: { readonly index: LogIndex; readonly conf: ConfState }[]

  constructor(
    truncated: LogIndex,
    { entries, confState, applied }: Pick<Required<InitialState>, 'entries' | 'confState' | 'applied'>,
  ) {
    this.#truncated = truncated
    this.#entries = [...entries]
    this.#confs = [{ index: applied, conf: confState }]
  }

  get lastIndex(): LogIndex {
    return this.#truncated + this.#entries.length
  }

  /** Where terms begin. */
  get runs(): TermRun[] {
    const runs: TermRun[] = []
    for (const { index, term } of this.#entries) if (runs.at(-1)?.term !== term) runs.push({ from: index, term })
    return runs
  }

  entries(lo: LogIndex, hi: LogIndex, bytesMax: number): readonly Entry[] {
    const found: Entry[] = []
    let bytes = 0
    for (let at = lo; at < hi; at++) {
      const entry = this.#entries[at - this.#truncated - 1]
      if (!entry) break
      bytes += entryBytes(entry)
      if (bytes > bytesMax && found.length > 0) break
      found.push(entry)
    }
    return found
  }

  /** New entries; they replace what was there from the first of them on. */
  append(entries: readonly Entry[]): void {
    const first = entries[0]
    if (!first) return
    this.#entries.length = first.index - this.#truncated - 1
    for (const entry of entries) this.#entries.push(entry)
  }

  /** Everything up to here may go. */
  compact(index: LogIndex): void {
    if (index <= this.#truncated) return
    const conf = this.confAt(index)
    this.#entries = this.#entries.slice(index - this.#truncated)
    this.#truncated = index
    this.#confs = [...(conf ? [{ index, conf }] : []), ...this.#confs.filter((known) => known.index > index)]
  }

  /** A snapshot took the place of everything up to it; of all entries, unless they go on from it. */
  restore({ index }: LogPosition, conf: ConfState, keepsEntries: boolean): void {
    this.#entries = keepsEntries ? this.#entries.slice(Math.max(0, index - this.#truncated)) : []
    this.#truncated = index
    this.#confs = [{ index, conf }]
  }

  /** From this index on, this configuration is in force. */
  configure(index: LogIndex, conf: ConfState): void {
    this.#confs.push({ index, conf })
  }

  /** The configuration in force at an index; undefined if that was before we began. */
  confAt(index: LogIndex): ConfState | undefined {
    return this.#confs.findLast((known) => known.index <= index)?.conf
  }
}
