/** What the NATS transport adds to the contract: the first connection, connections of others, and how refusals come to light. */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { describe, type TestContext, test } from 'node:test'
import { connect } from 'nats'
import { text, utf8 } from '../../../../src/base/bytes.ts'
import { FlotillaError } from '../../../../src/base/errors.ts'
import type { Transport } from '../../../../src/ports/transport.ts'
import { type Broker, startBroker } from '../../../../src/transport/broker/broker.ts'
import type { NatsTransportOptions } from '../../../../src/transport/nats/dial.ts'
import { natsTransport } from '../../../../src/transport/nats/transport.ts'
import { eventually, refusedWith } from '../../../contract/transport-waiting.ts'
import { type RealServer, serverAvailable, startServer } from '../../../nats-server.ts'

const QUICK = { reconnectTimeWait: 20, reconnectJitter: 5 }

async function brokerFor(t: TestContext, port = 0): Promise<Broker> {
  const broker = await startBroker({ port })
  t.after(() => broker.close())
  return broker
}

async function transportFor(t: TestContext, options: NatsTransportOptions): Promise<Transport> {
  const transport = await natsTransport({ ...QUICK, connectTimeoutMs: 5000, ...options })
  t.after(() => transport.close())
  return transport
}

/** An address where nobody listens. */
async function deadUrl(): Promise<{ url: string; port: number }> {
  const broker = await startBroker({ port: 0 })
  await broker.close()
  return broker
}

describe('first connection', () => {
  test('it waits for a server that comes later, and says what it waits for', async (t) => {
    const { url, port } = await deadUrl()
    const complaints: string[] = []
    const waiting = natsTransport({ servers: url, ...QUICK, onRetry: (error) => complaints.push(error.message) })
    await eventually(() => complaints.length >= 2)
    await brokerFor(t, port)
    const transport = await waiting
    t.after(() => transport.close())
    assert.equal(transport.connected, true)
    assert.match(complaints[0] ?? '', /refused/)
  })

  test('it waits no longer than allowed: by time, by signal, or not at all', async () => {
    const { url } = await deadUrl()
    await assert.rejects(natsTransport({ servers: url, ...QUICK, connectTimeoutMs: 60 }), refusedWith('DISCONNECTED'))
    await assert.rejects(natsTransport({ servers: url, waitOnFirstConnect: false }), refusedWith('DISCONNECTED'))
    const impatient = new AbortController()
    const waiting = assert.rejects(
      natsTransport({ servers: url, ...QUICK, signal: impatient.signal }),
      refusedWith('DISCONNECTED'),
    )
    impatient.abort()
    await waiting
    await assert.rejects(natsTransport({ servers: url, ...QUICK, signal: AbortSignal.abort() }), refusedWith('DISCONNECTED'))
  })

  test('options that make no sense are CONFIG_INVALID at once', async () => {
    await assert.rejects(natsTransport({ servers: 'ws://127.0.0.1:1' }), refusedWith('CONFIG_INVALID'))
    await assert.rejects(natsTransport({ servers: '127.0.0.1:1', port: 2 }), refusedWith('CONFIG_INVALID'))
  })
})

test("a connection of the caller's is used, and left open by close", async (t) => {
  const broker = await brokerFor(t)
  const connection = await connect({ servers: broker.url })
  t.after(() => connection.close())
  const transport = await natsTransport(connection)
  transport.subscribe('x', (message) => message.respond(utf8('yes')))
  assert.equal(text((await transport.request('x', utf8('?'), { timeoutMs: 1000 })).data), 'yes')
  await transport.close()
  assert.deepEqual([connection.isClosed(), transport.connected], [false, false])
  await connection.flush()
  assert.equal(broker.stats().subscriptions, 0)
})

