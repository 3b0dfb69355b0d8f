/** Time on the public peer, counted in ticks (§5.2, §9.3): election timeouts are drawn by chance, heartbeats are not. */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Term } from '../../../src/protocol/types.ts'
import { append, heartbeat, requestVote } from '../../harness/letters.ts'
import { leading, RawBench } from '../../harness/raw-bench.ts'
import { RawCluster } from '../../harness/raw-cluster.ts'

const ROUNDS = 1000

/** Ticks until this peer is in a later term. */
function ticksToTerm(bench: RawBench, term: Term): number {
  let ticks = 0
  while (bench.status.term < term) {
    bench.tick()
    assert.ok(++ticks <= 40, 'it never asks')
  }
  return ticks
}

const isSpread = (drawn: readonly number[], what: string): void => {
  const counts = Array.from({ length: 10 }, (_, i) => drawn.filter((ticks) => ticks === 10 + i).length)
  assert.equal(
    counts.reduce((sum, count) => sum + count),
    drawn.length,
    `${what}: all within [10, 20)`,
  )
  for (const count of counts) assert.ok(count > drawn.length / 20, `${what}: ${counts}`)
}

describe('the election timeout', () => {
  test('of a follower is drawn from [10, 20), and every value comes', () => {
    isSpread(
      Array.from({ length: ROUNDS }, (_, seed) => ticksToTerm(new RawBench({ seed }), 1)),
      'by seed',
    )
  })

  test('of a candidate, too, each round anew', () => {
    const bench = new RawBench().campaign()
    isSpread(
      Array.from({ length: ROUNDS }, (_, round) => ticksToTerm(bench, round + 2)),
      'by round',
    )
  })

  test('of a pre-candidate, too: it asks again, in the same term', () => {
    const bench = new RawBench({ preVote: true }).campaign()
    void bench.sent
    const drawn = Array.from({ length: ROUNDS }, () => {
      for (let ticks = 1; ; ticks++) if (bench.tick().sentOf('PreVote', 2).length > 0) return ticks
    })
    isSpread(drawn, 'by round')
    assert.deepEqual(bench.standing, ['preCandidate', 0])
  })

  test('seldom is the same for the first two of five: in at most 3 of 10 rounds', () => {
    const shared = Array.from({ length: ROUNDS }, (_, seed) => {
      const drawn = [1, 2, 3, 4, 5].map((id) => ticksToTerm(new RawBench({ id, seed, voters: [1, 2, 3, 4, 5] }), 1))
      return drawn.filter((ticks) => ticks === Math.min(...drawn)).length > 1
    }).filter(Boolean).length
    assert.ok(shared <= 0.3 * ROUNDS, `${shared} of ${ROUNDS}`)
  })

  test('is the same again from the same seed', () => {
    const draw = () => {
      const bench = new RawBench({ seed: 42 })
      return Array.from({ length: 20 }, (_, round) => ticksToTerm(bench, round + 1))
    }
    assert.deepEqual(draw(), draw())
  })

  test('begins again with every word of a leader, and with every vote that is given', () => {
    const words = [heartbeat({ term: 1 }), append({ term: 1 }), append({ term: 1, prevIndex: 5, prevTerm: 1 })]
    for (const m of [...words, requestVote({ term: 1 })]) {
      for (let seed = 0; seed < 20; seed++) {
        const bench = new RawBench({ seed })
        bench.tick(9).hear(m)
        assert.deepEqual(bench.tick(9).standing, ['follower', 1], m.type)
        assert.deepEqual(bench.tick(11).standing, ['candidate', 2], m.type)
      }
    }
  })

  test('does not begin again when a vote is refused', () => {
    for (let seed = 0; seed < 20; seed++) {
      const bench = new RawBench({ seed, log: [1, 1] })
      const dueIn = ticksToTerm(new RawBench({ seed, log: [1, 1] }), 2)
      bench.tick(9).hear(requestVote({ term: 1, lastIndex: 1, lastTerm: 1 }))
      assert.deepEqual(bench.tick(dueIn - 10).standing, ['follower', 1])
      assert.deepEqual(bench.tick().standing, ['candidate', 2])
    }
  })
})

describe('heartbeats', () => {
  test('leave a leader for every other peer, each tick if that is the interval, and carry no log', () => {
    const bench = leading({ conf: { learners: [4] } })
    void bench.sent
    for (let round = 0; round < 35; round++) {
      const beats = bench.tick().sent
      assert.deepEqual(
        beats.map(({ to, type }) => [to, type]),
        [2, 3, 4].map((to) => [to, 'Heartbeat']),
      )
      for (const beat of beats) assert.deepEqual(Object.keys(beat).sort(), ['commit', 'from', 'round', 'term', 'to', 'type'])
    }
  })

  test('are never further apart than the interval, and few more than one for each', () => {
    const bench = leading({ heartbeatTick: 3 })
    void bench.sent
    const ticks = Array.from({ length: 60 }, (_, i) => i + 1).filter(() => bench.tick().sentOf('Heartbeat', 2).length > 0)
    for (const [i, tick] of ticks.entries()) assert.ok(tick - (ticks[i - 1] ?? 0) <= 3, `${ticks}`)
    assert.ok(ticks.length <= 60 / 3 + 60 / 10, `${ticks}`)
  })

  test('come from leaders only', () => {
    for (const make of [
      () => new RawBench(),
      () => new RawBench().campaign(),
      () => new RawBench({ preVote: true }).campaign(),
    ]) {
      const bench = make()
      void bench.sent
      assert.deepEqual(bench.tick(9).sentOf('Heartbeat'), [])
    }
  })

  test('keep followers from asking, for as long as they come', () => {
    for (const settings of [{}, { preVote: false, checkQuorum: false }]) {
      const group = new RawCluster({ voters: [1, 2, 3, 4, 5], ...settings })
      group.campaign(1)
      group.tick(200)
      assert.deepEqual(
        [1, 2, 3, 4, 5].map((id) => group.status(id).term),
        [1, 1, 1, 1, 1],
      )
    }
  })
})

describe('time alone', () => {
  test('brings a group a leader: within four election timeouts, whatever the seed', () => {
    for (let seed = 0; seed < 50; seed++) {
      for (const preVote of [false, true]) {
        const group = new RawCluster({ voters: [1, 2, 3], preVote, seed })
        let ticks = 0
        for (; group.leader === undefined; ticks++) group.tick()
        assert.ok(ticks <= 80, `seed ${seed}: ${ticks} ticks`)
      }
    }
  })

  test('ends a dead leader’s reign: another follows within four election timeouts', () => {
    for (let seed = 0; seed < 50; seed++) {
      const group = new RawCluster({ voters: [1, 2, 3], seed })
      group.campaign(1)
      group.isolate(1)
      let ticks = 0
      for (; group.leader?.id === 1 || group.leader === undefined; ticks++) group.tick()
      assert.ok(ticks <= 80, `seed ${seed}: ${ticks} ticks`)
    }
  })
})
