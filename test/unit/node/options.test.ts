/** Options: what is wrong is named, what is missing is completed. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type NodeOptions, settingsOf } from '../../../src/node/options.ts'
import { silent } from '../../../src/ports/logger.ts'
import { loopback } from '../../../src/transport/loopback/hub.ts'
import { parrot } from './sample-node.ts'

const stateMachine = parrot()
const transport = loopback().connect('a')
const GOOD: NodeOptions = { cluster: 'demo', id: 'b', nodes: ['c', 'a', 'b'], groups: [{ id: 'g', stateMachine }], transport }

const wrong = (change: Partial<Record<keyof NodeOptions, unknown>>, message: RegExp): void => {
  assert.throws(() => settingsOf({ ...GOOD, ...change } as NodeOptions), { code: 'CONFIG_INVALID', message }, String(message))
}

test('what is missing is completed, and the order of names does not matter', () => {
  assert.deepEqual(settingsOf(GOOD), {
    cluster: 'demo',
    id: 'b',
    nodes: ['a', 'b', 'c'],
    groups: [{ id: 'g', stateMachine, nodes: ['a', 'b', 'c'] }],
    prefix: 'flotilla',
    electionTimeoutMs: 1000,
    heartbeatMs: 100,
    logger: silent,
    inspector: null,
  })
  assert.equal(settingsOf({ ...GOOD, timing: { electionTimeoutMs: 400 } }).heartbeatMs, 40)
  const some = settingsOf({ ...GOOD, groups: [{ id: 'g', stateMachine, nodes: ['c', 'b'] }] })
  assert.deepEqual(some.groups[0]?.nodes, ['b', 'c'])
})

test('ids that cannot be subject tokens are refused by name', () => {
  wrong({ cluster: 'De mo' }, /^cluster:/)
  wrong({ id: '' }, /^id:/)
  wrong({ nodes: ['a', 'b.c'] }, /^nodes\.1:/)
  wrong({ prefix: '>' }, /^prefix:/)
  wrong({ groups: [{ id: '*', stateMachine }] }, /^groups\.0\.id:/)
  wrong({ groups: [{ id: 'g', stateMachine, nodes: ['A'] }] }, /^groups\.0\.nodes\.0:/)
})

test('lists must make sense', () => {
  wrong({ nodes: [] }, /^nodes:/)
  wrong({ nodes: ['a', 'a', 'b'] }, /^nodes: names must be unique/)
  wrong({ nodes: ['a', 'c'] }, /^id: 'b' is not one of nodes a, c/)
  wrong({ groups: [] }, /^groups:/)
  wrong({ groups: [GOOD.groups[0], GOOD.groups[0]] }, /^groups: 'g' is given twice/)
  wrong({ groups: [{ id: 'g', stateMachine, nodes: ['a', 'c'] }] }, /^groups\.g: node 'b' is not one of its nodes/)
  wrong({ groups: [{ id: 'g', stateMachine, nodes: ['b', 'x'] }] }, /^groups\.g: 'x' is not one of nodes/)
})

test('times must leave room for heartbeats', () => {
  wrong({ timing: { electionTimeoutMs: 5 } }, /^timing\.electionTimeoutMs:/)
  wrong({ timing: { electionTimeoutMs: Number.NaN } }, /^timing\.electionTimeoutMs:/)
  wrong({ timing: { electionTimeoutMs: 100, heartbeatMs: 51 } }, /^timing\.heartbeatMs: must be at most half/)
  assert.equal(settingsOf({ ...GOOD, timing: { electionTimeoutMs: 100, heartbeatMs: 50 } }).heartbeatMs, 50)
})
