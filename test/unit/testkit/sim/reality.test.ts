/** What is real and used in a run is noticed, and what is not is left alone. */

import assert from 'node:assert/strict'
import { generateKeySync, randomBytes } from 'node:crypto'
import { lookup } from 'node:dns'
import { existsSync, readFileSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { uptime } from 'node:os'
import { test } from 'node:test'
import { setImmediate as nextTurn, scheduler } from 'node:timers/promises'
import { systemChance } from '../../../../src/chance/system.ts'
import { wallClock } from '../../../../src/clock/wall.ts'
import { watchReality } from '../../../../src/testkit/sim/reality.ts'

/** What is noticed while that is done. */
function touchedBy(act: () => unknown): string[] {
  const seen: string[] = []
  const stop = watchReality(({ what }) => seen.push(what))
  try {
    act()
  } finally {
    stop()
  }
  return seen
}

const ACTS: readonly (readonly [what: string, act: () => unknown])[] = [
  ['Date.now', () => Date.now()],
  ['new Date()', () => new Date()],
  ['Date()', () => Date()],
  ['performance.now', () => performance.now()],
  ['process.hrtime', () => process.hrtime()],
  ['process.hrtime.bigint', () => process.hrtime.bigint()],
  ['Math.random', () => Math.random()],
  ['setTimeout', () => clearTimeout(setTimeout(() => {}, 1))],
  ['setInterval', () => clearInterval(setInterval(() => {}, 1))],
  ['setImmediate', () => clearImmediate(setImmediate(() => {}))],
  ['crypto.randomUUID', () => crypto.randomUUID()],
  ['crypto.getRandomValues', () => crypto.getRandomValues(new Uint8Array(1))],
  ['node:crypto randomBytes', () => randomBytes(1)],
  ['node:timers/promises setImmediate', () => nextTurn()],
  ['node:fs readFileSync', () => readFileSync('package.json')],
  ['node:fs existsSync', () => existsSync('package.json')],
  ['node:fs/promises stat', () => stat('package.json')],
  ['node:dns lookup', () => lookup('127.0.0.1', () => {})],
  ['node:os uptime', () => uptime()],
  ['process.memoryUsage', () => process.memoryUsage()],
  ['process.uptime', () => process.uptime()],
  ['performance.mark', () => performance.mark('here')],
  ['AbortSignal.timeout', () => AbortSignal.timeout(1)],
  ['node:timers/promises scheduler.wait', () => scheduler.wait(1)],
  ['Atomics.wait', () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 1)],
  ['new MessageChannel', () => new MessageChannel().port1.close()],
  ['Intl.DateTimeFormat.format', () => new Intl.DateTimeFormat('en').format()],
  ['node:crypto generateKeySync', () => generateKeySync('aes', { length: 128 })],
]

for (const [what, act] of ACTS)
  test(`${what} is noticed, and works as ever`, () => {
    assert.equal(touchedBy(act)[0], what) // reading a file is opening one, too, on some versions of Node.js
    assert.doesNotThrow(act)
  })

test('what the ports are made of by default is noticed', () => {
  assert.deepEqual(
    touchedBy(() => wallClock.now()),
    ['performance.now'],
  )
  assert.deepEqual(
    touchedBy(() => systemChance.bytes(4)),
    ['node:crypto randomBytes'],
  )
})

test('a date of given numbers is not the time, and is still a date', () => {
  const dates: unknown[] = []
  const seen = touchedBy(() => dates.push(new Date(0), Date.UTC(2026, 0), new Date(0) instanceof Date))
  assert.deepEqual(seen, [])
  assert.ok(dates[0] instanceof Date)
})

test('afterwards everything is where it was, once the last one has stopped looking', () => {
  const before = [Date, setTimeout, Math.random, performance.now, crypto.randomUUID, randomBytes]
  const stops = [watchReality(() => {}), watchReality(() => {})]
  assert.notEqual(Date, before[0])
  stops[0]?.()
  stops[0]?.() // again is nothing
  assert.notEqual(Date, before[0])
  stops[1]?.()
  assert.deepEqual([Date, setTimeout, Math.random, performance.now, crypto.randomUUID, randomBytes], before)
  assert.ok(!Object.hasOwn(performance, 'now'))
})

test('who it was stands in the stack', () => {
  const stacks: string[] = []
  const stop = watchReality(({ stack }) => stacks.push(stack))
  function culprit(): number {
    return Math.random()
  }
  culprit()
  stop()
  assert.match(stacks[0] ?? '', /^ *at culprit /)
})
