/** Watching a disk: when one looks, what is said of it, and a store that has failed meanwhile. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FlotillaError } from '../../../src/base/errors.ts'
import { manualClock } from '../../../src/clock/manual.ts'
import { Headroom } from '../../../src/node/headroom.ts'
import type { RoomLevel } from '../../../src/node/room-level.ts'
import { silent } from '../../../src/ports/logger.ts'
import type { StoreRoom } from '../../../src/ports/store.ts'
import { turns } from './sample-node.ts'

async function bench(first: number | null = 1000) {
  const clock = manualClock()
  const levels: RoomLevel[] = []
  const failures: FlotillaError[] = []
  let answer: () => Promise<StoreRoom | null> = async () => null
  let looks = 0
  const free = (freeBytes: number): void => {
    answer = async () => ({ freeBytes, reusableBytes: 0 })
  }
  if (first !== null) free(first)
  const headroom = new Headroom({
    clock,
    logger: silent,
    reserveBytes: 100,
    onLook: (level) => levels.push(level),
    onFailure: (error) => failures.push(error),
  })
  const store = {
    bytes: () => 7,
    room: () => {
      looks++
      return answer()
    },
  }
  await headroom.begin(store)
  const pass = async (ms: number): Promise<void> => {
    clock.advance(ms)
    await turns(2)
  }
  const answers = (with_: () => Promise<StoreRoom | null>): void => {
    answer = with_
  }
  return { headroom, pass, free, answers, looks: () => looks, levels, failures }
}

test('the level is known from the beginning, and looked at each second: down, and up again by itself', async () => {
  const { headroom, pass, free, levels } = await bench(60)
  assert.equal(headroom.level, 'low')
  assert.deepEqual(headroom.status, { freeBytes: 60, reusableBytes: 0, reserveBytes: 100, level: 'low' })
  free(10)
  await pass(999)
  assert.equal(headroom.level, 'low')
  await pass(1)
  assert.equal(headroom.level, 'critical')
  free(1000)
  await pass(1000)
  assert.equal(headroom.level, 'ok')
  assert.deepEqual(levels, ['low', 'critical', 'ok'])
})

test('files beside the store get what leaves half of the reserve outside it, and what came since the last look counts', async () => {
  const { headroom, pass, answers } = await bench()
  assert.deepEqual([headroom.fitsBeside(900), headroom.fitsBeside(901)], [true, false])
  headroom.took(2)
  assert.deepEqual([headroom.fitsBeside(898), headroom.fitsBeside(899)], [true, false])
  answers(async () => ({ freeBytes: 90, reusableBytes: 5000 }))
  await pass(1000)
  assert.equal(headroom.level, 'ok', 'what is empty within the store is room for the store')
  assert.ok(headroom.fits(400))
  assert.deepEqual([headroom.fitsBeside(40), headroom.fitsBeside(41)], [true, false])
})

test('when much has come one looks at once, and one look at a time', async () => {
  const { headroom, pass, free, answers, looks } = await bench()
  headroom.took(3)
  assert.equal(looks(), 1, 'a thirty-second of the reserve has not come yet')
  headroom.took(1)
  assert.equal(looks(), 2)
  await turns(2)
  let settle = (_: StoreRoom): void => {}
  answers(() => new Promise((resolve) => (settle = resolve)))
  headroom.took(100)
  headroom.took(100)
  await pass(10_000)
  assert.equal(looks(), 3, 'the disk has not answered yet')
  settle({ freeBytes: 20, reusableBytes: 0 })
  await turns(2)
  assert.equal(headroom.level, 'critical')
  free(500)
  await pass(1000)
  assert.equal(headroom.level, 'ok')
})

test('where nothing is known to be the bound there is always room', async () => {
  const { headroom, levels } = await bench(null)
  assert.equal(headroom.level, 'ok')
  assert.equal(headroom.status, null)
  assert.equal(headroom.fits(Number.MAX_SAFE_INTEGER), true)
  assert.deepEqual(levels, ['ok'])
})

test('something large fits if the reserve is left', async () => {
  const { headroom, pass, free } = await bench(1000)
  assert.equal(headroom.fits(900), true)
  assert.equal(headroom.fits(901), false)
  free(90)
  await pass(1000)
  assert.equal(headroom.fits(0), false)
})

test('a store that has failed, whoever noticed first, is told; one that was closed is not, nor anything after the stop', async () => {
  const { headroom, pass, answers, failures, looks } = await bench()
  answers(() => Promise.reject(new FlotillaError('STORE_CLOSED', 'closed')))
  await pass(1000)
  assert.deepEqual(failures, [])
  answers(() => Promise.reject(new FlotillaError('STORAGE_FAILED', 'EIO')))
  await pass(1000)
  assert.deepEqual(
    failures.map(({ code }) => code),
    ['STORAGE_FAILED'],
  )
  headroom.stop()
  await pass(10_000)
  assert.equal(looks(), 3)
})

test('a store that has failed cannot be begun with', async () => {
  const headroom = new Headroom({ clock: manualClock(), logger: silent, reserveBytes: null, onLook() {}, onFailure() {} })
  const room = () => Promise.reject(new FlotillaError('STORAGE_FAILED', 'EIO'))
  await assert.rejects(headroom.begin({ bytes: () => 0, room }), { code: 'STORAGE_FAILED' })
})

test('what can be done without is asked for at each look while there is little left, before the level falls', async () => {
  const { headroom, pass, free, answers } = await bench(200)
  let asked = 0
  headroom.whenTight(() => asked++)
  const lookWith = async (freeBytes: number): Promise<number> => {
    free(freeBytes)
    await pass(1000)
    return asked
  }
  assert.equal(await lookWith(125), 0)
  assert.equal(await lookWith(124), 1)
  assert.equal(headroom.level, 'ok')
  assert.equal(await lookWith(60), 2)
  assert.equal(await lookWith(60), 3)
  assert.equal(await lookWith(1000), 3)
  answers(async () => null)
  await pass(1000)
  assert.equal(asked, 3, 'where no disk is the bound')
})
