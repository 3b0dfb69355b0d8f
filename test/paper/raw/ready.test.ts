/** What a Ready asks for and when (thesis 10.2.1), restarts, and disks that work while the peer goes on: on the public peer. */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { RawNode } from '../../../src/peer/raw-node.ts'
import { type Snapshot, votersOnly } from '../../../src/protocol/types.ts'
import { accepted, append, heartbeat, requestVote, requestVoteReply } from '../../harness/letters.ts'
import { leading, PLAIN, RawBench, streaming } from '../../harness/raw-bench.ts'
import { entry } from '../../harness/raw-cluster.ts'

describe('a Ready', () => {
  test('is not there when nothing is to be done, and not again when it was handed out', () => {
    const bench = new RawBench()
    assert.equal(bench.node.hasReady(), false)
    bench.campaign()
    assert.equal(bench.node.hasReady(), false)
    bench.node.tick()
    assert.equal(bench.node.hasReady(), false)
  })

  test('names role and leader only when one of them changed', () => {
    const bench = new RawBench()
    bench.node.campaign()
    assert.deepEqual(bench.work()[0]?.softState, { role: 'candidate', leader: null })
    bench.node.step(requestVoteReply({ term: 1, granted: true }))
    const [won] = bench.work()
    assert.deepEqual(won?.softState, { role: 'leader', leader: 1 })
    bench.propose('a')
    bench.node.step(accepted({ term: 1, index: 2 }))
    for (const { softState } of bench.work()) assert.equal(softState, undefined)
  })

  test('of a new group of one: term and vote, then an entry, then that it is committed', () => {
    const bench = new RawBench({ voters: [1] })
    bench.node.campaign()
    const [first, second, third] = bench.work()
    assert.deepEqual([first?.hardState, first?.mustSync], [{ term: 1, vote: 1, commit: 0 }, true])
    assert.deepEqual([second?.entries.map(({ index, kind }) => [index, kind]), second?.mustSync], [[[1, 'noop']], true])
    assert.deepEqual([third?.committedEntries.length, third?.hardState?.commit, third?.mustSync], [1, 1, false])
    assert.equal(bench.status.applied, 1)
  })

  test('has to be flushed for entries, term and vote, not for a commit index alone', () => {
    const bench = new RawBench({ log: [1, 1] })
    bench.node.step(heartbeat({ term: 1, commit: 2 }))
    const [commit] = bench.work()
    assert.deepEqual([commit?.mustSync, commit?.hardState?.commit], [false, 2])
    bench.node.step(requestVote({ term: 2, lastIndex: 2, lastTerm: 1 }))
    assert.equal(bench.work()[0]?.mustSync, true)
  })

  test('marks what promises something of the disk, and nothing that a leader says', () => {
    const follower = new RawBench()
    follower.node.step(append({ term: 1, terms: [1] }))
    follower.node.step(heartbeat({ term: 1 }))
    follower.node.step(requestVote({ term: 2, lastIndex: 1, lastTerm: 1 }))
    assert.deepEqual(
      follower.work().flatMap(({ messages }) => messages.map((m) => m.waitsForDisk)),
      [true, true, true],
    )
    const candidate = new RawBench()
    candidate.node.campaign()
    assert.deepEqual(
      candidate.work()[0]?.messages.map((m) => [m.type, m.waitsForDisk]),
      Array(2).fill(['RequestVote', true]),
    )
    const leader = leading()
    leader.node.tick()
    leader.node.propose(Buffer.from('a'))
    const said = leader.work().flatMap(({ messages }) => messages)
    assert.ok(said.length > 0 && said.every((m) => !m.waitsForDisk))
  })
})

