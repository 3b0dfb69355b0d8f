/** The applier: in order, a portion at a time, and the same words for a refused command everywhere. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { text, utf8 } from '../../../src/base/bytes.ts'
import { APPLY_BYTES_MAX } from '../../../src/base/limits.ts'
import { Applier } from '../../../src/node/applier.ts'
import { isRemoved } from '../../../src/node/members.ts'
import { Waiters } from '../../../src/node/waiters.ts'
import type { ConfApplied } from '../../../src/protocol/events.ts'
import { Log } from '../../../src/protocol/log.ts'
import { type Entry, votersOnly } from '../../../src/protocol/types.ts'
import { memoryStore } from '../../../src/storage/memory/store.ts'
import { command, parrot } from './sample-node.ts'

const word = (index: number, what: string): Entry => command(index, 1, utf8(what))

async function bench(entries: readonly Entry[]) {
  const store = memoryStore({ cluster: 'demo', node: 'a' })
  await store.open('g', { conf: votersOnly([1]), peers: { 1: 'a' }, kind: 'parrot' })
  const table = store.table('g')
  const waiters = new Waiters()
  const applied: number[] = []
  const confs: ConfApplied[] = []
  const applier = new Applier({
    stateMachine: parrot(),
    table,
    waiters,
    onApplied: ({ index }) => applied.push(index),
    onConf: (event) => confs.push(event),
    isOver: () => isRemoved(table.membership, 1),
  })
  const empty = Log.from({ truncated: { index: 0, term: 0 }, lastIndex: 0, runs: [], reader: { entries: () => [] } })
  const waitFor = (index: number) => {
    const { ticket, outcome } = waiters.wait(1, true)
    waiters.seat([ticket], index, 1)
    return outcome
  }
  return { applier, table, applied, confs, log: empty.append(entries), waitFor, store }
}

test('what is committed is applied once, in order, and whoever waits gets the result', async () => {
  const { applier, applied, log, table, waitFor } = await bench([word(1, 'one'), word(2, 'two'), word(3, 'three')])
  const outcome = waitFor(2)
  assert.equal(applier.apply(log, 2), false)
  assert.equal(applier.apply(log, 2), false)
  assert.deepEqual(applied, [1, 2])
  const { index, term, body } = await outcome
  assert.deepEqual([index, term, text(body)], [2, 1, 'two'])
  assert.equal(table.get('default', utf8('three')), undefined)
})

test('entries that are no commands move the applied index and nothing else', async () => {
  const { applier, log, table } = await bench([{ term: 1, index: 1, kind: 'noop', data: utf8('break') }])
  applier.apply(log, 1)
  assert.equal(table.applied, 1)
  assert.deepEqual([...table.range('default', {})], [])
})

test('a command that the state machine refuses counts as applied, and its proposer hears why', async () => {
  const { applier, log, table, waitFor, applied } = await bench([word(1, 'refuse'), word(2, 'stray'), word(3, 'fine')])
  const outcomes = [waitFor(1), waitFor(2)]
  applier.apply(log, 2)
  assert.equal(table.applied, 2)
  assert.deepEqual([...table.range('default', {})], [])
  applier.apply(log, 3)
  await assert.rejects(outcomes[0] as Promise<unknown>, { code: 'COMMAND_INVALID' })
  await assert.rejects(outcomes[1] as Promise<unknown>, { code: 'TOO_LARGE' })
  assert.equal(table.applied, 3)
  assert.deepEqual(applied, [1, 2, 3])
})

test('a state machine that throws anything else stops the applying at that entry', async () => {
  const { applier, log, table, applied } = await bench([word(1, 'fine'), word(2, 'break'), word(3, 'fine')])
  assert.throws(() => applier.apply(log, 3), TypeError)
  assert.equal(table.applied, 1)
  assert.deepEqual(applied, [1])
})

test('a portion is bounded by bytes, so that the event loop gets its turn', async () => {
  const large = new Uint8Array(APPLY_BYTES_MAX / 2 + 1)
  const { applier, log, table } = await bench([command(1, 1, large), command(2, 1, large), command(3, 1, large)])
  assert.equal(applier.apply(log, 3), true)
  assert.equal(table.applied, 1)
  assert.equal(applier.apply(log, 3), true)
  assert.equal(applier.apply(log, 3), false)
})

test('a store that is gone is not taken for a refusal of the state machine', async () => {
  const { applier, log, store } = await bench([word(1, 'fine')])
  await store.close()
  assert.throws(() => applier.apply(log, 1), { code: 'STORE_CLOSED' })
})
