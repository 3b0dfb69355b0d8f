/** Majorities against counting on fingers. */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { countVotes, isVoter, majority, quorumIndex, type VoteResult } from '../../../src/protocol/quorum.ts'
import { type ConfState, votersOnly } from '../../../src/protocol/types.ts'

const half = fc.uniqueArray(fc.integer({ min: 1, max: 7 }), { maxLength: 7 })
const joint = (voters: readonly number[], votersOutgoing: readonly number[]): ConfState => ({
  ...votersOnly(voters),
  votersOutgoing,
})

/** All sets of the peers 1 to 7, as bits. */
const SETS = Array.from({ length: 128 }, (_, i) => i << 1)
const has = (set: number, peer: number): boolean => ((set >> peer) & 1) === 1

/** The naive second opinion: a set decides if more than half of each half is in it. */
const decides = (set: number, a: readonly number[], b: readonly number[]): boolean =>
  [a, b].every((peers) => peers.length === 0 || peers.filter((peer) => has(set, peer)).length * 2 > peers.length)

test('a majority is more than half, and two of them meet', () => {
  for (let n = 1; n < 50; n++) {
    assert.ok(majority(n) * 2 > n && (majority(n) - 1) * 2 <= n)
  }
})

test('the quorum index is the highest that all of some deciding set reached', () => {
  fc.assert(
    fc.property(half, half, fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 8, maxLength: 8 }), (a, b, reached) => {
      const everybody = [...new Set([...a, ...b])]
      const lowest = (set: number): number =>
        Math.min(...everybody.filter((peer) => has(set, peer)).map((peer) => reached[peer] ?? 0))
      const naive = everybody.length === 0 ? 0 : Math.max(...SETS.filter((set) => decides(set, a, b)).map(lowest))
      assert.equal(
        quorumIndex(joint(a, b), (peer) => reached[peer] ?? 0),
        naive,
      )
    }),
  )
})

test('a vote is won when those in favour decide, and open while with the silent ones they would', () => {
  const ballot = fc.array(fc.constantFrom(true, false, undefined), { minLength: 8, maxLength: 8 })
  fc.assert(
    fc.property(half, half, ballot, (a, b, given) => {
      const votes = new Map<number, boolean>()
      given.forEach((vote, peer) => {
        if (vote !== undefined) votes.set(peer, vote)
      })
      const all = (says: (peer: number) => boolean): number =>
        [1, 2, 3, 4, 5, 6, 7].reduce((set, peer) => set | (says(peer) ? 1 << peer : 0), 0)
      const won = SETS.some((set) => decides(set, a, b) && (set & ~all((peer) => votes.get(peer) === true)) === 0)
      const open = SETS.some((set) => decides(set, a, b) && (set & all((peer) => votes.get(peer) === false)) === 0)
      assert.equal(countVotes(joint(a, b), votes), won ? 'won' : open ? 'open' : 'lost')
    }),
  )
})

describe('joint quorums, from the books', () => {
  const rows: readonly (readonly [number[], number[], Record<number, number>, number])[] = [
    [[1, 2, 3], [], { 1: 100, 2: 101, 3: 99 }, 100],
    [[], [], {}, 0],
    [[1], [2], {}, 0],
    [[1], [2], { 1: 100 }, 0],
    [[1], [2], { 1: 13, 2: 100 }, 13],
    [[1], [1], { 1: 100 }, 100],
    [[1, 3], [2], { 1: 100, 3: 50 }, 0],
    [[1, 3], [2], { 1: 100, 2: 45, 3: 50 }, 45],
    [[1, 2], [2], { 1: 100 }, 0],
    [[1, 2], [2], { 2: 100 }, 0],
    [[1, 2], [2], { 1: 50, 2: 100 }, 50],
    [[1, 2], [2], { 1: 100, 2: 50 }, 50],
    [[1, 2], [3, 4], { 1: 50, 2: 48, 3: 49 }, 0],
    [[1, 2], [3, 4], { 1: 50, 2: 48, 3: 49, 4: 47 }, 47],
    [[1, 2], [2, 3], { 1: 101, 2: 100, 3: 99 }, 99],
    [[1, 2, 3], [4, 5, 6], { 2: 99, 3: 90, 4: 97, 5: 95 }, 90],
    [[1, 2, 3], [4, 5, 6], { 1: 92, 2: 99, 3: 90, 4: 97, 5: 95 }, 92],
    [[1, 2, 3], [1, 4, 5], { 1: 1, 2: 100, 3: 99, 4: 99, 5: 98 }, 98],
    [[1, 2, 3], [2, 3, 4], { 1: 100, 2: 99, 4: 101 }, 99],
    [[1, 2, 3], [1, 2, 3], { 1: 50, 2: 45 }, 45],
  ]
  for (const [a, b, indexes, then] of rows)
    test(`(${a}) && (${b}), ${JSON.stringify(indexes)} → ${then}`, () => {
      assert.equal(
        quorumIndex(joint(a, b), (peer) => indexes[peer] ?? 0),
        then,
      )
    })
})

describe('joint votes, from the books', () => {
  /** One letter for each peer from 1: yes, no, silent. */
  const rows: readonly (readonly [number[], number[], string, VoteResult])[] = [
    [[], [], '', 'won'],
    [[1], [], '_', 'open'],
    [[1], [], 'y', 'won'],
    [[1], [], 'n', 'lost'],
    [[1], [2], 'y_', 'open'],
    [[1], [2], 'yy', 'won'],
    [[1], [2], 'yn', 'lost'],
    [[1], [2], 'n_', 'lost'],
    [[1, 2], [3, 4], 'yy__', 'open'],
    [[1, 2], [3, 4], 'yyn_', 'lost'],
    [[1, 2], [3, 4], 'yyyn', 'lost'],
    [[1, 2], [3, 4], 'yyyy', 'won'],
    [[1, 2], [2, 3], '_n_', 'lost'],
    [[1, 2], [2, 3], 'yy_', 'open'],
    [[1, 2], [2, 3], 'yyn', 'lost'],
    [[1, 2], [2, 3], 'yyy', 'won'],
    [[1, 2, 3], [2, 3, 4], '_yy_', 'won'],
    [[1, 2, 3], [2, 3, 4], '_nn_', 'lost'],
    [[1, 2, 3], [2, 3, 4], 'yyn_', 'open'],
    [[1, 2, 3], [2, 3, 4], 'yynn', 'lost'],
    [[1, 2, 3], [2, 3, 4], 'yyny', 'won'],
  ]
  for (const [a, b, ballot, then] of rows)
    test(`(${a}) && (${b}), ${ballot} → ${then}`, () => {
      const given = [...ballot].flatMap((letter, i): [number, boolean][] => (letter === '_' ? [] : [[i + 1, letter === 'y']]))
      assert.equal(countVotes(joint(a, b), new Map(given)), then)
    })
})

test('who is in either half votes, who learns does not', () => {
  const conf = { ...joint([1, 2], [3]), learners: [4] }
  assert.deepEqual(
    [1, 2, 3, 4, 5].filter((peer) => isVoter(conf, peer)),
    [1, 2, 3],
  )
})
