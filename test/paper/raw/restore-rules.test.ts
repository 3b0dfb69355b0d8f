/** What a peer does with a snapshot that reaches it (§7): takes it whole, or not at all. */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { ConfState, Snapshot } from '../../../src/protocol/types.ts'
import { votersOnly } from '../../../src/protocol/types.ts'
import { append, heartbeat, installSnapshot, snapshotAt, timeoutNow } from '../../harness/letters.ts'
import { leading, RawBench, type RawBenchOptions } from '../../harness/raw-bench.ts'

const NOBODY: ConfState = { ...votersOnly([]) }
const replies = (bench: RawBench, snapshot: Snapshot, term = 12): readonly (readonly [boolean, number])[] =>
  bench
    .hear(installSnapshot({ term, snapshot }))
    .flatMap((m) => (m.type === 'AppendEntriesReply' ? [[m.accepted, m.index] as const] : []))

const fresh = (options: RawBenchOptions = {}): RawBench => new RawBench({ term: 1, ...options })

describe('a snapshot', () => {
  test('takes the place of log and configuration', () => {
    const bench = fresh({ log: [1, 1], conf: { learners: [9] } })
    assert.deepEqual(replies(bench, snapshotAt(11, 11)), [[true, 11]])
    const { firstIndex, lastIndex, commit, applied, confState } = bench.status
    assert.deepEqual({ firstIndex, lastIndex, commit, applied }, { firstIndex: 12, lastIndex: 11, commit: 11, applied: 11 })
    assert.deepEqual(confState, votersOnly([1, 2, 3]))
    assert.equal(bench.hear(append({ term: 12, prevIndex: 11, prevTerm: 11, terms: [12] })).length, 1)
    assert.equal(bench.status.lastIndex, 12, 'the log goes on behind it')
  })

  test('is installed once, however often it comes', () => {
    const bench = fresh()
    replies(bench, snapshotAt(11, 11))
    bench.node.step(installSnapshot({ term: 12, snapshot: snapshotAt(11, 11) }))
    assert.ok(bench.work().every(({ snapshot }) => snapshot === undefined))
  })

  test('older than what is committed changes nothing, and is answered with that', () => {
    const bench = fresh({ log: [1, 1, 1, 1], commit: 3 })
    assert.deepEqual(replies(bench, snapshotAt(2, 1)), [[true, 3]])
    assert.deepEqual([bench.status.lastIndex, bench.status.firstIndex], [4, 1])
  })

  test('that the log contains already only tells what is committed', () => {
    const at = (index: number): RawBench => {
      const bench = fresh({ log: [1, 1, 1], commit: 1 })
      replies(bench, snapshotAt(index, 1))
      return bench
    }
    assert.deepEqual([at(1).status.commit, at(1).status.firstIndex], [1, 1])
    assert.deepEqual([at(2).status.commit, at(2).status.firstIndex, at(2).status.lastIndex], [2, 1, 3])
  })

  test('makes a learner of a voter', () => {
    const bench = fresh()
    replies(bench, snapshotAt(11, 11, { conf: { ...votersOnly([2, 3]), learners: [1] } }))
    assert.deepEqual(bench.status.confState.learners, [1])
    assert.deepEqual(bench.tick(40).sentOf('RequestVote'), [])
  })

  test('reaches an outgoing voter of a joint configuration', () => {
    const bench = fresh()
    const conf = { ...votersOnly([2, 3, 4]), votersOutgoing: [1, 2, 3] }
    assert.deepEqual(replies(bench, snapshotAt(11, 11, { conf })), [[true, 11]])
    assert.deepEqual(bench.status.confState, conf)
  })

  test('in which it is nobody is refused by a member', () => {
    const bench = fresh()
    assert.deepEqual(replies(bench, snapshotAt(11, 11, { conf: votersOnly([2, 3]) })), [[true, 0]])
    assert.deepEqual([bench.status.lastIndex, bench.status.confState.voters], [0, [1, 2, 3]])
  })

  test('from before its time is taken by a new peer, and the log behind it calls it in', () => {
    for (const conf of [NOBODY, votersOnly([2, 3])]) {
      const bench = new RawBench({ id: 4, voters: conf.voters })
      const snapshot = snapshotAt(11, 11)
      bench.hear({ ...installSnapshot({ term: 12, snapshot }), to: 4 })
      assert.deepEqual([bench.status.lastIndex, bench.status.confState.voters], [11, [1, 2, 3]])
    }
  })

  test('brings its own configuration, though a newer one stood in the log, uncommitted', () => {
    const old = leading({ voters: [1, 2, 3] })
    const { term } = old.status
    old.hear({ type: 'AppendEntriesReply', from: 2, to: 1, term, accepted: true, index: 1, hintIndex: 0, hintTerm: 0 })
    old.node.proposeConfChange({ transition: 'auto', steps: [{ type: 'AddNode', peer: 4 }], context: '' })
    old.work()
    assert.deepEqual(replies(old, snapshotAt(5, 2), term + 1), [[true, 5]])
    assert.deepEqual([old.status.confState, old.status.lastIndex], [votersOnly([1, 2, 3]), 5])
    assert.deepEqual(old.hear(append({ term: term + 1, prevIndex: 5, prevTerm: 2, terms: [2], commit: 6 })).length, 1)
    assert.equal(old.status.confState.voters.length, 3)
  })
})

