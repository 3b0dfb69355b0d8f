/** The actors client: typed by the registry, and it says what the machines did. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assign, setup } from 'xstate'
import type { ActorsClient } from '../../../src/client/actors.ts'
import { connect } from '../../../src/client/client.ts'
import { actors } from '../../../src/statemachines/actors/actors.ts'
import { refusedWith } from '../../contract/transport-waiting.ts'
import { FakeCluster } from './fake-cluster.ts'

const counter = setup({
  types: {
    context: {} as { count: number },
    input: {} as { start: number } | undefined,
    events: {} as { type: 'INC' } | { type: 'END' },
  },
}).createMachine({
  context: ({ input }) => ({ count: input?.start ?? 0 }),
  initial: 'counting',
  states: {
    counting: { on: { INC: { actions: assign({ count: ({ context }) => context.count + 1 }) }, END: 'ended' } },
    ended: { type: 'final' },
  },
})
const limited = setup({ types: { context: {} as { limit: number }, input: {} as { limit: number } } }).createMachine({
  context: ({ input }) => ({ limit: input.limit }),
})
const registry = { counter }

test('start, send, get, list and stop', async (t) => {
  const cluster = new FakeCluster(['a'], actors(registry))
  cluster.elect('a')
  const client = await connect({ cluster: 'demo', transport: cluster.hub.connect('client') })
  t.after(() => client.close())
  const counters = client.actors<typeof registry>('kv')
  assert.equal((await counters.start('counter', 'c1', { input: { start: 5 } })).value, 'counting')
  await assert.rejects(counters.start('counter', 'c1'), refusedWith('ACTOR_EXISTS'))
  const reply = await counters.send('c1', { type: 'INC' })
  assert.deepEqual([reply.changed, reply.status, reply.index], [true, 'active', 2])
  const view = await counters.get<'counter'>('c1')
  const count: number | undefined = view?.context.count
  assert.equal(count, 6)
  assert.equal(await counters.get('nobody'), undefined)
  await counters.start('counter', 'c2')
  await counters.send('c2', { type: 'END' })
  const lines: string[] = []
  for await (const { id, status } of counters.list({ type: 'counter' })) lines.push(`${id} ${status}`)
  assert.deepEqual(lines, ['c1 active', 'c2 done'])
  assert.equal((await counters.stop('c1')).status, 'stopped')
  await assert.rejects(counters.send('c1', { type: 'INC' }), refusedWith('ACTOR_UNKNOWN'))
})

test('the compiler asks for the input a machine cannot do without', () => {
  type Machines = { counter: typeof counter; limited: typeof limited }
  const given = (client: ActorsClient<Machines>): readonly Promise<unknown>[] => [
    client.start('counter', 'c'),
    client.start('counter', 'c', { timeoutMs: 5 }),
    client.start('limited', 'l', { input: { limit: 2 }, timeoutMs: 5 }),
    // @ts-expect-error: no options, so no input
    client.start('limited', 'l'),
    // @ts-expect-error: options without input
    client.start('limited', 'l', { timeoutMs: 5 }),
    // @ts-expect-error: an input of another kind
    client.start('limited', 'l', { input: { start: 2 } }),
  ]
  assert.equal(typeof given, 'function') // the compiler is the test
})
