/** What a program without a compiler may give a client, and what it is told when that is wrong. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { utf8 } from '../../../src/base/bytes.ts'
import type { FlotillaError } from '../../../src/base/errors.ts'
import { type Client, type ConnectOptions, connect } from '../../../src/client/client.ts'
import type { CallOptions, LogOptions, ReadOptions } from '../../../src/client/types.ts'
import { encodePut } from '../../../src/statemachines/kv/command.ts'
import { refusedWith } from '../../contract/transport-waiting.ts'
import { FakeCluster } from './fake-cluster.ts'

/** Options as a program in JavaScript gives them. */
const unchecked = (options: unknown): ConnectOptions => options as ConnectOptions

const invalid =
  (words: RegExp) =>
  (error: unknown): boolean => {
    assert.match(String(error), words)
    return refusedWith('CONFIG_INVALID')(error)
  }

const transport = new FakeCluster().hub.connect('checked')
const servers = 'nats://127.0.0.1:1'

const WRONG: readonly (readonly [what: string, options: unknown, words: RegExp])[] = [
  ['nothing', undefined, /takes options/],
  ['null', null, /takes options/],
  ['a string', 'demo', /takes options/],
  ['a cluster alone', { cluster: 'demo' }, /exactly one of .* none is given/],
  ['two ways', { cluster: 'demo', servers, transport }, /exactly one of .* servers and transport/],
  ['three ways', { cluster: 'demo', servers, nats: {}, transport }, /servers and nats and transport/],
  ['no server', { cluster: 'demo', servers: [] }, /names no server/],
  ['an empty server', { cluster: 'demo', servers: '' }, /an address/],
  ['an empty server among others', { cluster: 'demo', servers: [servers, ''] }, /an address/],
  ['a number for a server', { cluster: 'demo', servers: 4222 }, /an address/],
  ['a web address', { cluster: 'demo', servers: 'http://127.0.0.1:1' }, /not with http:\/\//],
  ['a string for nats', { cluster: 'demo', nats: servers }, /nats is/],
  ['null for nats', { cluster: 'demo', nats: null }, /nats is/],
  ['an empty transport', { cluster: 'demo', transport: {} }, /lacks publish/],
  ['null for a transport', { cluster: 'demo', transport: null }, /a Transport, not null/],
  ['a misspelt option', { cluster: 'demo', transport, timeOutMs: 5 }, /no option "timeOutMs"/],
  ['an empty logger', { cluster: 'demo', transport, logger: {} }, /lacks debug, info, warn, error/],
  ['null for a logger', { cluster: 'demo', transport, logger: null }, /a Logger, not null/],
  ['no cluster', { transport }, /cluster is a string, not undefined/],
  ['a number for a cluster', { cluster: 5, transport }, /cluster is a string/],
  ['a cluster that is no id', { cluster: 'A B', transport }, /not a legal id/],
  ['a number for a prefix', { cluster: 'demo', prefix: 5, transport }, /prefix is a string/],
  ...[0, -1, 600_001, Number.NaN, Number.POSITIVE_INFINITY, '5', null].map(
    (timeoutMs) => [`timeoutMs ${timeoutMs}`, { cluster: 'demo', transport, timeoutMs }, /timeoutMs is 1 to 600000/] as const,
  ),
]

for (const [what, options, words] of WRONG) {
  test(`connect refuses ${what}`, async () => {
    await assert.rejects(connect(unchecked(options)), invalid(words))
  })
}

async function stage(t: { after(end: () => Promise<void>): void }): Promise<{ cluster: FakeCluster; client: Client }> {
  const cluster = new FakeCluster()
  cluster.elect('a')
  const client = await connect({ cluster: 'demo', transport: cluster.hub.connect('client') })
  t.after(() => client.close())
  return { cluster, client }
}

test('the options of a call are checked before anything is sent', async (t) => {
  const { cluster, client } = await stage(t)
  const put = encodePut('default', utf8('k'), utf8('v'))
  for (const timeoutMs of [0, 600_001, Number.NaN, '9' as unknown as number]) {
    const options: CallOptions = { timeoutMs }
    await assert.rejects(client.propose('kv', put, options), invalid(/timeoutMs/))
    await assert.rejects(client.read('kv', put, options), invalid(/timeoutMs/))
    await assert.rejects(client.log('kv', { from: 1, ...options }), invalid(/timeoutMs/))
  }
  const fresh = { consistency: 'fresh' } as unknown as ReadOptions
  await assert.rejects(client.read('kv', put, fresh), invalid(/consistency is .* "fresh"/))
  await assert.rejects(client.kv('kv').get('k', fresh), invalid(/consistency/))
  for (const waitMs of [0, 60_001, Number.NaN]) await assert.rejects(client.status({ waitMs }), invalid(/waitMs is 1 to 60000/))
  await assert.rejects(client.propose(7 as unknown as string, put), invalid(/group is a string/))
  await assert.rejects(client.log('kv', undefined as unknown as LogOptions), invalid(/from/))
  assert.throws(() => client.committed('kv', { from: 0 }), invalid(/from/))
  assert.deepEqual(cluster.asked, [])
})

test('a command that is no bytes is COMMAND_INVALID, and never sent', async (t) => {
  const { cluster, client } = await stage(t)
  for (const command of ['text', null, undefined, 7, [1, 2], new ArrayBuffer(2)]) {
    await assert.rejects(client.propose('kv', command as unknown as Uint8Array), refusedWith('COMMAND_INVALID'))
    await assert.rejects(client.read('kv', command as unknown as Uint8Array), refusedWith('COMMAND_INVALID'))
  }
  assert.deepEqual(cluster.asked, [])
})

test('a command that its owner changes after the call is sent as it was', async (t) => {
  const { cluster, client } = await stage(t)
  const command = encodePut('default', utf8('k'), utf8('v'))
  const asked = command.slice()
  const done = client.propose('kv', command)
  command.fill(0)
  await done
  assert.deepEqual(cluster.log[0]?.data, asked)
})

test('whatever is given to a method, it refuses with a code, and nothing is sent', async (t) => {
  const { cluster, client } = await stage(t)
  const wrong = (value: unknown) => value as never
  const store = client.kv('kv')
  const actors = client.actors('kv')
  const first = async (stream: AsyncIterable<unknown>): Promise<unknown> => stream[Symbol.asyncIterator]().next()
  const asked: Readonly<Record<string, () => Promise<unknown>>> = {
    put: () => store.put('k', 'v', wrong(null)),
    get: () => store.get('k', wrong('x')),
    delete: () => store.delete('k', wrong(7)),
    family: () => store.put('k', 'v', { family: wrong(3) }),
    'family of a batch': async () => store.batch().put('k', 'v', wrong({})),
    'no change': () => store.compareAndSet('k', wrong(undefined)),
    'null for a change': () => store.compareAndSet('k', wrong(null)),
    'half a change': () => store.compareAndSet('k', wrong({ expected: null })),
    scan: () => first(store.scan(wrong(null))),
    'options of a scan': () => first(store.scan({}, wrong(null))),
    batch: () => store.batch().put('k', 'v').commit(wrong(null)),
    propose: () => client.propose('kv', utf8('x'), wrong(null)),
    read: () => client.read('kv', utf8('x'), wrong(null)),
    log: () => client.log('kv', wrong(null)),
    status: () => client.status(wrong(null)),
    committed: async () => first(client.committed('kv', wrong(null))),
    signal: async () => first(client.committed('kv', { signal: wrong(3) })),
    'half of a pair as a key': () => store.put('\ud800', 'v'),
    'half of a pair as a value': () => store.put('k', 'x\udc00'),
    start: () => actors.start('x', 'id', wrong(null)),
    list: () => first(actors.list(wrong(null))),
    send: () => actors.send('id', { type: 'x' }, wrong(null)),
  }
  for (const [what, ask] of Object.entries(asked)) {
    await assert.rejects(ask, (error) => ['CONFIG_INVALID', 'COMMAND_INVALID'].includes((error as FlotillaError).code), what)
  }
  assert.deepEqual(cluster.asked, [])
})
