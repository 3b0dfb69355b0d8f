/** A recorded client does what the other one does, and its history tells what it knows. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { utf8 } from '../../../src/base/bytes.ts'
import { type Code, FlotillaError } from '../../../src/base/errors.ts'
import { kvClient } from '../../../src/client/kv.ts'
import type { GroupCalls } from '../../../src/client/types.ts'
import { kv } from '../../../src/statemachines/kv/kv.ts'
import { HistoryRecorder } from '../../../src/testkit/history.ts'
import { checkLinearizable } from '../../../src/testkit/linearizable.ts'
import { kvModel } from '../../../src/testkit/models/kv.ts'
import { type KvOp, type KvResult, kvOp, kvResult } from '../../../src/testkit/models/kv-operations.ts'
import { recordedKv } from '../../../src/testkit/recorded-kv.ts'
import { MemoryTable, run } from '../statemachines/table.ts'

/** A store of one table, whose next call fails if it is told so. */
function world() {
  const machine = kv()
  const table = new MemoryTable()
  const trouble: Code[] = []
  const answer = (body: () => Uint8Array) => {
    const code = trouble.pop()
    if (code !== undefined) return Promise.reject(new FlotillaError(code, 'as told'))
    return Promise.resolve({ body: body(), group: 'g', index: table.applied, term: 1 })
  }
  const calls: GroupCalls = {
    propose: (_, command) => {
      const [body] = trouble.length > 0 ? [new Uint8Array()] : run(machine, table, [command])
      return answer(() => body as Uint8Array)
    },
    read: (_, query) => answer(() => machine.query(query, table)),
  }
  let time = 0
  const recorder = new HistoryRecorder<KvOp, KvResult>()
  const client = recordedKv(kvClient(calls, 'g'), { recorder, client: 'a', now: () => time++ })
  const told = () => recorder.history().map(({ op, result, hint }) => `${kvModel().describe?.(op, result)} @${hint}`)
  return { client, recorder, trouble, told }
}

test('answers are written down, with where in the log they were', async () => {
  const { client, told } = world()
  await client.put('k', 'v')
  assert.equal(await client.getText('k'), 'v')
  await client.compareAndSet('k', { expected: 'w', value: null })
  const batch = client.batch().put('j', 'é').delete('k', 'lock')
  assert.equal(batch.size, 2)
  await batch.commit()
  const rows = []
  for await (const row of client.scan({ from: 'a', limit: 5 })) rows.push(row)
  assert.equal(rows.length, 2)
  await client.scanPage({ limit: 1 })
  await client.delete('k')
  assert.deepEqual(told(), [
    'put default/k = "v" → done @1',
    'get default/k → "v" @null',
    'compareAndSet default/k from "w" to nothing → not swapped, it holds "v" @2',
    'batch (put default/j = "Ã©", delete lock/k) → done @3',
    'scan default ["a", end) limit 5 → j = "Ã©", k = "v" @3.5',
    'scan default ["", end) limit 1 → j = "Ã©", more from "k" @3.5',
    'delete default/k → done @4',
  ])
})

test('what failed for certain is left out, and what may have been done stays open', async () => {
  const { client, recorder, trouble, told } = world()
  for (const code of ['NOT_LEADER', 'UNAVAILABLE', 'TOO_LARGE', 'TIMEOUT_UNKNOWN', 'CLOSED', 'STORAGE_FAILED'] as const) {
    trouble.push(code)
    await assert.rejects(client.put('k', code), { code })
  }
  trouble.push('TIMEOUT')
  await assert.rejects(client.get('k'), { code: 'TIMEOUT' })
  assert.deepEqual(told(), [
    'put default/k = "TIMEOUT_UNKNOWN" → ? @null',
    'put default/k = "CLOSED" → ? @null',
    'put default/k = "STORAGE_FAILED" → ? @null',
  ])
  assert.deepEqual(recorder.tally(), { ok: 0, failed: 4, unknown: 3 })
})

test('what one had asked who died stays unknown: it may be done at any later time, and need not be', async () => {
  const { client, recorder, told } = world()
  const unheard: GroupCalls = { propose: () => new Promise(() => {}), read: () => new Promise(() => {}) }
  const dying = recordedKv(kvClient(unheard, 'g'), { recorder, client: 'b', now: () => 0 })
  for (const value of ['done', 'lost']) void dying.put('k', value)
  void dying.get('k')
  await client.put('k', 'v')
  assert.equal(await client.getText('k'), 'v')
  assert.deepEqual(recorder.tally(), { ok: 2, failed: 0, unknown: 3 })
  assert.deepEqual(told().slice(0, 3), [
    'put default/k = "done" → ? @null',
    'put default/k = "lost" → ? @null',
    'get default/k → ? @null',
  ])
  recorder.ok(recorder.invoke('c', kvOp.get('k'), 100), kvResult.got(utf8('done')), 101)
  assert.equal(checkLinearizable(recorder.history(), kvModel()).verdict, 'ok')
})

test('stale reads are not recorded, and writes that may be done twice are refused', async () => {
  const { client, told } = world()
  await client.get('k', { consistency: 'stale' })
  await client.scanPage({}, { maxStalenessMs: 50 })
  await assert.rejects(client.put('k', 'v', { idempotent: true }), { code: 'CONFIG_INVALID' })
  await assert.rejects(client.batch().put('k', 'v').commit({ idempotent: true }), { code: 'CONFIG_INVALID' })
  assert.deepEqual(told(), [])
})