describe('a restart', () => {
  test('brings what is committed to be applied, and nothing to be written or sent', () => {
    const bench = new RawBench({ log: [1, 1], commit: 1 })
    const [ready, ...more] = bench.work()
    assert.deepEqual(
      ready?.committedEntries.map(({ index }) => index),
      [1],
    )
    assert.deepEqual([ready?.hardState, ready?.entries, ready?.messages, ready?.mustSync, more], [undefined, [], [], false, []])
    const { term, vote, commit, lastIndex, role } = bench.status
    assert.deepEqual([term, vote, commit, lastIndex, role], [1, null, 1, 2, 'follower'])
  })

  const snapshot: Snapshot = { index: 2, term: 1, conf: votersOnly([1, 2]), data: Buffer.of() }

  test('from a snapshot brings only what is committed behind it', () => {
    const bench = new RawBench({ snapshot, log: [1], commit: 3, voters: [1, 2] })
    assert.deepEqual(
      bench.work().map(({ committedEntries }) => committedEntries.map(({ index }) => index)),
      [[3]],
    )
    assert.deepEqual([bench.status.firstIndex, bench.status.lastIndex, bench.status.applied], [3, 3, 3])
  })

  test('with a commit index older than the snapshot goes on from the snapshot; what is behind it is still there', () => {
    const initial = {
      snapshot,
      confState: snapshot.conf,
      entries: [entry(3, 1), entry(4, 1)],
      hardState: { term: 2, vote: 2, commit: 1 },
    }
    const { commit, applied, lastIndex, term, vote } = new RawNode({ id: 1, initial }).status()
    assert.deepEqual([commit, applied, lastIndex, term, vote], [2, 2, 4, 2, 2])
  })

  test('of who applied more than its hard state says brings nothing twice', () => {
    const bench = new RawBench({ log: [1, 1, 1], commit: 3, applied: 2 })
    assert.deepEqual(
      bench.work().flatMap(({ committedEntries }) => committedEntries.map(({ index }) => index)),
      [3],
    )
  })

  test('with an empty disk under a known name: no peer breaks, the leader keeps what it knows, nothing committed is lost', () => {
    const leader = streaming([2, 3])
    leader.propose('a', 'b')
    leader.hear(accepted({ term: 1, from: 2, index: 3 }), accepted({ term: 1, from: 3, index: 3 }))
    const empty = new RawBench({ id: 2 })
    for (let round = 0; round < 40; round++) {
      leader.propose('c').tick()
      const told = leader.sent.filter(({ to }) => to === 2)
      const said = empty.hear(...told)
      leader.hear(...said.filter(({ to }) => to === 1))
    }
    assert.deepEqual([leader.standing, leader.status.commit >= 3, empty.status.broken], [['leader', 1], true, null])
    assert.ok(empty.status.commit <= empty.status.lastIndex)
  })
})