describe('while a snapshot waits to be installed', () => {
  function waiting(): RawBench {
    const bench = fresh({ log: [1] })
    bench.node.step(installSnapshot({ term: 12, snapshot: snapshotAt(11, 11) }))
    const ready = bench.node.ready()
    assert.equal(ready.snapshot?.index, 11)
    bench.node.persisted(ready.mark)
    return bench
  }

  test('nobody campaigns: not by time, and not when told to', () => {
    const bench = waiting()
    for (let i = 0; i < 40; i++) bench.node.tick()
    bench.node.campaign()
    bench.node.step(timeoutNow({ term: 12 }))
    assert.deepEqual([bench.status.role, bench.status.term], ['follower', 12])
  })

  test('nothing is put on top of half of it', () => {
    const bench = waiting()
    bench.node.step(append({ term: 12, prevIndex: 1, prevTerm: 1, terms: [12] }))
    bench.node.step(append({ term: 12, prevIndex: 11, prevTerm: 11, terms: [12] }))
    bench.node.step(heartbeat({ term: 12, commit: 1 }))
    assert.equal(bench.status.lastIndex, 1)
    assert.ok(bench.node.ready().entries.length === 0)
  })

  test('a newer one takes its place, an older one does not', () => {
    const bench = waiting()
    bench.node.step(installSnapshot({ term: 12, snapshot: snapshotAt(9, 9) }))
    assert.equal(bench.node.ready().snapshot, undefined)
    bench.node.step(installSnapshot({ term: 12, snapshot: snapshotAt(15, 12) }))
    const ready = bench.node.ready()
    assert.equal(ready.snapshot?.index, 15)
    bench.node.installed(snapshotAt(11, 11))
    assert.equal(bench.status.commit, 0, 'the first one came too late')
    bench.node.advance(ready)
    assert.deepEqual([bench.status.commit, bench.status.lastIndex], [15, 15])
  })

  test('changes of configuration that it stands for do not take effect after it', () => {
    const donor = leading({ voters: [1] })
    donor.node.proposeConfChange({ transition: 'auto', steps: [{ type: 'AddNode', peer: 7 }], context: '' })
    const change = donor
      .work()
      .flatMap(({ entries }) => entries)
      .at(-1)
    assert.ok(change?.kind === 'configuration')
    const bench = waiting()
    bench.node.installed(snapshotAt(11, 11))
    assert.deepEqual(bench.node.applyConfChange(change), votersOnly([1, 2, 3]))
  })
})

describe('a snapshot of one’s own', () => {
  test('can be made of what is applied and still known only', () => {
    const bench = new RawBench({ log: [1, 1, 1, 1], commit: 4, applied: 3 })
    assert.throws(() => bench.node.createSnapshot(5, new Uint8Array()), { code: 'CONFIG_INVALID' })
    assert.throws(
      () => bench.node.createSnapshot(2, new Uint8Array()),
      { code: 'CONFIG_INVALID' },
      'which members there were at 2, who knows',
    )
    assert.deepEqual(bench.node.createSnapshot(3, new Uint8Array()).conf, votersOnly([1, 2, 3]))
    bench.work()
    assert.equal(bench.node.createSnapshot(4, new Uint8Array()).index, 4)
  })

  test('is not made by who was never told a configuration', () => {
    const bench = new RawBench({ id: 4, voters: [] })
    bench.hear({ ...append({ term: 1, terms: [1, 1], commit: 2 }), to: 4 })
    assert.equal(bench.status.applied, 2)
    assert.throws(() => bench.node.createSnapshot(2, new Uint8Array()), { code: 'CONFIG_INVALID' })
  })

  test('is all that a peer needs to start again', () => {
    const bench = new RawBench({ snapshot: snapshotAt(2, 1), log: [1], commit: 3 })
    assert.deepEqual([bench.status.firstIndex, bench.status.lastIndex, bench.status.applied], [3, 3, 2])
    bench.work()
    assert.deepEqual(
      bench.applied.map(({ index }) => index),
      [3],
    )
  })
})