test('when its caller closes it, the transport says closed and ends what is in flight', async (t) => {
  const broker = await brokerFor(t)
  const connection = await connect({ servers: broker.url })
  const transport = await natsTransport(connection)
  const events: string[] = []
  transport.watch((event) => events.push(event.type))
  transport.subscribe('x', () => {})
  const unanswered = assert.rejects(transport.request('x', utf8('?'), { timeoutMs: 5000 }), refusedWith('CLOSED'))
  await connection.close()
  await unanswered
  assert.deepEqual(events, ['disconnected', 'closed'])
})

test('close while the server is away does not wait for it', async (t) => {
  const broker = await startBroker({ port: 0 })
  const transport = await transportFor(t, { servers: broker.url })
  await broker.close()
  await eventually(() => !transport.connected)
  await transport.close()
  assert.equal(transport.connected, false)
})

test('a server that falls silent is found out by its missing pongs', async (t) => {
  let pongs = 0
  const silent = createServer((socket) => {
    t.after(() => socket.destroy())
    socket.write('INFO {"server_id":"S","version":"2.9.0","proto":1,"headers":true,"max_payload":1024}\r\n')
    socket.on('error', () => {})
    socket.on('data', () => pongs++ === 0 && socket.write('PONG\r\n'))
  })
  t.after(() => silent.close())
  await once(silent.listen(0, '127.0.0.1'), 'listening')
  const address = silent.address()
  assert.ok(typeof address === 'object' && address !== null)
  const transport = await transportFor(t, { servers: `127.0.0.1:${address.port}`, pingInterval: 30, maxPingOut: 2 })
  assert.deepEqual([transport.connected, transport.payloadMax], [true, 1024])
  await eventually(() => !transport.connected)
})

describe('inboxPrefix is where answers come', () => {
  async function assertAnswersComeTo(t: TestContext, broker: Broker, transport: Transport): Promise<void> {
    const spy = await connect({ servers: broker.url })
    t.after(() => spy.close())
    let reply = ''
    spy.subscribe('x', {
      callback: (_error, message) => {
        reply = message.reply ?? ''
        message.respond('ok')
      },
    })
    await spy.flush()
    await transport.request('x', utf8('?'), { timeoutMs: 1000 })
    assert.match(reply, /^_INBOX\.n1\.\w+\.\w+$/)
  }

  test('as an option', async (t) => {
    const broker = await brokerFor(t)
    await assertAnswersComeTo(t, broker, await transportFor(t, { servers: broker.url, inboxPrefix: '_INBOX.n1' }))
  })

  test("of a connection of the caller's", async (t) => {
    const broker = await brokerFor(t)
    const connection = await connect({ servers: broker.url, inboxPrefix: '_INBOX.n1' })
    t.after(() => connection.close())
    await assertAnswersComeTo(t, broker, await natsTransport(connection))
  })
})

describe('what is neither options nor an open connection', () => {
  test('is CONFIG_INVALID, with words that say what was given', async () => {
    for (const [source, word] of [
      [null, 'null'],
      ['nats://127.0.0.1:4222', 'string'],
      [[], 'array'],
      [7, 'number'],
      [{ publish() {} }, 'subscribe'],
    ]) {
      const refused = Reflect.apply(natsTransport, undefined, [source])
      await assert.rejects(refused, (error) => refusedWith('CONFIG_INVALID')(error) && String(error).includes(String(word)))
    }
  })

  test('options of a wrong kind, beyond their bounds or unknown are CONFIG_INVALID at once, and their values are not shown', async () => {
    const wrong: readonly object[] = [
      { servers: 7 },
      { servers: [] },
      { servers: ['x', ''] },
      { servers: 'x', pass: 5 },
      { servers: 'x', user: {} },
      { servers: 'x', authenticator: 'secret' },
      { servers: 'x', timeout: 'soon' },
      { servers: 'x', inboxPrefix: 'a b' },
      { servers: 'x', inboxPrefix: 'a.*' },
      { servers: 'x', tls: 'secret' },
      { servers: 'x', conectTimeoutMs: 5 },
      ...[0, -1, 1e12, Number.NaN, '5'].map((connectTimeoutMs) => ({ servers: 'x', connectTimeoutMs })),
      { port: 70_000 },
    ]
    for (const options of wrong) {
      await assert.rejects(Reflect.apply(natsTransport, undefined, [options]), (error) => {
        assert.doesNotMatch(String(error), /secret/)
        return refusedWith('CONFIG_INVALID')(error)
      })
    }
  })

  test('an authenticator that throws is CONFIG_INVALID, not a wait without end', async (t) => {
    const broker = await brokerFor(t)
    const authenticator = (): never => {
      throw new TypeError('secret')
    }
    const refused = natsTransport({ servers: broker.url, authenticator })
    await assert.rejects(refused, (error) => {
      assert.equal((error as Error).message, 'the authenticator threw')
      return refusedWith('CONFIG_INVALID')(error)
    })
  })

  test('is CLOSED when it is a connection that is no more', async (t) => {
    const connection = await connect({ servers: (await brokerFor(t)).url })
    await connection.close()
    await assert.rejects(natsTransport(connection), refusedWith('CLOSED'))
  })
})

