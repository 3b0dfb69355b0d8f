/** Majorities against counting on fingers. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { countVotes, isVoter, majority, quorumIndex } from '../../../src/protocol/quorum.ts'
import { type ConfState, votersOnly } from '../../../src/protocol/types.ts'

const half = fc.uniqueArray(fc.integer({ min: 1, max: 7 }), { maxLength: 7 })
const joint = (voters: readonly number[], votersOutgoing: readonly number[]): ConfState => ({
  ...votersOnly(voters),
  votersOutgoing,
})

test('a majority is more than half, and two of them meet', () => {
  for (let n = 1; n < 50; n++) {
    assert.ok(majority(n) * 2 > n && (majority(n) - 1) * 2 <= n)
  }
})

test('the quorum index is the highest that a majority of each half reached', () => {
  fc.assert(
    fc.property(half, half, fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 8, maxLength: 8 }), (a, b, reached) => {
      const holds = (voters: readonly number[], index: number): boolean =>
        voters.length === 0 || voters.filter((peer) => (reached[peer] ?? 0) >= index).length * 2 > voters.length
      let naive = 0
      for (let index = 1; index <= 9; index++) if (a.length + b.length > 0 && holds(a, index) && holds(b, index)) naive = index
      assert.equal(
        quorumIndex(joint(a, b), (peer) => reached[peer] ?? 0),
        naive,
      )
    }),
  )
})

test('a vote is won when won in each half, and lost once one half cannot win any more', () => {
  const ballot = fc.array(fc.constantFrom(true, false, undefined), { minLength: 8, maxLength: 8 })
  fc.assert(
    fc.property(half, half, ballot, (a, b, given) => {
      const votes = new Map<number, boolean>()
      given.forEach((vote, peer) => {
        if (vote !== undefined) votes.set(peer, vote)
      })
      const wins = (voters: readonly number[], open: boolean): boolean =>
        voters.length === 0 || voters.filter((peer) => votes.get(peer) ?? open).length * 2 > voters.length
      const expected = wins(a, false) && wins(b, false) ? 'won' : wins(a, true) && wins(b, true) ? 'open' : 'lost'
      assert.equal(countVotes(joint(a, b), votes), expected)
    }),
  )
})

test('joint quorums, from the books', () => {
  const reached = (indexes: Record<number, number>) => (peer: number) => indexes[peer] ?? 0
  assert.equal(quorumIndex(joint([1, 3], [2]), reached({ 1: 100, 2: 45, 3: 50 })), 45)
  assert.equal(quorumIndex(joint([1, 2], [2]), reached({ 1: 50, 2: 100 })), 50)
  assert.equal(quorumIndex(joint([1], [2]), reached({ 1: 100 })), 0)
  assert.equal(quorumIndex(votersOnly([1, 2, 3]), reached({ 1: 100, 2: 101, 3: 99 })), 100)
  assert.equal(quorumIndex(votersOnly([]), reached({})), 0)
})

test('who is in either half votes, who learns does not', () => {
  const conf = { ...joint([1, 2], [3]), learners: [4] }
  assert.deepEqual(
    [1, 2, 3, 4, 5].filter((peer) => isVoter(conf, peer)),
    [1, 2, 3],
  )
})
