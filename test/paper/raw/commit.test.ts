/** When entries are committed, and how followers learn of it (§5.3, §5.4.2), on the public peer. */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { prng } from '../../../src/base/prng.ts'
import type { PeerId, Term } from '../../../src/protocol/types.ts'
import { accepted, append, heartbeatReply, rejected } from '../../harness/letters.ts'
import { leading, PLAIN, RawBench, streaming } from '../../harness/raw-bench.ts'
import { entry, RawCluster } from '../../harness/raw-cluster.ts'

const upTo = (size: number): PeerId[] => Array.from({ length: size }, (_, i) => i + 1)

describe('a new leader', () => {
  test('appends an entry of its term that says nothing, and sends it to all at once', () => {
    const bench = leading({ log: [1, 1], term: 2 })
    const sends = bench.sentOf('AppendEntries')
    assert.deepEqual(bench.terms, [1, 1, 3])
    assert.deepEqual([bench.disk.get(3)?.kind, bench.disk.get(3)?.data.length], ['noop', 0])
    assert.deepEqual(
      sends.map(({ to, prevIndex, prevTerm, entries }) => [to, prevIndex, prevTerm, entries.map(({ index }) => index)]),
      [2, 3].map((to) => [to, 2, 1, [3]]),
    )
  })

  test('knows of no follower’s log more than where to begin, and of its own what is on its disk', () => {
    const bench = new RawBench({ log: [1, 1], voters: [1] }).campaign()
    assert.equal(bench.status.commit, 3)
    const three = leading({ log: [1, 1] })
    for (const id of [2, 3]) {
      const { match, next, state } = three.status.progress[id] ?? {}
      assert.deepEqual([match, next, state], [0, 3, 'probe'])
    }
  })

  test('moves next on with each proposal to a follower that streams, and not for one that it probes', () => {
    const bench = streaming([2])
    bench.propose('a', 'b')
    assert.deepEqual(
      [2, 3].map((id) => bench.status.progress[id]?.next),
      [4, 1],
    )
  })
})

describe('an entry', () => {
  const SETS: readonly [size: number, acks: readonly PeerId[], committed: boolean][] = [
    [1, [], true],
    [3, [], false],
    [3, [2], true],
    [3, [2, 3], true],
    [5, [], false],
    [5, [2], false],
    [5, [2, 3], true],
    [5, [2, 3, 4], true],
    [5, [2, 3, 4, 5], true],
  ]
  for (const [size, acks, committed] of SETS)
    test(`of a leader of ${size} that ${acks.length} others have is ${committed ? 'committed' : 'not committed'}`, () => {
      const bench = streaming(upTo(size).slice(1), { voters: upTo(size) })
      assert.equal(bench.status.commit, 1)
      bench.propose('a')
      bench.hear(...acks.map((from) => accepted({ term: 1, from, index: 2 })))
      assert.equal(bench.status.commit, committed ? 2 : 1)
      assert.equal(bench.applied.length, committed ? 2 : 1)
    })

  for (const log of [[], [2], [1, 2], [1]] as readonly (readonly Term[])[])
    test(`of the leader’s term commits all before it: [${log}]`, () => {
      const bench = leading({ log, term: 2 })
      bench.propose('a')
      bench.hear(accepted({ term: 3, index: log.length + 2 }))
      assert.deepEqual(
        bench.applied.map(({ index }) => index),
        upTo(log.length + 2),
      )
    })

  test('that is acknowledged twice by one is not on a majority', () => {
    const bench = streaming(upTo(5).slice(1), { voters: upTo(5) }).propose('a')
    for (let i = 0; i < 5; i++) bench.hear(accepted({ term: 1, index: 2 }))
    assert.equal(bench.status.commit, 1)
  })

  test('that only learners and strangers acknowledge is not on a majority', () => {
    const bench = streaming([2, 3], { conf: { learners: [4] } }).propose('a')
    bench.hear(accepted({ term: 1, from: 4, index: 2 }), accepted({ term: 1, from: 9, index: 2 }))
    assert.equal(bench.status.commit, 1)
  })

  test('acknowledged beyond the end of the leader’s log counts no further than that', () => {
    const bench = streaming([2, 3])
    bench.hear(accepted({ term: 1, index: 99 }))
    const { commit, progress, dropped } = bench.status
    assert.deepEqual([commit, progress[2]?.match, dropped], [1, 1, 1])
  })

  const MATCHES: readonly [matches: readonly number[], log: readonly Term[], commit: number][] = [
    [[2, 1, 2], [1, 2], 0],
    [[2, 1, 2], [1, 1], 0],
    [[3, 3, 1], [1, 1], 3],
    [[3, 1, 1], [1, 1], 0],
    [[3, 2, 2, 1, 1], [1, 1], 0],
    [[3, 3, 3, 1, 1], [1, 1], 3],
    [[3, 3, 2, 2], [1, 1], 0],
    [[3, 3, 3, 2], [1, 1], 3],
  ]
  for (const [[, ...others], log, commit] of MATCHES)
    test(`commit is ${commit} where the leader has [${log}] and its own, and others match up to ${others}`, () => {
      const bench = leading({ log, voters: upTo(others.length + 1) })
      const { term } = bench.status
      bench.hear(...others.map((index, i) => accepted({ term, from: i + 2, index })))
      assert.equal(bench.status.commit, commit)
    })
})

