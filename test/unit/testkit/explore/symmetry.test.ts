/** Names mean nothing, and a letter that never arrives is lost: what spares states spares no verdict. */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { MODELS } from '../../../../src/testkit/explore/models.ts'
import { explore } from '../../../../src/testkit/explore/search.ts'
import { renamingsOf } from '../../../../src/testkit/explore/symmetry.ts'
import { transcriptOf } from '../../../../src/testkit/explore/transcript.ts'
import { Visited } from '../../../../src/testkit/explore/visited.ts'
import { bugOf } from '../../../explore/bugs.ts'

const [election] = MODELS
assert.ok(election)

describe('with and without symmetry', () => {
  const bounds = { crashes: 0 }

  test('a world that is right is right, to the same depth, with up to six times the states', () => {
    const one = explore(election, { bounds })
    const all = explore(election, { bounds, symmetry: false })
    assert.deepEqual([one.end, all.end, all.depth], ['complete', 'complete', one.depth])
    assert.ok(all.states > 5 * one.states && all.states <= 6 * one.states, `${one.states} and ${all.states}`)
  })

  for (const name of election.kills) {
    test(`the same is found, as deep: ${name}`, () => {
      const found = [true, false].map((symmetry) => {
        const { counterExample, depth } = explore(election, { ...bugOf(name).options, symmetry })
        return { invariant: counterExample?.invariant, depth }
      })
      assert.ok(found[0]?.invariant)
      assert.deepEqual(found[0], found[1])
    })
  }

  test('peers of one group change their names among themselves', () => {
    assert.deepEqual(renamingsOf(3, [[2, 3]]), [
      [0, 1, 2, 3],
      [0, 1, 3, 2],
    ])
    assert.equal(renamingsOf(3, [[1, 2, 3]]).length, 6)
  })
})

describe('letters that are taken away', () => {
  test('bring nothing that letters which never arrive do not', () => {
    const bounds = { terms: 1, crashes: 0, drops: 1 }
    const plain = explore(election, { bounds: { ...bounds, drops: 0 }, symmetry: false })
    const dropping = explore(election, { bounds, symmetry: false })
    assert.deepEqual([plain.end, dropping.end], ['complete', 'complete'])
    assert.equal(dropping.peers, plain.peers)
  })
})

test('a counter-example reads as a story', () => {
  const { counterExample } = explore(election, bugOf('votes twice in a term').options)
  assert.ok(counterExample)
  const lines = transcriptOf(counterExample)
  assert.equal(lines[0], 'In the beginning:')
  assert.match(lines.at(-1) ?? '', /^VOTED_TWICE is broken/)
  assert.equal(lines.filter((line) => /^ +\d+\. /.test(line)).length, counterExample.moments.length)
})

describe('what was met', () => {
  test('is known, however much comes in between', () => {
    const visited = new Visited(100_000)
    for (let i = 0; i < 100_000; i++) assert.ok(visited.add(Math.imul(i, 0x9e3779b1), i % 7))
    for (let i = 0; i < 100_000; i++) assert.equal(visited.add(Math.imul(i, 0x9e3779b1), i % 7), false)
    assert.equal(visited.size, 100_000)
    assert.ok(visited.isFull)
    assert.throws(() => visited.add(1, 99), /room for 100000 states/)
  })
})
