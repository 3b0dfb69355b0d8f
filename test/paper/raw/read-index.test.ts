/** Reads by index (thesis 6.4), on the public peer: confirmed by a round that began after the question, wherever it was asked. */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { READS_MAX } from '../../../src/base/limits.ts'
import { type PeerId, votersOnly } from '../../../src/protocol/types.ts'
import { heartbeatReply, readIndex, readIndexReply } from '../../harness/letters.ts'
import { leading, RawBench, streaming } from '../../harness/raw-bench.ts'
import { RawCluster, type RawClusterOptions } from '../../harness/raw-cluster.ts'

function led(options: Partial<RawClusterOptions> = {}): RawCluster {
  const group = new RawCluster({ voters: [1, 2, 3], ...options })
  group.campaign(1)
  return group
}

const indexes = (group: RawCluster, id: PeerId): number[] => (group.reads.get(id) ?? []).map(({ index }) => index)

describe('a read', () => {
  test('of a new leader waits until an entry of its term is committed, and sees that', () => {
    const group = new RawCluster({ voters: [1, 2, 3], logs: { 1: [1, 1], 2: [1, 1], 3: [1, 1] }, terms: { 1: 1, 2: 1, 3: 1 } })
    group.lose((m) => m.type === 'AppendEntries')
    group.campaign(1)
    group.node(1).readIndex('early')
    group.settle()
    group.tick(3)
    assert.deepEqual(indexes(group, 1), [])
    group.heal()
    group.tick(3)
    assert.deepEqual(group.reads.get(1), [{ index: 3, context: 'early' }])
    group.node(1).readIndex('later')
    group.settle()
    assert.deepEqual(indexes(group, 1), [3, 3])
  })

  test('sees all that was committed when it was asked, on the leader, a follower and a learner', () => {
    for (const leaseReads of [false, true]) {
      const group = new RawCluster({ voters: [1, 2, 3], leaseReads })
      const conf = { ...votersOnly([1, 2, 3]), learners: [4] }
      for (const id of [1, 2, 3, 4]) group.add({ id, initial: { confState: conf } })
      group.campaign(1)
      for (const at of [11, 21, 31]) {
        for (let i = 0; i < 10; i++) group.propose(1)
        for (const id of [1, 2, 3, 4]) {
          group.node(id).readIndex(`at ${at}`)
          group.settle()
          assert.equal(indexes(group, id).at(-1), at)
        }
      }
    }
  })

  test('shares the heartbeats of all that are asked before those have left, and of none that is asked later', () => {
    const group = led()
    const node = group.node(1)
    for (let i = 0; i < 5000; i++) node.readIndex(`${i}`)
    const first = node.ready()
    const [beat] = first.messages.filter(({ type }) => type === 'Heartbeat')
    assert.equal(first.messages.filter(({ type }) => type === 'Heartbeat').length, 2)
    assert.ok(beat?.type === 'Heartbeat')
    node.readIndex('late')
    node.advance(first)
    node.step(heartbeatReply({ from: 2, to: 1, term: beat.term, round: beat.round }))
    const answered = node.ready()
    assert.equal(answered.readStates.length, 5000)
    assert.deepEqual(
      answered.messages.flatMap((m) => (m.type === 'Heartbeat' ? [m.round] : [])),
      [beat.round + 1, beat.round + 1],
    )
    node.step(heartbeatReply({ from: 2, to: 1, term: beat.term, round: beat.round + 1 }))
    assert.deepEqual(
      node.ready().readStates.map(({ context }) => context),
      ['late'],
    )
  })

  test('is not answered by a leader that nobody confirms', () => {
    const group = led()
    group.isolate(1)
    group.node(1).readIndex('alone')
    group.tick(5, [1])
    assert.deepEqual(indexes(group, 1), [])
    group.tick(30, [1])
    assert.notEqual(group.status(1).role, 'leader')
    group.heal()
    group.tick(60)
    assert.deepEqual(indexes(group, 1), [], 'nor later, by somebody else')
  })

  test('is not confirmed by an answer to a round that began before it, nor by one voter that answers twice', () => {
    const bench = streaming([2, 3, 4, 5], { voters: [1, 2, 3, 4, 5] })
    const { term } = bench.status
    bench.node.readIndex('first')
    const round = bench.sentOf('Heartbeat', 2).at(-1)?.round as number
    bench.node.readIndex('second')
    void bench.sent
    const readsAfter = (...from: readonly [PeerId, number][]): string[] => {
      for (const [peer, of] of from) bench.node.step(heartbeatReply({ term, from: peer, round: of }))
      return bench.work().flatMap(({ readStates }) => readStates.map(({ context }) => context))
    }
    assert.deepEqual(readsAfter([2, round - 1], [3, round - 1], [4, round - 1]), [])
    assert.deepEqual(readsAfter([2, round], [2, round], [2, round]), [])
    assert.deepEqual(readsAfter([3, round]), ['first'])
    assert.deepEqual(
      readsAfter([3, round + 1], [4, round + 9], [3, round + 1]),
      ['second'],
      'no round is later than the last that began',
    )
  })

  test('with the same words as another is still another', () => {
    const bench = streaming([2, 3])
    const { term } = bench.status
    bench.node.readIndex('same')
    const round = bench.sentOf('Heartbeat', 2).at(-1)?.round as number
    bench.propose('news')
    bench.node.readIndex('same')
    void bench.sent
    bench.node.step(heartbeatReply({ term, from: 2, round }))
    assert.equal(bench.work().flatMap(({ readStates }) => readStates).length, 1)
  })

  test('that joins others does not take over an index from before it was asked', () => {
    const group = led()
    group.node(1).readIndex('one')
    group.work(1)
    group.propose(1)
    group.node(1).readIndex('two')
    group.settle()
    const byContext = new Map((group.reads.get(1) ?? []).map(({ context, index }) => [context, index]))
    assert.ok((byContext.get('one') ?? 0) >= 1)
    assert.equal(byContext.get('two'), 2)
  })

  test('that reaches a deposed leader is passed on, not answered', () => {
    const group = led()
    group.isolate(1)
    group.tick(45, [2, 3])
    const heir = group.leader?.id as PeerId
    assert.notEqual(heir, 1)
    group.heal()
    group.tick(3)
    const asker = heir === 2 ? 3 : 2
    group.node(1).step(readIndex({ from: asker, to: 1, tickets: [77] }))
    const passed = group.work(1).flatMap(({ messages }) => messages)
    assert.deepEqual(
      passed.map(({ type, from, to }) => [type, from, to]),
      [['ReadIndex', asker, heir]],
    )
  })

  test('that was asked of nobody comes back as an error', () => {
    assert.throws(() => new RawBench().node.readIndex('nobody leads'), { code: 'NOT_LEADER' })
  })
})