describe('followers hear of a commit', () => {
  test('by an append at once, not by the next heartbeat', () => {
    const bench = streaming([2, 3])
    bench.propose('a')
    const told = bench.hear(accepted({ term: 1, from: 2, index: 2 }), accepted({ term: 1, from: 3, index: 2 }))
    for (const to of [2, 3]) assert.ok(told.some((m) => m.type === 'AppendEntries' && m.to === to && m.commit === 2))
  })

  test('all of them, before any time passes', () => {
    for (const size of [1, 3, 5]) {
      const group = new RawCluster({ voters: upTo(size) })
      group.campaign(1)
      group.propose(1, 'a')
      for (const id of upTo(size)) {
        assert.equal(group.status(id).commit, 2)
        assert.deepEqual(
          group.applied.get(id)?.map(({ data }) => Buffer.from(data).toString()),
          ['', 'a'],
        )
      }
    }
  })

  test('one that lagged, by the answer to its heartbeat', () => {
    const group = new RawCluster({ voters: [1, 2, 3] })
    group.campaign(1)
    group.isolate(3)
    for (const word of ['a', 'b', 'c']) group.propose(1, word)
    group.heal()
    assert.equal(group.status(3).commit, 1)
    group.tick(1, [1])
    assert.deepEqual([group.status(3).commit, group.terms(3)], [4, group.terms(1)])
  })

  test('of whose acknowledgements were lost, in two steps: heartbeats say no more than it is known to have', () => {
    const group = new RawCluster({ voters: [1, 2, 3] })
    group.campaign(1)
    group.lose((m) => m.from === 3 && m.type === 'AppendEntriesReply')
    group.propose(1, 'a')
    assert.deepEqual([group.status(1).commit, group.status(3).commit], [2, 1])
    group.sent = []
    group.heal()
    group.tick(1, [1])
    const beat = group.sent.find((m) => m.type === 'Heartbeat' && m.to === 3)
    assert.equal(beat?.type === 'Heartbeat' && beat.commit, 1)
    assert.equal(group.status(3).commit, 2)
  })

  test('and a heartbeat to one that is known to have 5 entries says 5, whatever is committed', () => {
    const conf = new RawBench().status.confState
    const snapshot = { index: 1000, term: 1, conf, data: Buffer.of() }
    const bench = leading({ snapshot, log: [1, 1], commit: 1002 })
    bench.hear(accepted({ term: 2, from: 2, index: 5 }), accepted({ term: 2, from: 3, index: 1003 }))
    bench.tick()
    assert.deepEqual(
      bench.sentOf('Heartbeat').map(({ to, commit }) => [to, commit]),
      [
        [2, 5],
        [3, 1003],
      ],
    )
  })
})

describe('proposals', () => {
  const REACH: readonly [size: number, down: readonly PeerId[], committed: boolean][] = [
    [3, [], true],
    [3, [3], true],
    [3, [2, 3], false],
    [4, [2, 3], false],
    [5, [2, 3], true],
  ]
  for (const [size, down, committed] of REACH)
    test(`in a group of ${size} with ${down.length} down are ${committed ? '' : 'not '}committed`, () => {
      const group = new RawCluster({ voters: upTo(size), ...PLAIN })
      group.campaign(1)
      for (const id of down) group.isolate(id)
      group.propose(1, 'a')
      assert.equal(group.status(1).commit, committed ? 2 : 1)
    })

  test('at a follower are passed on and committed; without a leader they are refused', () => {
    const group = new RawCluster({ voters: [1, 2, 3] })
    assert.throws(() => group.node(2).propose(Buffer.from('a')), { code: 'NOT_LEADER' })
    group.campaign(1)
    group.propose(2, 'a')
    for (const id of [1, 2, 3]) assert.equal(group.status(id).commit, 2)
    const letters = group.sent.filter((m) => m.type === 'Propose')
    assert.deepEqual(
      letters.map(({ from, to, term }) => [from, to, term]),
      [[2, 1, 0]],
    )
  })

  test('at a candidate are refused, and at a follower that passes nothing on', () => {
    const alone = new RawBench().campaign()
    assert.throws(() => alone.propose('a'), { code: 'NOT_LEADER' })
    const proud = new RawBench({ forwardProposals: false })
    proud.hear(append({ term: 1 }))
    assert.throws(() => proud.propose('a'), { code: 'NOT_LEADER' })
  })
})

describe('what a leader knows of a follower', () => {
  test('never says that the next entry is one it has, in whatever order answers come', () => {
    for (let seed = 1; seed <= 50; seed++) {
      const bench = leading({ entries: Array.from({ length: 20 }, (_, i) => entry(i + 1, 1)), maxInflightMessages: 4 })
      const chance = prng(seed)
      const draw = (below: number): number => chance.between(0, below)
      for (let i = 0; i < 100; i++) {
        const index = draw(25)
        const answers = [
          accepted({ term: 2, index }),
          heartbeatReply({ term: 2 }),
          rejected({ term: 2, index, hintIndex: draw(25), hintTerm: draw(3) }),
        ]
        if (draw(5) === 0) bench.propose('x')
        if (draw(9) === 0) bench.node.reportUnreachable(2)
        bench.hear(answers[draw(3)] ?? heartbeatReply({ term: 2 }))
        const { match = 0, next = 0 } = bench.status.progress[2] ?? {}
        assert.ok(match < next && next <= bench.status.lastIndex + 1, `match ${match}, next ${next}`)
      }
    }
  })
})
