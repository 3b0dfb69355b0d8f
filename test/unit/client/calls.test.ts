/** One call over many attempts: its bound, its deadline and the length of an attempt. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FlotillaError } from '../../../src/base/errors.ts'
import { ATTEMPT_MS_MAX, type Call, Calls, GRACE_MS } from '../../../src/client/calls.ts'
import { refusedWith } from '../../contract/transport-waiting.ts'

const way = { subject: 'x', answered() {}, lost: () => false }
const call = (parts: Partial<Call<number>>): Call<number> => ({
  writes: true,
  repeatable: false,
  timeoutMs: 5000,
  way: async () => way,
  attempt: async () => 1,
  ...parts,
})

test('more calls than the bound are BUSY, and there is room again when one ends', async () => {
  const calls = new Calls(1)
  let finish: (value: number) => void = () => {}
  const first = calls.make(call({ attempt: () => new Promise((resolve) => (finish = resolve)) }))
  await assert.rejects(calls.make(call({})), refusedWith('BUSY'))
  await new Promise(setImmediate)
  finish(7)
  assert.equal(await first, 7)
  assert.equal(calls.size, 0)
  assert.equal(await calls.make(call({})), 1)
})

test('an attempt that may be repeated is short; one that may not has the whole deadline', async () => {
  const calls = new Calls()
  const given: number[] = []
  const attempt = async (_subject: string, timeoutMs: number): Promise<number> => given.push(timeoutMs)
  await calls.make(call({ repeatable: true, attempt }))
  await calls.make(call({ attempt }))
  assert.equal(given[0], ATTEMPT_MS_MAX)
  assert.ok((given[1] as number) > 4900)
})

test('a write that stays silent sends the calls after it to look for another way, and still hears its own answer', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  let losses = 0
  let finish: (value: number) => void = () => {}
  const attempt = (): Promise<number> => new Promise((resolve) => (finish = resolve))
  const made = new Calls().make(call({ attempt, way: async () => ({ ...way, lost: () => ++losses > 0 }) }))
  await new Promise(setImmediate)
  t.mock.timers.tick(ATTEMPT_MS_MAX - 1)
  assert.equal(losses, 0)
  t.mock.timers.tick(1)
  assert.equal(losses, 1)
  finish(7)
  assert.equal(await made, 7)
})

test('when no way is found in time nothing was sent, and the error says so', async () => {
  await assert.rejects(new Calls().make(call({ way: async () => null })), (error) => {
    assert.match(String(error), /nothing was sent/)
    return refusedWith('UNAVAILABLE')(error)
  })
})

test('a way that leads nowhere is told the hint', async () => {
  const hints: (string | null)[] = []
  let attempts = 0
  const attempt = async (): Promise<number> => {
    if (attempts++ < 2) throw new FlotillaError('NOT_LEADER', '', attempts === 1 ? { leader: 'b' } : {})
    return 1
  }
  await new Calls().make(call({ attempt, way: async () => ({ ...way, lost: (hint) => hints.push(hint) > 0 }) }))
  assert.deepEqual(hints, ['b', null])
})

test('an error that is none of ours is thrown as one of ours, with its cause', async () => {
  const cause = new RangeError('odd')
  const attempt = async (): Promise<number> => {
    throw cause
  }
  await assert.rejects(new Calls().make(call({ attempt, timeoutMs: 30 })), (error) => {
    assert.equal((error as FlotillaError).cause, cause)
    return true
  })
})

test('a failing disk sends a repeatable write to the next leader; a refusal later does not make an unknown outcome known', async () => {
  const after = (...codes: readonly ('STORAGE_FAILED' | 'TIMEOUT' | 'UNKNOWN_GROUP')[]): Promise<number> => {
    const left = [...codes]
    const attempt = async (): Promise<number> => {
      const code = left.shift()
      if (code !== undefined) throw new FlotillaError(code, 'x')
      return 1
    }
    return new Calls().make(call({ repeatable: true, attempt }))
  }
  assert.equal(await after('STORAGE_FAILED', 'STORAGE_FAILED'), 1)
  await assert.rejects(after('TIMEOUT', 'UNKNOWN_GROUP'), refusedWith('TIMEOUT_UNKNOWN'))
  await assert.rejects(after('STORAGE_FAILED', 'UNKNOWN_GROUP'), refusedWith('UNKNOWN_GROUP'))
})

test('once another node leads, the outcome of a write that may not be repeated is unknown, and it is not sent again', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  let attempts = 0
  const attempt = (): Promise<number> => new Promise(() => attempts++)
  const watch = (overtaken: (leader: string) => void) => {
    overtaken('b')
    return () => {}
  }
  const told = assert.rejects(
    new Calls().make(call({ attempt, way: async () => ({ ...way, watch }) })),
    refusedWith('TIMEOUT_UNKNOWN'),
  )
  await new Promise(setImmediate)
  t.mock.timers.tick(GRACE_MS)
  await told
  assert.equal(attempts, 1)
})
