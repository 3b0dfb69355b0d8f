/** The lives of nodes and peers: every transition of both charts, and what the host makes of them. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createActor, fromPromise } from 'xstate'
import { type NodeLifeEvent, nodeMachine } from '../../../machines/node.ts'
import { type PeerLifeEvent, peerMachine } from '../../../machines/peer.ts'
import { FlotillaError } from '../../../src/base/errors.ts'
import { type NodeLife, type NodeWork, startNodeLife, startPeerLife } from '../../../src/node/lifecycle.ts'
import { turns } from './sample-node.ts'

const error = new FlotillaError('STORAGE_FAILED', 'the disk is gone')

/** Work that goes on until the test ends it, and what was begun so far. */
function work() {
  const begun: string[] = []
  const open = new Map<string, { resolve(): void; reject(error: unknown): void }>()
  const step = (name: string) => (): Promise<void> => {
    begun.push(name)
    return new Promise((resolve, reject) => open.set(name, { resolve, reject }))
  }
  const done = async (name: string): Promise<void> => {
    open.get(name)?.resolve()
    await turns(2)
  }
  const fail = async (name: string): Promise<void> => {
    open.get(name)?.reject(error)
    await turns(2)
  }
  const all: NodeWork = { open: step('open'), join: step('join'), drain: step('drain'), abandon: step('abandon') }
  return { all, begun, done, fail }
}

type Work = ReturnType<typeof work>

/** A life brought to a state. */
async function reach(
  state: 'opening' | 'joining' | 'serving' | 'draining' | 'failed',
): Promise<Work & { life: NodeLife; said: readonly string[] }> {
  const w = work()
  const said: string[] = []
  const life = startNodeLife(w.all, { error: (_, message) => said.push(message) })
  if (state !== 'opening') await w.done('open')
  if (state !== 'opening' && state !== 'joining') await w.done('join')
  if (state === 'draining') life.stop()
  if (state === 'failed') life.fail(error)
  await turns(2)
  assert.equal(life.state, state)
  return { ...w, life, said }
}

test('why a node fails is said at once, and once', async () => {
  const { life, said, done } = await reach('serving')
  life.fail(error)
  life.fail(new Error('and another thing'))
  assert.deepEqual(said, ['the node fails: the disk is gone'])
  await done('abandon')
  life.fail(error)
  assert.equal(said.length, 1)
})

test('a node opens, joins, serves, drains and closes', async () => {
  const { life, done, begun } = await reach('opening')
  await done('open')
  assert.equal(life.state, 'joining')
  await done('join')
  assert.equal(life.state, 'serving')
  await life.serving
  life.stop()
  assert.equal(life.state, 'draining')
  await done('drain')
  assert.equal(life.state, 'closed')
  assert.equal(await life.closed, null)
  assert.deepEqual(begun, ['open', 'join', 'drain'])
})

for (const [state, step] of [
  ['opening', 'open'],
  ['joining', 'join'],
  ['draining', 'drain'],
] as const) {
  test(`what goes wrong while ${state} fails the node, and it ends with that error`, async () => {
    const { life, fail, done, begun } = await reach(state)
    await fail(step)
    assert.equal(life.state, 'failed')
    assert.equal(begun.at(-1), 'abandon')
    await done('abandon')
    assert.equal(life.state, 'closed')
    assert.equal(await life.closed, error)
    if (state !== 'draining') await assert.rejects(life.serving, error)
  })
}

for (const state of ['joining', 'serving', 'draining'] as const) {
  test(`a disk that fails while ${state} fails the node`, async () => {
    const { life, done } = await reach(state)
    life.fail(error)
    assert.equal(life.state, 'failed')
    await done('abandon')
    assert.equal(await life.closed, error)
  })
}

for (const state of ['opening', 'joining', 'serving'] as const) {
  test(`a node that is told to stop while ${state} drains`, async () => {
    const { life } = await reach(state)
    life.stop()
    assert.equal(life.state, 'draining')
  })
}

test('a failed node closes though it could not even give up in order, and does not come back', async () => {
  const { life, fail, begun } = await reach('failed')
  life.stop()
  life.fail(new Error('another'))
  assert.equal(life.state, 'failed')
  await fail('abandon')
  assert.equal(life.state, 'closed')
  assert.equal(await life.closed, error)
  assert.deepEqual(begun, ['open', 'join', 'abandon'])
})

test('what is no error of ours is told as a failure of storage, with its cause', async () => {
  const { life, done } = await reach('serving')
  const cause = new Error('odd')
  life.fail(cause)
  await done('abandon')
  const end = await life.closed
  assert.equal(end?.code, 'STORAGE_FAILED')
  assert.equal(end?.cause, cause)
})

/** Where each event leads, unless it is ignored. */
const PEER_LIFE: Record<string, Partial<Record<PeerLifeEvent['type'], string>>> = {
  loading: { loaded: 'running', broken: 'failed', stop: 'stopped', removed: 'destroying', damaged: 'quarantined' },
  running: { broken: 'failed', stop: 'stopping', removed: 'destroying', damaged: 'quarantined' },
  destroying: { broken: 'failed', stop: 'stopped', destroyed: 'stopped' },
  stopping: { broken: 'failed', flushed: 'stopped' },
  quarantined: { destroyed: 'stopped', stop: 'stopped' },
  failed: { stop: 'stopped' },
}

const PEER_EVENTS = [
  'loaded',
  'broken',
  'stop',
  'flushed',
  'removed',
  'destroyed',
  'damaged',
] as const satisfies PeerLifeEvent['type'][]

test('the charts know these transitions and no others', () => {
  const nothing = { open: fromPromise<void>(() => new Promise(() => {})) }
  const node = createActor(
    nodeMachine.provide({ actors: { ...nothing, join: nothing.open, drain: nothing.open, abandon: nothing.open } }),
  )
  node.start()
  const nodeEvents: NodeLifeEvent[] = [{ type: 'stop' }, { type: 'failed', error }]
  node.send(nodeEvents[1] as NodeLifeEvent)
  assert.equal(node.getSnapshot().value, 'opening', 'the disk of a node that is not open cannot fail under it')
  const ways: Record<string, PeerLifeEvent[]> = {
    loading: [],
    running: [{ type: 'loaded' }],
    destroying: [{ type: 'loaded' }, { type: 'removed' }],
    stopping: [{ type: 'loaded' }, { type: 'stop' }],
    quarantined: [{ type: 'damaged', error }],
    failed: [{ type: 'broken', error }],
  }
  for (const [state, row] of Object.entries(PEER_LIFE)) {
    for (const type of PEER_EVENTS) {
      const target = row[type] ?? state
      const actor = createActor(peerMachine).start()
      for (const event of ways[state] ?? []) actor.send(event)
      assert.equal(actor.getSnapshot().value, state)
      actor.send((type === 'broken' || type === 'damaged' ? { type, error } : { type }) as PeerLifeEvent)
      assert.equal(actor.getSnapshot().value, target, `${state} + ${type}`)
      if (type === 'broken' && state !== 'failed') assert.equal(actor.getSnapshot().context.error, error)
    }
  }
})

test('a peer tells its state, and an event after its end is no error', () => {
  const life = startPeerLife()
  assert.equal(life.state, 'loading')
  for (const type of ['loaded', 'stop', 'flushed', 'flushed', 'loaded'] as const) life.tell({ type })
  assert.equal(life.state, 'stopped')
})