describe('a disk that takes its time', () => {
  test('holds back a peer’s vote for itself: the only voter leads when it is flushed, not before', () => {
    const { node } = new RawBench({ voters: [1] })
    node.campaign()
    const ready = node.ready()
    assert.equal(node.status().role, 'candidate')
    node.persisted(ready.mark)
    assert.equal(node.status().role, 'leader')
  })

  test('and is done after a leader of that term was heard: too late to change anything', () => {
    const { node } = new RawBench()
    node.campaign()
    const ready = node.ready()
    node.step(heartbeat({ term: 1 }))
    node.step(requestVoteReply({ term: 1, from: 3, granted: true }))
    node.persisted(ready.mark)
    const { role, term, leader, vote } = node.status()
    assert.deepEqual([role, term, leader, vote], ['follower', 1, 2, 1])
  })

  test('and reports the vote of an earlier term: that is none in this one', () => {
    const { node } = new RawBench({ voters: [1, 2, 3] })
    node.campaign()
    const first = node.ready()
    node.campaign()
    node.ready()
    node.step(requestVoteReply({ term: 2, granted: true }))
    node.persisted(first.mark)
    assert.deepEqual([node.status().role, node.status().term], ['candidate', 2])
  })

  test('holds back the leader’s own copy: a majority of others commits without it, one other does not', () => {
    const { node } = streaming([2, 3])
    node.propose(Buffer.from('a'))
    const ready = node.ready()
    node.step(accepted({ term: 1, from: 2, index: 2 }))
    assert.equal(node.status().commit, 1)
    node.persisted({ index: 2, term: 1 })
    assert.equal(node.status().commit, 2)
    assert.equal(ready.messages.length, 2)
    const other = streaming([2, 3]).node
    other.propose(Buffer.from('a'))
    for (const from of [2, 3]) other.step(accepted({ term: 1, from, index: 2 }))
    assert.equal(other.status().commit, 2)
  })

  test('and reports what was replaced meanwhile: that entry is not there any more', () => {
    const { node } = leading({ voters: [1, 2, 3, 4, 5] })
    node.propose(Buffer.from('a'))
    const old = node.ready()
    node.step(append({ term: 3, terms: [3], prevIndex: 0 }))
    const replaced = node.ready()
    assert.deepEqual(
      replaced.entries.map(({ index, term }) => [index, term]),
      [[1, 3]],
    )
    node.persisted(old.mark)
    node.persisted(replaced.mark)
    assert.deepEqual([node.status().lastIndex, node.status().broken], [1, null])
  })

  test('and reports in another order: the later word stands for the earlier, and that one changes nothing', () => {
    const { node } = streaming([2, 3])
    const readies = ['a', 'b', 'c'].map((word) => {
      node.propose(Buffer.from(word))
      return node.ready()
    })
    node.step(accepted({ term: 1, from: 2, index: 4 }))
    assert.equal(node.status().commit, 1)
    for (const [at, commit] of [
      [1, 3],
      [0, 3],
      [2, 4],
      [1, 4],
    ] as const) {
      node.persisted(readies[at]?.mark ?? { index: 0, term: 0 })
      assert.equal(node.status().commit, commit)
    }
  })

  test('gives entries that are not on it to followers, and to who applies once they are', () => {
    const { node } = streaming([2, 3])
    node.propose(Buffer.from('a'))
    const { entries, messages, mark } = node.ready()
    const [letter] = messages
    assert.deepEqual(letter?.type === 'AppendEntries' && letter.entries, entries)
    for (const from of [2, 3]) node.step(accepted({ term: 1, from, index: 2 }))
    assert.deepEqual([node.status().commit, node.ready().committedEntries, node.hasReady()], [2, [], false])
    node.persisted(mark)
    assert.deepEqual(node.ready().committedEntries, entries)
  })

  test('hands out entries together with the news that they are committed, unless earlier ones are still being written', () => {
    const indexes = (entries: readonly { readonly index: number }[]): number[] => entries.map(({ index }) => index)
    const { node } = new RawBench()
    node.step(append({ term: 1, terms: [1], commit: 1 }))
    const first = node.ready()
    assert.deepEqual([indexes(first.entries), indexes(first.committedEntries)], [[1], [1]])
    node.step(append({ term: 1, prevIndex: 1, prevTerm: 1, terms: [1, 1], commit: 2 }))
    const second = node.ready()
    assert.deepEqual([indexes(second.entries), indexes(second.committedEntries)], [[2, 3], []])
    node.persisted(first.mark)
    assert.equal(node.hasReady(), false)
    node.persisted(second.mark)
    assert.deepEqual(indexes(node.ready().committedEntries), [2])
  })

  test('of whose state machine is ahead of it is no disk to begin from; ahead of the hard state’s commit index it may be', () => {
    const log = [1, 1, 1]
    assert.deepEqual(new RawBench({ log, commit: 1, applied: 3 }).status.commit, 3)
    assert.throws(() => new RawBench({ log, commit: 1, applied: 4 }), { code: 'CONFIG_INVALID' })
  })
})

describe('a follower that lost what it never acknowledged', () => {
  test('is asked again from what it did, and answers of before do not count for what it has not', () => {
    const leader = streaming([2], { voters: [1, 2, 3], ...PLAIN })
    leader.propose('a', 'b', 'c')
    void leader.sent
    leader.hear(accepted({ term: 1, index: 2 }))
    const back = new RawBench({ id: 2, log: [1, 1] })
    leader.propose('d')
    const told = leader.sent.filter(({ to }) => to === 2)
    const again = leader.hear(...back.hear(...told)).filter(({ to }) => to === 2)
    assert.deepEqual([leader.status.progress[2]?.match, leader.status.commit], [2, 2])
    leader.hear(...back.hear(...again))
    leader.hear(accepted({ term: 1, index: 1 })) // late
    assert.deepEqual([back.terms, leader.status.progress[2]?.match], [[1, 1, 1, 1, 1], 5])
  })
})