describe('the answer to a follower’s question', () => {
  function asking(seed = 1): { bench: RawBench; ticket: number } {
    const bench = new RawBench({ seed, log: [1], commit: 1, applied: 1 })
    bench.hear({ type: 'Heartbeat', from: 2, to: 1, term: 1, commit: 1, round: 1 })
    bench.node.readIndex('asked')
    const ticket = bench.sentOf('ReadIndex')[0]?.tickets[0] as number
    return { bench, ticket }
  }

  const answersTo = (bench: RawBench, ticket: number, index = 1): number[] => {
    bench.node.step(readIndexReply({ tickets: [ticket], index }))
    return bench.work().flatMap(({ readStates }) => readStates.map((read) => read.index))
  }

  test('counts once', () => {
    const { bench, ticket } = asking()
    assert.deepEqual(answersTo(bench, ticket, 5), [5])
    assert.deepEqual(answersTo(bench, ticket, 5), [])
  })

  test('to an earlier life of the peer counts for nothing in this one', () => {
    const before = asking(1)
    const after = asking(2)
    assert.notEqual(before.ticket, after.ticket)
    assert.deepEqual(answersTo(after.bench, before.ticket), [])
    const unlike = new RawBench({ seed: 1, log: [1, 1], commit: 2, applied: 1 })
    unlike.hear({ type: 'Heartbeat', from: 2, to: 1, term: 1, commit: 1, round: 1 })
    unlike.node.readIndex('asked')
    assert.notEqual(unlike.sentOf('ReadIndex')[0]?.tickets[0], before.ticket, 'nor with the same seed on a newer disk')
  })

  test('is not awaited for ever: lost questions do not fill up the room for new ones', () => {
    const { bench } = asking()
    const beat = (): void => void bench.hear({ type: 'Heartbeat', from: 2, to: 1, term: 1, commit: 1, round: 1 })
    for (let i = 1; i < READS_MAX; i++) bench.node.readIndex('lost')
    assert.throws(() => bench.node.readIndex('one too many'), { code: 'BUSY' })
    for (let i = 0; i < 40; i++) {
      bench.tick()
      beat()
    }
    bench.node.readIndex('there is room again')
  })
})

describe('reads that no quorum ever confirms', () => {
  /** A leader that hears nobody and stays one. */
  const deaf = (): RawBench => streaming([2, 3], { checkQuorum: false })
  const ask = (bench: RawBench, tickets: readonly number[]): void => void bench.node.step(readIndex({ tickets }))
  const some = (count: number): number[] => Array.from({ length: count }, (_, i) => i + 1)

  test('are forgotten, so that others find room: an answer may be lost, and whoever needs it asks again', () => {
    const bench = deaf()
    ask(bench, some(READS_MAX))
    bench.tick(40)
    assert.throws(() => bench.node.readIndex('no room'), { code: 'BUSY' })
    bench.tick(10)
    bench.node.readIndex('room')
    const [beat] = bench.sentOf('Heartbeat', 2).slice(-1)
    const answers = bench.hear(heartbeatReply({ term: 1, round: beat?.round ?? 0 }))
    assert.deepEqual(
      answers.filter(({ type }) => type === 'ReadIndexReply'),
      [],
    )
  })

  test('are forgotten also where nothing of the leader’s term was committed yet', () => {
    const bench = leading({ checkQuorum: false })
    ask(bench, some(READS_MAX))
    bench.tick(40)
    assert.throws(() => bench.node.readIndex('no room'), { code: 'BUSY' })
    bench.tick(10)
    bench.node.readIndex('room')
  })

  test('do not grow old together with those asked later', () => {
    const bench = deaf()
    ask(bench, [1])
    bench.tick(25)
    ask(bench, [2])
    bench.tick(30)
    const [beat] = bench.sentOf('Heartbeat', 2).slice(-1)
    const answers = bench.hear(heartbeatReply({ term: 1, round: beat?.round ?? 0 }))
    assert.deepEqual(
      answers.flatMap((m) => (m.type === 'ReadIndexReply' ? m.tickets : [])),
      [2],
    )
  })
})
