/** The sender's chart in simulated time: every transition is taken once, and each that is deleted is missed here. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createActor, SimulatedClock } from 'xstate'
import type { SenderEvent } from '../../../machines/snapshot-sender.ts'
import { FlotillaError } from '../../../src/base/errors.ts'
import { manualClock } from '../../../src/clock/manual.ts'
import { SNAPSHOT_TIMING } from '../../../src/node/snapshots/group.ts'
import { Sender, senderLogic } from '../../../src/node/snapshots/sender.ts'

const { exportTimeoutMs, offerTimeoutMs, silenceTimeoutMs, repeatsMax } = SNAPSHOT_TIMING

/** A sender whose export is ended by hand. */
function stage() {
  const clock = new SimulatedClock()
  let offers = 0
  let end = { resolve: (): void => {}, reject: (_: Error): void => {} }
  const exportState = (): Promise<void> =>
    new Promise((resolve, reject) => {
      end = { resolve, reject }
    })
  const logic = senderLogic({
    exportState,
    clock: manualClock(),
    timing: SNAPSHOT_TIMING,
    offer: () => {
      offers++
    },
    onState() {},
    onEnd() {},
  })
  const actor = createActor(logic, { clock })
  actor.subscribe({ error: (error) => assert.fail(String(error)) })
  actor.start()
  return {
    clock,
    state: () => actor.getSnapshot().value,
    error: () => actor.getSnapshot().context.error,
    repeats: () => actor.getSnapshot().context.repeats,
    offers: () => offers,
    tell: (event: SenderEvent) => actor.send(event),
    async exported() {
      end.resolve()
      await new Promise(setImmediate)
    },
    async failed(error: Error) {
      end.reject(error)
      await new Promise(setImmediate)
    },
  }
}

type State = 'exporting' | 'offering' | 'streaming' | 'awaitingInstall'

/** A sender brought to a state. */
async function at(state: State): Promise<ReturnType<typeof stage>> {
  const s = stage()
  if (state !== 'exporting') await s.exported()
  if (state === 'streaming') s.tell({ type: 'heard' })
  if (state === 'awaitingInstall') s.tell({ type: 'complete' })
  assert.equal(s.state(), state)
  return s
}

const STATES: readonly State[] = ['exporting', 'offering', 'streaming', 'awaitingInstall']
const WAITS = { offering: offerTimeoutMs, streaming: silenceTimeoutMs, awaitingInstall: silenceTimeoutMs } as const
const OFFERED = ['offering', 'streaming', 'awaitingInstall'] as const

test('it exports, and then offers', async () => {
  const s = stage()
  assert.deepEqual([s.state(), s.offers()], ['exporting', 0])
  await s.exported()
  assert.deepEqual([s.state(), s.offers()], ['offering', 1])
})

test('exporting: an error ends it', async () => {
  const s = stage()
  const error = new FlotillaError('UNAVAILABLE', 'no')
  await s.failed(error)
  assert.deepEqual([s.state(), s.error()], ['failed', error])
})

test('exporting: it has its time', () => {
  const s = stage()
  s.clock.increment(exportTimeoutMs - 1)
  assert.equal(s.state(), 'exporting')
  s.clock.increment(1)
  assert.equal(s.state(), 'failed')
  assert.equal((s.error() as FlotillaError).code, 'TIMEOUT')
})

for (const state of STATES) {
  test(`${state}: an acknowledgement is the end`, async () => {
    const s = await at(state)
    s.tell({ type: 'acknowledged' })
    assert.equal(s.state(), 'done')
  })

  test(`${state}: who leads no more goes no further`, async () => {
    const s = await at(state)
    s.tell({ type: 'revoked' })
    assert.equal(s.state(), 'failed')
    assert.equal(s.error(), null)
  })
}

