/** The mistakes of test/mutation can still be made: each names a place in the program that is there, once. Whether anybody notices is asked by `npm run mutants`. */

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { bugsIn } from '../mutation/bugs.ts'
import { ROOT } from './sources.ts'

const listed = (list: string) => bugsIn(readFileSync(join(ROOT, 'test/mutation', list), 'utf8'))

const LISTS = [listed('bugs.txt'), listed('world-bugs.txt')]

test('every mistake has a place in the program, and one only', () => {
  const lost = LISTS.flat().filter(
    ({ room, from }) => readFileSync(join(ROOT, 'dist/src', `${room}.js`), 'utf8').split(from).length !== 2,
  )
  assert.deepEqual(
    lost.map(({ name, room, from }) => `${name}: ${room} does not say '${from}' once`),
    [],
  )
})

test('there are at least thirty in each list, each of its own name and source', () => {
  for (const bugs of LISTS) {
    assert.ok(bugs.length >= 30)
    assert.equal(new Set(bugs.map(({ name }) => name)).size, bugs.length)
    assert.deepEqual(
      bugs.filter(({ source, from, to }) => source === '' || from === to),
      [],
    )
  }
})

test('what is neither a mistake nor a heading is found', () => {
  assert.throws(() => bugsIn('a name [somewhere] a/room\n- from\n'), /1 changes, of which 0/)
})
