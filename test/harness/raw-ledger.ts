/** What a group of RawNodes as a whole may never do, checked from outside at every word: nothing here knows how Raft comes by it. */

import assert from 'node:assert/strict'
import type { Outgoing, RawReadState } from '../../src/peer/raw-ready.ts'
import type { ConfState, Entry, LogIndex, PeerId, Snapshot, Term } from '../../src/protocol/types.ts'
import type { Witness } from './raw-host.ts'

export class RawLedger implements Witness {
  /** Everything that anybody ever took for committed. */
  readonly #committed = new Map<LogIndex, string>()
  readonly #terms = new Map<LogIndex, Term>()
  /** Configurations by the index they are in force from. */
  readonly #confs = new Map<LogIndex, string>()
  readonly #leaders = new Map<Term, PeerId>()
  readonly #appliedTo = new Map<PeerId, LogIndex>()
  /** By context: what was committed when the question was asked. */
  readonly #asked = new Map<string, LogIndex>()
  readonly #send: (message: Outgoing) => void
  /** The highest index that anybody took for committed: some client may know of it. */
  acknowledged: LogIndex = 0
  /** The newest configuration that took effect anywhere. */
  conf: ConfState
  #confAt: LogIndex = 0
  readonly counts = { answered: 0, installed: 0, reconfigured: 0, elected: 0 }

  constructor(conf: ConfState, send: (message: Outgoing) => void) {
    this.conf = conf
    this.#send = send
  }

  /** A peer goes on from here. */
  started(peer: PeerId, applied: LogIndex): void {
    this.#appliedTo.set(peer, applied)
  }

  /** A question. Returns its context. */
  ask(): string {
    const context = `read ${this.#asked.size}`
    this.#asked.set(context, this.acknowledged)
    return context
  }

  handedOut(entries: readonly Entry[]): void {
    for (const { index, term, kind, data } of entries) {
      const text = `${term} ${kind} ${Buffer.from(data).toString()}`
      assert.equal(text, this.#committed.get(index) ?? text, `entry ${index} was committed as another`)
      this.#committed.set(index, text)
      this.#terms.set(index, term)
      this.acknowledged = Math.max(this.acknowledged, index)
    }
  }

  applied(peer: PeerId, entry: Entry, conf: ConfState): void {
    const { index, kind } = entry
    assert.equal(index, (this.#appliedTo.get(peer) ?? 0) + 1, `peer ${peer} applies out of order`)
    this.#appliedTo.set(peer, index)
    if (kind !== 'configuration' || conf.voters.length === 0) return // a new peer that was told nothing it may believe yet
    const text = JSON.stringify(conf)
    assert.equal(text, this.#confs.get(index) ?? text, `at ${index}, peer ${peer} is in another configuration`)
    this.#confs.set(index, text)
    if (index <= this.#confAt) return
    this.#confAt = index
    this.conf = conf
    this.counts.reconfigured++
  }

  installed(peer: PeerId, { index, term, conf }: Snapshot): void {
    assert.ok(index > (this.#appliedTo.get(peer) ?? 0), `peer ${peer} goes back to a snapshot at ${index}`)
    assert.equal(term, this.#terms.get(index), `the snapshot at ${index} is of another log`)
    const at = Math.max(0, ...[...this.#confs.keys()].filter((one) => one <= index))
    if (at > 0) assert.equal(JSON.stringify(conf), this.#confs.get(at), `the snapshot at ${index} has another configuration`)
    this.#appliedTo.set(peer, index)
    this.counts.installed++
  }

  elected(peer: PeerId, term: Term): void {
    assert.equal(peer, this.#leaders.get(term) ?? peer, `two leaders in term ${term}`)
    this.#leaders.set(term, peer)
    this.counts.elected++
  }

  answered(peer: PeerId, { index, context }: RawReadState): void {
    const least = this.#asked.get(context)
    assert.ok(least !== undefined, `peer ${peer} answers what nobody asked`)
    assert.ok(index >= least, `peer ${peer} answers ${context} as of ${index}, when ${least} was acknowledged before`)
    this.counts.answered++
  }

  sent(message: Outgoing): void {
    this.#send(message)
  }
}
