/** Power cuts: whatever a disk keeps of what was not flushed, the last promise is kept. On files as they could be, made from a trace. */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Inspection } from './inspection.ts'
import { powerCuts, traceLife, withDirectory } from './states.ts'
import { sayIfSkipped } from './trace.ts'

/** Power cuts that are tried; the stories are as many as give each so many. */
const STATES = Number(process.env.FLOTILLA_CRASH_STATES ?? 200)
const STATES_OF_A_STORY = 100
const STEPS = 100

/** Bad ones of a story that are told; it ends there. */
const BAD_MAX = 5

/** Of the control, which flushes nothing. */
const CONTROL_STATES = 40

/** Tries power cuts of one story; what is wrong with those that are bad. */
async function tryStates(seed: number, count: number, { noSync = false, early = false } = {}): Promise<string[]> {
  const badEnough = noSync ? count : BAD_MAX
  const inspection = new Inspection()
  try {
    return await withDirectory(async (dir) => {
      const bad: string[] = []
      const events = await traceLife(dir, { seed, length: STEPS, noSync })
      for (const { fate, event, left } of powerCuts(dir, events, { seed, length: STEPS, count, early })) {
        const verdict = await inspection.inspect(left)
        const where = `story ${seed}, event ${event} of ${events.length}, kept ${fate}, step ${left.acknowledged} acknowledged`
        if (verdict !== null) bad.push(`${where}: ${verdict}`)
        if (bad.length >= badEnough) break
      }
      return bad
    })
  } finally {
    inspection.end()
  }
}

describe('after a power cut', { skip: sayIfSkipped('CRASH STATES'), concurrency: 2 }, () => {
  for (let seed = 1; (seed - 1) * STATES_OF_A_STORY < STATES; seed++) {
    const count = Math.min(STATES_OF_A_STORY, STATES - (seed - 1) * STATES_OF_A_STORY)
    test(`anywhere in story ${seed}, the store opens with the last acknowledged state and goes on: ${count} states`, async () => {
      assert.deepEqual(await tryStates(seed, count), [])
    })
  }

  test('while a store is being made, it can be made: 100 states', async () => {
    assert.deepEqual(await tryStates(1, 100, { early: true }), [])
  })

  test('a store that flushes nothing has lost something in most of them', async (t) => {
    const bad = await tryStates(1, CONTROL_STATES, { noSync: true })
    t.diagnostic(`${bad.length} of ${CONTROL_STATES} bad`)
    assert.ok(bad.length > CONTROL_STATES / 2, `only ${bad.length} of ${CONTROL_STATES} are bad`)
  })
})
