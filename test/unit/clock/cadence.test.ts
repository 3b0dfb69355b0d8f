/** Turns: soon, shared, and never so many that nobody else has one. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as round } from 'node:timers/promises'
import { Cadence } from '../../../src/clock/cadence.ts'
import { wallClock } from '../../../src/clock/wall.ts'

const ticked = (): Promise<void> => new Promise((resolve) => process.nextTick(resolve))

test('a turn comes as soon as whoever calls is done, and is one for all who called', async () => {
  let turns = 0
  const cadence = new Cadence(wallClock, () => turns++)
  cadence.call()
  cadence.call()
  assert.equal(turns, 0)
  await ticked()
  assert.equal(turns, 1)
})

test('turns that call for turns let everybody else have theirs', async () => {
  let turns = 0
  let others = 0
  const cadence = new Cadence(wallClock, () => {
    if (++turns < 100) cadence.call()
  })
  cadence.call()
  while (turns < 100) {
    await round()
    others++
    assert.ok(turns <= others * 20, `${turns} turns while others had ${others}`)
  }
  assert.ok(others >= 5, `${others}`)
})

test('a clock with turns of its own says when they are', async () => {
  let turns = 0
  const due: (() => void)[] = []
  const cadence = new Cadence({ now: () => 0, after: () => () => {}, soon: (callback) => due.push(callback) }, () => turns++)
  cadence.call()
  await round()
  assert.equal(turns, 0)
  due.shift()?.()
  assert.equal(turns, 1)
  assert.deepEqual(due, [])
})
