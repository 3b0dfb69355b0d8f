/** The session's chart in simulated time: every transition is taken once, and each that is deleted is missed here. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createActor, SimulatedClock } from 'xstate'
import { BACKOFF_MS_MAX } from '../../../src/client/routes.ts'
import { SEEK_TIMEOUT_MS, sessionLogic } from '../../../src/client/session.ts'

/** A session whose searches are answered by hand. */
function stage() {
  const clock = new SimulatedClock()
  const searches: { resolve(leader: string | null): void; reject(error: Error): void }[] = []
  const ask = (): Promise<string | null> => new Promise((resolve, reject) => searches.push({ resolve, reject }))
  const actor = createActor(sessionLogic(ask), { clock })
  actor.subscribe({ error: (error) => assert.fail(String(error)) })
  actor.start()
  return {
    clock,
    searches,
    state: () => actor.getSnapshot().value,
    context: () => actor.getSnapshot().context,
    lose: (hint: string | null = null) => actor.send({ type: 'lost', serial: actor.getSnapshot().context.serial, hint }),
    loseOld: () => actor.send({ type: 'lost', serial: actor.getSnapshot().context.serial - 1, hint: 'x' }),
    answer: () => actor.send({ type: 'answered' }),
    /** Answers the latest search. */
    async find(leader: string | null) {
      searches.at(-1)?.resolve(leader)
      await new Promise(setImmediate)
    },
  }
}

test('it begins connected, by way of the group', () => {
  const { state, context } = stage()
  assert.equal(state(), 'connected')
  assert.deepEqual(context().route, { kind: 'group' })
})

test('connected: a loss is searched for, and the leader found is asked by name', async () => {
  const s = stage()
  s.lose()
  assert.equal(s.state(), 'seeking')
  await s.find('b')
  assert.equal(s.state(), 'connected')
  assert.deepEqual(s.context(), { route: { kind: 'node', node: 'b' }, serial: 1, failures: 1 })
})

test('connected: losses of an earlier route change nothing', async () => {
  const s = stage()
  s.lose()
  await s.find('b')
  s.loseOld()
  assert.equal(s.state(), 'connected')
  assert.deepEqual(s.context().route, { kind: 'node', node: 'b' })
})

test('connected: a hint is followed without a search', () => {
  const s = stage()
  s.lose('c')
  assert.equal(s.state(), 'connected')
  assert.deepEqual(s.context().route, { kind: 'node', node: 'c' })
  assert.equal(s.searches.length, 0)
})

test('connected: an answer forgets the losses before it', () => {
  const s = stage()
  s.lose('c')
  assert.equal(s.context().failures, 1)
  s.answer()
  assert.equal(s.context().failures, 0)
})

test('connected: losses in a row lead to a pause, and from there to a search', async () => {
  const s = stage()
  s.lose('c')
  s.lose('b')
  s.lose('c')
  assert.equal(s.state(), 'backingOff')
  s.clock.increment(BACKOFF_MS_MAX)
  assert.equal(s.state(), 'seeking')
  await s.find('a')
  assert.deepEqual(s.context().route, { kind: 'group' })
})

test('seeking: nobody leads, so it pauses, longer each time, and seeks again', async () => {
  const s = stage()
  s.lose()
  for (let failures = 2; failures < 8; failures++) {
    await s.find(null)
    assert.equal(s.state(), 'backingOff')
    assert.equal(s.context().failures, failures)
    s.clock.increment(19)
    assert.equal(s.state(), 'backingOff')
    s.clock.increment(BACKOFF_MS_MAX)
    assert.equal(s.state(), 'seeking')
  }
})

test('seeking: nobody can be asked, so it pauses', async () => {
  const s = stage()
  s.lose()
  s.searches.at(-1)?.reject(new Error('nobody listens'))
  await new Promise(setImmediate)
  assert.equal(s.state(), 'backingOff')
  assert.equal(s.context().failures, 2)
})

test('seeking: an answer that does not come is not waited for for ever, and is not heard later', async () => {
  const s = stage()
  s.lose()
  s.clock.increment(SEEK_TIMEOUT_MS)
  assert.equal(s.state(), 'backingOff')
  assert.equal(s.context().failures, 2)
  await s.find('b')
  assert.equal(s.state(), 'backingOff')
})