for (const state of OFFERED) {
  test(`${state}: the follower may decline`, async () => {
    const s = await at(state)
    const error = new FlotillaError('BUSY', 'not now')
    s.tell({ type: 'declined', error })
    assert.deepEqual([s.state(), s.error()], ['declined', error])
  })

  test(`${state}: silence makes the offer anew, so often, and then fails`, async () => {
    const s = await at(state)
    s.clock.increment(WAITS[state] - 1)
    assert.deepEqual([s.state(), s.offers()], [state, 1])
    s.clock.increment(1)
    assert.deepEqual([s.state(), s.offers(), s.repeats()], ['offering', 2, 1])
    for (let repeats = 2; repeats <= repeatsMax; repeats++) {
      s.clock.increment(offerTimeoutMs)
      assert.deepEqual([s.state(), s.offers(), s.repeats()], ['offering', repeats + 1, repeats])
    }
    if (state === 'streaming') s.tell({ type: 'heard' })
    if (state === 'awaitingInstall') s.tell({ type: 'complete' })
    assert.equal(s.state(), state)
    s.clock.increment(WAITS[state])
    assert.deepEqual([s.state(), s.offers()], ['failed', repeatsMax + 1])
    assert.equal((s.error() as FlotillaError).code, 'TIMEOUT')
  })
}

for (const state of OFFERED) {
  test(`${state}: what is lost here is made anew and offered again, so often, and then it fails`, async () => {
    const s = await at(state)
    const error = new FlotillaError('UNAVAILABLE', 'lost')
    s.tell({ type: 'damaged', error })
    assert.deepEqual([s.state(), s.repeats()], ['exporting', 1])
    for (let repeats = 1; repeats < repeatsMax; repeats++) {
      await s.exported()
      s.tell({ type: 'damaged', error })
    }
    assert.deepEqual([s.state(), s.offers(), s.repeats()], ['exporting', repeatsMax, repeatsMax])
    await s.exported()
    if (state === 'streaming') s.tell({ type: 'heard' })
    if (state === 'awaitingInstall') s.tell({ type: 'complete' })
    assert.equal(s.state(), state)
    s.tell({ type: 'damaged', error })
    assert.deepEqual([s.state(), s.error()], ['failed', error])
  })
}

test('streaming: each word begins the silence anew', async () => {
  const s = await at('streaming')
  for (let i = 0; i < 5; i++) {
    s.clock.increment(silenceTimeoutMs - 1)
    s.tell({ type: 'heard' })
  }
  assert.deepEqual([s.state(), s.repeats()], ['streaming', 0])
  s.tell({ type: 'complete' })
  assert.equal(s.state(), 'awaitingInstall')
})

test('awaitingInstall: who is still at it is waited for, and who fetches again, too', async () => {
  const s = await at('awaitingInstall')
  for (let i = 0; i < 5; i++) {
    s.clock.increment(silenceTimeoutMs - 1)
    s.tell({ type: 'complete' })
  }
  assert.deepEqual([s.state(), s.repeats()], ['awaitingInstall', 0])
  s.tell({ type: 'heard' })
  assert.equal(s.state(), 'streaming')
})

test('its host hears of each state once, and of the end', async () => {
  const said: unknown[] = []
  const clock = manualClock()
  const sender = new Sender({
    clock,
    timing: SNAPSHOT_TIMING,
    exportState: async () => {},
    offer() {},
    onState: (state) => said.push(state),
    onEnd: (end, error) => said.push([end, (error as FlotillaError).code]),
  })
  sender.start()
  await new Promise(setImmediate)
  assert.equal(sender.state, 'offering')
  sender.tell({ type: 'heard' })
  sender.tell({ type: 'heard' })
  clock.advance(silenceTimeoutMs + repeatsMax * offerTimeoutMs)
  assert.deepEqual(said, ['exporting', 'offering', 'streaming', 'offering', 'failed', ['failed', 'TIMEOUT']])
})

test('one that is stopped says nothing more', async () => {
  const said: unknown[] = []
  const clock = manualClock()
  const options = { clock, timing: SNAPSHOT_TIMING, exportState: async () => {}, offer() {}, onState() {} }
  const sender = new Sender({ ...options, onEnd: (end) => said.push(end) })
  sender.start()
  sender.stop()
  clock.advance(exportTimeoutMs)
  await new Promise(setImmediate)
  assert.deepEqual(said, [])
})
