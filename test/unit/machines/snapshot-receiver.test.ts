/** The receiver's chart in simulated time: every transition is taken once, and each that is deleted is missed here. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createActor, SimulatedClock } from 'xstate'
import type { ReceiverEvent } from '../../../machines/snapshot-receiver.ts'
import { FlotillaError } from '../../../src/base/errors.ts'
import { seededChance } from '../../../src/chance/seeded.ts'
import { manualClock } from '../../../src/clock/manual.ts'
import { SNAPSHOT_TIMING } from '../../../src/node/snapshots/group.ts'
import { pauseMs, Receiver, receiverLogic } from '../../../src/node/snapshots/receiver.ts'

const { backoffMsMin, backoffMsMax, failuresMax, fetchTimeoutMs } = SNAPSHOT_TIMING

const lost = new FlotillaError('TIMEOUT', 'no answer')
const wrong = new FlotillaError('STORE_MISMATCH', 'of somebody else')

/** A receiver whose work is ended by hand. */
function stage() {
  const clock = new SimulatedClock()
  const begun: string[] = []
  let current = { resolve: (_: unknown): void => {}, reject: (_: Error): void => {} }
  const work =
    (name: string) =>
    <T>(): Promise<T> => {
      begun.push(name)
      return new Promise<T>((resolve, reject) => {
        current = { resolve: resolve as (value: unknown) => void, reject }
      })
    }
  const logic = receiverLogic({
    timing: SNAPSHOT_TIMING,
    clock: manualClock(),
    chance: { next: () => 0, bytes: () => new Uint8Array() },
    work: {
      decide: work('decide'),
      fetchManifest: work('fetchManifest'),
      pull: work('pull'),
      verify: work('verify'),
      install: work('install'),
    },
    onState() {},
    onEnd() {},
  })
  const actor = createActor(logic, { clock })
  actor.subscribe({ error: (error) => assert.fail(String(error)) })
  actor.start()
  return {
    clock,
    begun,
    state: () => actor.getSnapshot().value,
    context: () => actor.getSnapshot().context,
    tell: (event: ReceiverEvent) => actor.send(event),
    async ends(output?: unknown) {
      current.resolve(output)
      await new Promise(setImmediate)
    },
    async fails(error: Error) {
      current.reject(error)
      await new Promise(setImmediate)
    },
  }
}

type State = 'deciding' | 'fetching' | 'pulling' | 'verifying' | 'installing'
const STATES: readonly State[] = ['deciding', 'fetching', 'pulling', 'verifying', 'installing']

/** A receiver brought to a state. */
async function at(state: State): Promise<ReturnType<typeof stage>> {
  const s = stage()
  for (let i = 0; i < STATES.indexOf(state); i++) await s.ends(false)
  assert.equal(s.state(), state)
  return s
}

test('without the manifest it fetches that, then the chunks, looks at them and installs', async () => {
  const s = await at('installing')
  await s.ends()
  assert.equal(s.state(), 'done')
  assert.deepEqual(s.begun, ['decide', 'fetchManifest', 'pull', 'verify', 'install'])
})

test('with the manifest it goes on with the chunks', async () => {
  const s = stage()
  await s.ends(true)
  assert.equal(s.state(), 'pulling')
  assert.deepEqual(s.begun, ['decide', 'pull'])
})

for (const state of ['deciding', 'installing'] as const)
  test(`${state}: an error ends it`, async () => {
    const s = await at(state)
    await s.fails(lost)
    assert.deepEqual([s.state(), s.context().error], ['failed', lost])
  })

for (const state of ['fetching', 'pulling', 'verifying'] as const) {
  test(`${state}: what failed is tried again after a rest, which begins with a decision`, async () => {
    const s = await at(state)
    await s.fails(lost)
    assert.deepEqual([s.state(), s.context().failures], ['resting', 1])
    s.clock.increment(backoffMsMin - 1)
    assert.equal(s.state(), 'resting')
    s.clock.increment(1)
    assert.equal(s.state(), 'deciding')
  })

  test(`${state}: what another attempt would not change ends it`, async () => {
    const s = await at(state)
    await s.fails(wrong)
    assert.deepEqual([s.state(), s.context().error], ['failed', wrong])
  })
}

for (const state of STATES)
  test(`${state}: another may take its place`, async () => {
    const s = await at(state)
    s.tell({ type: 'dropped' })
    assert.equal(s.state(), 'dropped')
    await s.ends()
    assert.equal(s.state(), 'dropped')
  })

test('resting: another may take its place', async () => {
  const s = await at('pulling')
  await s.fails(lost)
  s.tell({ type: 'dropped' })
  assert.equal(s.state(), 'dropped')
})

test('fetching: it has its time', async () => {
  const s = await at('fetching')
  s.clock.increment(fetchTimeoutMs)
  assert.equal(s.state(), 'failed')
  assert.equal((s.context().error as FlotillaError).code, 'TIMEOUT')
})

test('it rests longer each time, and gives up in the end', async () => {
  const s = await at('pulling')
  for (let failures = 1; failures <= failuresMax; failures++) {
    await s.fails(lost)
    assert.deepEqual([s.state(), s.context().failures], ['resting', failures])
    const pause = Math.min(backoffMsMax, backoffMsMin * 2 ** (failures - 1))
    s.clock.increment(pause - 1)
    assert.equal(s.state(), 'resting')
    s.clock.increment(1)
    await s.ends(true)
    assert.equal(s.state(), 'pulling')
  }
  await s.fails(lost)
  assert.deepEqual([s.state(), s.context().error], ['failed', lost])
})

for (const state of ['fetching', 'pulling'] as const)
  test(`${state}: something new forgets the failures before it`, async () => {
    const s = await at('fetching')
    await s.fails(lost)
    s.clock.increment(backoffMsMin)
    await s.ends(state === 'pulling')
    assert.deepEqual([s.state(), s.context().failures], [state, 1])
    s.tell({ type: 'progressed' })
    assert.deepEqual([s.state(), s.context().failures], [state, 0])
  })

test('chance takes up to a half of a rest', () => {
  assert.equal(pauseMs(1, SNAPSHOT_TIMING, 0), backoffMsMin)
  assert.equal(pauseMs(1, SNAPSHOT_TIMING, 1), backoffMsMin / 2)
  assert.equal(pauseMs(1000, SNAPSHOT_TIMING, 0), backoffMsMax)
})

test('its host hears of each state once, and of the end', async () => {
  const said: unknown[] = []
  const none = async (): Promise<void> => {}
  const receiver = new Receiver({
    clock: manualClock(),
    chance: seededChance(1),
    timing: SNAPSHOT_TIMING,
    work: { decide: async () => true, fetchManifest: none, pull: none, verify: none, install: none },
    onState: (state) => said.push(state),
    onEnd: (end, error) => said.push([end, error]),
  })
  receiver.start()
  receiver.tell({ type: 'progressed' })
  for (let i = 0; i < 5; i++) await new Promise(setImmediate)
  assert.equal(receiver.state, 'done')
  assert.deepEqual(said, ['deciding', 'pulling', 'verifying', 'installing', 'done', ['done', null]])
})
