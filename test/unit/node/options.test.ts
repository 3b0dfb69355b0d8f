/** Options: what is wrong is named, what is missing is completed. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemChance } from '../../../src/chance/system.ts'
import { type NodeOptions, raftSettingsOf, settingsOf } from '../../../src/node/options.ts'
import { silent } from '../../../src/ports/logger.ts'
import { DEFAULT_COMPACTION } from '../../../src/protocol/compaction.ts'
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
    groups: [{ id: 'g', stateMachine, nodes: ['a', 'b', 'c'], compaction: DEFAULT_COMPACTION }],
    snapshotBytesPerSecond: null,
    prefix: 'flotilla',
    electionTimeoutMs: 1000,
    heartbeatMs: 100,
    logger: silent,
    inspector: null,
    reserveBytes: null,
    watchdogMs: null,
    backups: null,
    join: false,
    autoPromote: false,
    leaseReads: false,
    priority: 0,
    forward: true,
    chance: systemChance,
    offload: true,
    trace: null,
  })
  assert.equal(settingsOf({ ...GOOD, timing: { electionTimeoutMs: 400 } }).heartbeatMs, 40)
  const some = settingsOf({ ...GOOD, groups: [{ id: 'g', stateMachine, nodes: ['c', 'b'] }] })
  assert.deepEqual(some.groups[0]?.nodes, ['b', 'c'])
})

test('how long a log may become is completed, and checked', () => {
  const given = (compaction: object): NodeOptions => ({ ...GOOD, groups: [{ id: 'g', stateMachine, compaction }] })
  assert.deepEqual(settingsOf(given({ entries: 10 })).groups[0]?.compaction, { ...DEFAULT_COMPACTION, entries: 10 })
  for (const bad of [{ entries: 0 }, { keep: -1 }, { ratio: 0 }, { bytes: 1.5 }, { entires: 10 }]) {
    assert.throws(() => settingsOf(given(bad)), { code: 'CONFIG_INVALID' }, JSON.stringify(bad))
  }
  wrong({ snapshotBytesPerSecond: 0 }, /^snapshotBytesPerSecond:/)
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
  wrong({ disk: { watchdogMs: 99 } }, /^disk\.watchdogMs:/)
  wrong({ timing: { electionTimeoutMs: Number.NaN } }, /^timing\.electionTimeoutMs:/)
  wrong({ timing: { electionTimeoutMs: 100, heartbeatMs: 51 } }, /^timing\.heartbeatMs: must be at most half/)
  assert.equal(settingsOf({ ...GOOD, timing: { electionTimeoutMs: 100, heartbeatMs: 50 } }).heartbeatMs, 50)
})

test('what the node is made of must be there, and be able to do its work', () => {
  const machine = (given: unknown): object => ({ groups: [{ id: 'g', stateMachine: given }] })
  wrong(machine(undefined), /^groups\.0\.stateMachine: must be a state machine, such as kv\(\) or actors\(\), not undefined$/)
  wrong(machine(null), /^groups\.0\.stateMachine: .*, not null$/)
  wrong({ groups: [{ id: 'g' }] }, /^groups\.0\.stateMachine: must be a state machine/)
  wrong(machine({}), /^groups\.0\.stateMachine: .* has no check\(\)/)
  wrong(machine({ ...stateMachine, kind: undefined }), /^groups\.0\.stateMachine\.kind:/)
  wrong(machine({ ...stateMachine, families: 'geo' }), /^groups\.0\.stateMachine\.families:/)
  for (const none of [undefined, null, 'nats://127.0.0.1']) wrong({ transport: none }, /^transport: must be a transport/)
  wrong({ transport: Promise.resolve(transport) }, /^transport: .* await it/)
  for (const method of ['publish', 'subscribe', 'request']) {
    const mute = Object.create(transport, { [method]: { value: undefined } }) as object
    wrong({ transport: mute }, new RegExp(`^transport: .* has no ${method}\\(\\)`))
  }
  wrong({ logger: {} }, /^logger: .* has no debug\(\)/)
  wrong({ clock: { now: () => 0 } }, /^clock: .* has no after\(\)/)
  wrong({ store: { close() {} } }, /^store: .* has no groups\(\)/)
  wrong({ disk: { reserveBytes: -1 } }, /^disk\.reserveBytes:/)
  wrong({ onFailure: 'exit' }, /^onFailure: must be a function/)
})

test('an option nobody knows is refused by name', () => {
  wrong({ timing: { electionTimeout: 400 } }, /^timing: .*"electionTimeout"/)
  wrong({ disk: { reserve: 1 } }, /^disk: .*"reserve"/)
  wrong({ groups: [{ id: 'g', stateMachine, node: ['b'] }] }, /^groups\.0: .*"node"/)
  assert.throws(() => settingsOf({ ...GOOD, timings: {} } as NodeOptions), {
    code: 'CONFIG_INVALID',
    message: /^options: .*"timings"/,
  })
  assert.throws(() => settingsOf(null as never), { code: 'CONFIG_INVALID', message: /^options:/ })
})

test('what was given is passed on as it is, and what is undefined counts as missing', () => {
  class Loud {
    debug(): void {}
    info(): void {}
    warn(): void {}
    error(): void {}
  }
  const logger = new Loud()
  const settings = settingsOf({ ...GOOD, logger, timing: undefined, clock: undefined } as unknown as NodeOptions)
  assert.equal(settings.logger, logger)
  assert.equal(settings.groups[0]?.stateMachine, stateMachine)
})

test('leases, priority and passing on are what they are set to; the core itself passes no proposal on', () => {
  const settings = settingsOf({ ...GOOD, leaseReads: true, priority: 7, forward: false })
  assert.deepEqual([settings.leaseReads, settings.priority, settings.forward], [true, 7, false])
  const { leaseReads, priority, forwardProposals } = raftSettingsOf(settings)
  assert.deepEqual([leaseReads, priority, forwardProposals], [true, 7, false])
  wrong({ priority: -1 }, /^priority/)
  wrong({ priority: 0.5 }, /^priority/)
  wrong({ leaseReads: 'yes' }, /^leaseReads/)
})
