/** The unmodified NATS client on the embedded broker: what it can do on a server, it can do here. */

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { connect, headers, type NatsConnection, type NodeConnectionOptions, RequestError } from 'nats'
import { type Broker, startBroker } from '../../../../src/transport/broker/broker.ts'
import { eventually } from '../../../contract/transport-waiting.ts'

async function meet(t: TestContext, options: NodeConnectionOptions = {}): Promise<{ broker: Broker; client: NatsConnection }> {
  const broker = await startBroker({ port: 0 })
  const client = await connect({ servers: broker.url, reconnectTimeWait: 20, ...options })
  t.after(async () => {
    if (!client.isClosed()) await client.close()
    await broker.close()
  })
  return { broker, client }
}

test('flush, iterators, counted subscriptions and rtt', async (t) => {
  const { client } = await meet(t)
  const subscription = client.subscribe('news.>', { max: 3 })
  for (let i = 0; i < 5; i++) client.publish(`news.${i}`, String(i))
  await client.flush()
  const heard: string[] = []
  for await (const message of subscription) heard.push(message.subject + message.string())
  assert.deepEqual(heard, ['news.00', 'news.11', 'news.22'])
  assert.ok((await client.rtt()) >= 0)
})

test('requests: one by one, by an inbox of their own, and to many', async (t) => {
  const { client } = await meet(t)
  for (const name of ['x', 'y']) client.subscribe('who', { callback: (_error, message) => void message.respond(name) })
  const one = await client.request('who', '', { timeout: 1000 })
  const other = await client.request('who', '', { timeout: 1000, noMux: true })
  const all: string[] = []
  for await (const answer of await client.requestMany('who', '', { strategy: 'count', maxMessages: 2, maxWait: 1000 }))
    all.push(answer.string())
  assert.deepEqual([one.string(), other.string(), all.sort()], ['x', 'x', ['x', 'y']])
})

test('no responders is told as such', async (t) => {
  const { client } = await meet(t)
  const nobody = (error: unknown): boolean => error instanceof RequestError && error.isNoResponders()
  await assert.rejects(client.request('nobody', '', { timeout: 5000 }), nobody)
  await assert.rejects(client.request('nobody', '', { timeout: 5000, noMux: true }), nobody)
})

test('headers with several values go through untouched', async (t) => {
  const { client } = await meet(t)
  const subscription = client.subscribe('h', { max: 1 })
  const block = headers()
  block.append('Many', 'one')
  block.append('Many', 'two')
  client.publish('h', 'x', { headers: block })
  for await (const message of subscription) assert.deepEqual(message.headers?.values('Many'), ['one', 'two'])
})

test('drain hands over what is still on its way', async (t) => {
  const { broker, client } = await meet(t)
  const publisher = await connect({ servers: broker.url })
  t.after(() => publisher.close())
  let heard = 0
  client.subscribe('d', {
    callback: () => {
      heard++
    },
  })
  await client.flush()
  for (let i = 0; i < 100; i++) publisher.publish('d')
  await publisher.flush()
  await client.drain()
  assert.deepEqual([heard, client.isClosed()], [100, true])
  await eventually(() => broker.stats().subscriptions === 0)
})

test('verbose and pedantic clients, and those with credentials, are served as well', async (t) => {
  const { client } = await meet(t, { verbose: true, pedantic: true, user: 'u', pass: 'p', name: 'größe' })
  const subscription = client.subscribe('größe.*', { max: 1 })
  client.publish('größe.ü', 'x')
  for await (const message of subscription) assert.equal(message.subject, 'größe.ü')
})

test('three clients send each other messages of 256 KiB, and every byte arrives', async (t) => {
  const { broker, client } = await meet(t)
  const others = await Promise.all([connect({ servers: broker.url }), connect({ servers: broker.url })])
  t.after(() => Promise.all(others.map((each) => each.close())))
  const everyone = [client, ...others]
  const sums = everyone.map(() => 0)
  const payload = Uint8Array.from({ length: 256 * 1024 }, (_, i) => i % 251)
  const expected = payload.reduce((sum, byte) => sum + byte, 0) * everyone.length * 20
  everyone.forEach((each, i) => {
    each.subscribe('bulk', {
      callback: (_error, { data }) => {
        sums[i] = data.reduce((sum, byte) => sum + byte, sums[i] ?? 0)
      },
    })
  })
  await Promise.all(everyone.map((each) => each.flush()))
  for (let i = 0; i < 20; i++) for (const each of everyone) each.publish('bulk', payload)
  await eventually(() => sums.every((sum) => sum >= expected), 10_000)
  assert.deepEqual(sums, [expected, expected, expected])
})
