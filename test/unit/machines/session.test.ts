/** The session's chart in simulated time: every transition is taken once, and each that is deleted is missed here. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createActor, SimulatedClock } from 'xstate'
import type { Finding } from '../../../machines/session.ts'
import { FlotillaError } from '../../../src/base/errors.ts'
import { BACKOFF_MS_MAX } from '../../../src/client/routes.ts'
import { ASK_TIMEOUT_MS, SEEK_TIMEOUT_MS, sessionLogic } from '../../../src/client/session.ts'

/** A session whose searches are answered by hand. */
function stage() {
  const clock = new SimulatedClock()
  const asks: { readonly timeoutMs: number; resolve(finding: Finding): void; reject(error: Error): void }[] = []
  const ask = (timeoutMs: number): Promise<Finding> => new Promise((resolve, reject) => asks.push({ timeoutMs, resolve, reject }))
  const actor = createActor(sessionLogic(ask), { clock })
  actor.subscribe({ error: (error) => assert.fail(String(error)) })
  actor.start()
  return {
    clock,
    asks,
    state: () => actor.getSnapshot().value,
    context: () => actor.getSnapshot().context,
    lose: (hint: string | null = null) => actor.send({ type: 'lost', serial: actor.getSnapshot().context.serial, hint }),
    loseOld: () => actor.send({ type: 'lost', serial: actor.getSnapshot().context.serial - 1, hint: 'x' }),
    answer: () => actor.send({ type: 'answered' }),
    /** Answers the latest question. */
    async find(leader: string | null, term = 1) {
      asks.at(-1)?.resolve({ leader, term })
      await new Promise(setImmediate)
    },
    /** Refuses it. */
    async fail(code: 'UNAVAILABLE' | 'CONFIG_INVALID' | 'TIMEOUT' | 'DISCONNECTED') {
      asks.at(-1)?.reject(new FlotillaError(code, 'no'))
      await new Promise(setImmediate)
    },
  }
}

/** A session that found `a`. */
async function atA(): Promise<ReturnType<typeof stage>> {
  const s = stage()
  await s.find('a')
  return s
}

test('it begins by seeking, and asks the leader found by name', async () => {
  const s = stage()
  assert.equal(s.state(), 'seeking')
  await s.find('a')
  assert.equal(s.state(), 'connected')
  assert.deepEqual(s.context(), { route: { kind: 'node', node: 'a' }, term: 1, serial: 1, failures: 0 })
})

test('connected: a loss is searched for, and whoever is found is asked by name', async () => {
  const s = await atA()
  s.lose()
  assert.equal(s.state(), 'seeking')
  await s.find('b', 2)
  assert.equal(s.state(), 'connected')
  assert.deepEqual(s.context(), { route: { kind: 'node', node: 'b' }, term: 2, serial: 2, failures: 1 })
})

test('connected: losses of an earlier route change nothing', async () => {
  const s = await atA()
  s.loseOld()
  assert.equal(s.state(), 'connected')
  assert.deepEqual(s.context().route, { kind: 'node', node: 'a' })
})

test('connected: a hint is followed without a search', async () => {
  const s = await atA()
  s.lose('c')
  assert.equal(s.state(), 'connected')
  assert.deepEqual(s.context().route, { kind: 'node', node: 'c' })
  assert.equal(s.asks.length, 1)
})

test('connected: an answer forgets the losses before it', async () => {
  const s = await atA()
  s.lose('c')
  assert.equal(s.context().failures, 1)
  s.answer()
  assert.equal(s.context().failures, 0)
})

test('connected: losses in a row lead to a pause, and from there to a search', async () => {
  const s = await atA()
  s.lose('c')
  s.lose('b')
  s.lose('c')
  assert.equal(s.state(), 'backingOff')
  s.clock.increment(BACKOFF_MS_MAX)
  assert.equal(s.state(), 'seeking')
  await s.find('a')
  assert.deepEqual(s.context().route, { kind: 'node', node: 'a' })
})

test('seeking: nobody leads, so it pauses, longer each time, and seeks again', async () => {
  const s = stage()
  for (let failures = 1; failures < 8; failures++) {
    await s.find(null)
    assert.equal(s.state(), 'backingOff')
    assert.equal(s.context().failures, failures)
    s.clock.increment(19)
    assert.equal(s.state(), 'backingOff')
    s.clock.increment(BACKOFF_MS_MAX)
    assert.equal(s.state(), 'seeking')
  }
})

test('seeking: a leader of an earlier term than one already believed is not followed', async () => {
  const s = stage()
  await s.find('b', 5)
  s.lose()
  await s.find('a', 4)
  assert.equal(s.state(), 'backingOff')
  assert.equal(s.context().failures, 2)
  s.clock.increment(BACKOFF_MS_MAX)
  await s.find(null, 9) // names nobody: no leader of term 9 is known by it
  s.clock.increment(BACKOFF_MS_MAX)
  await s.find('b', 5)
  assert.equal(s.state(), 'connected')
  assert.deepEqual([s.context().route, s.context().term], [{ kind: 'node', node: 'b' }, 5])
})

for (const code of ['UNAVAILABLE', 'CONFIG_INVALID'] as const) {
  test(`seeking: ${code} says that nobody can be asked, so it goes by way of the group`, async () => {
    const s = await atA()
    s.lose()
    await s.fail(code)
    assert.equal(s.state(), 'connected')
    assert.deepEqual(s.context(), { route: { kind: 'group' }, term: 1, serial: 2, failures: 1 })
  })
}

test('seeking: without a connection it pauses', async () => {
  const s = stage()
  await s.fail('DISCONNECTED')
  assert.equal(s.state(), 'backingOff')
  assert.equal(s.context().failures, 1)
  assert.equal(s.asks.length, 1)
})

test('seeking: who is silent costs one short question, and another is asked in the same search', async () => {
  const s = stage()
  await s.fail('TIMEOUT')
  assert.equal(s.state(), 'seeking')
  assert.deepEqual(
    s.asks.map(({ timeoutMs }) => timeoutMs),
    [ASK_TIMEOUT_MS, ASK_TIMEOUT_MS],
  )
  await s.find('b')
  assert.equal(s.state(), 'connected')
  assert.equal(s.context().failures, 0)
})

test('seeking: when all are silent it pauses', async () => {
  const s = stage()
  for (let ms = 0; ms < SEEK_TIMEOUT_MS; ms += ASK_TIMEOUT_MS) await s.fail('TIMEOUT')
  assert.equal(s.state(), 'backingOff')
  assert.equal(s.asks.length, SEEK_TIMEOUT_MS / ASK_TIMEOUT_MS)
})

test('seeking: an answer that does not come is not waited for for ever, and is not heard later', async () => {
  const s = stage()
  s.clock.increment(SEEK_TIMEOUT_MS)
  assert.equal(s.state(), 'backingOff')
  assert.equal(s.context().failures, 1)
  await s.find('b')
  assert.equal(s.state(), 'backingOff')
})