describe('refusals of a real server', { skip: serverAvailable() === null ? 'no nats-server here' : false }, () => {
  const CONFIG = `authorization { users: [ {
    user: u, password: p,
    permissions: { publish: { deny: ["secret.>"] }, subscribe: { deny: ["secret.>"] } }
  } ] }`

  async function guarded(t: TestContext): Promise<RealServer> {
    const server = await startServer({ config: CONFIG })
    t.after(() => server.stop())
    return server
  }

  test('wrong credentials are CONFIG_INVALID at once, not a matter of patience', async (t) => {
    const { url } = await guarded(t)
    await assert.rejects(
      natsTransport({ servers: url, user: 'u', pass: 'wrong', connectTimeoutMs: 5000 }),
      refusedWith('CONFIG_INVALID'),
    )
    await assert.rejects(natsTransport({ servers: url, connectTimeoutMs: 5000 }), refusedWith('CONFIG_INVALID'))
  })

  test('a permission that is missing comes as an event, and ends the requests it concerns', async (t) => {
    const { url } = await guarded(t)
    const transport = await transportFor(t, { servers: url, user: 'u', pass: 'p' })
    const errors: Error[] = []
    transport.watch((event) => event.type === 'error' && errors.push(event.error))
    await assert.rejects(transport.request('secret.x', utf8('?'), { timeoutMs: 5000 }), refusedWith('CONFIG_INVALID'))
    transport.subscribe('secret.y', () => {})
    transport.publish('secret.z', utf8('?'))
    await eventually(() => errors.length === 3)
    assert.ok(errors.every((error) => error instanceof FlotillaError && error.code === 'CONFIG_INVALID'))
    assert.match(errors[1]?.message ?? '', /no subscription on secret\.y/)
    assert.equal(transport.connected, true)
  })

  test('an inbox that is not permitted ends every request at once, and is complained of once', async (t) => {
    const { url } = await guarded(t)
    const transport = await transportFor(t, { servers: url, user: 'u', pass: 'p', inboxPrefix: 'secret.inbox' })
    const errors: Error[] = []
    transport.watch((event) => event.type === 'error' && errors.push(event.error))
    transport.subscribe('x', () => {})
    const ask = (): Promise<unknown> => transport.request('x', utf8('?'), { timeoutMs: 5000 })
    const refused = refusedWith('CONFIG_INVALID')
    await Promise.all([assert.rejects(ask(), refused), assert.rejects(ask(), refused)])
    const everyone = transport.requestMany('x', utf8('?'), { timeoutMs: 5000, onAnswer: () => {} })
    await assert.rejects(everyone, refused)
    await transport.flush()
    assert.equal(errors.length, 1)
    assert.match(errors[0]?.message ?? '', /no subscription on secret\.inbox\.\w+\.\*/)
  })
})
