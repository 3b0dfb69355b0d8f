/** The broker over raw sockets: manners, limits, and that no client can harm another. */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { describe, type TestContext, test } from 'node:test'
import fc from 'fast-check'
import { type Broker, type BrokerOptions, startBroker } from '../../../../src/transport/broker/broker.ts'
import { eventually, refusedWith } from '../../../contract/transport-waiting.ts'

/** A person with a raw connection. */
interface Raw {
  readonly socket: Socket
  /** Everything read so far. */
  text(): string
  say(line: string | Buffer): void
  /** Resolves when the text contains it. */
  hear(part: string): Promise<void>
  readonly closed: boolean
}

async function started(t: TestContext, options: BrokerOptions = {}): Promise<Broker> {
  const broker = await startBroker({ port: 0, ...options })
  t.after(() => broker.close())
  return broker
}

async function raw(t: TestContext, broker: Broker, connectOptions: string | null = '{"verbose":false}'): Promise<Raw> {
  const socket = connect(broker.port, broker.host)
  t.after(() => socket.destroy())
  let text = ''
  let closed = false
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1')
  })
  socket.on('error', () => {})
  socket.on('close', () => {
    closed = true
  })
  const say = (line: string | Buffer): void => void socket.write(line, 'latin1')
  const hear = (part: string): Promise<void> => eventually(() => text.includes(part))
  await hear('INFO ')
  if (connectOptions !== null) say(`CONNECT ${connectOptions}\r\nPING\r\n`)
  if (connectOptions !== null) await hear('PONG')
  return {
    socket,
    text: () => text,
    say,
    hear,
    get closed() {
      return closed
    },
  }
}

describe('development broker, by hand', () => {
  test('it introduces itself with what a client needs to know', async (t) => {
    const broker = await started(t, { maxPayload: 2048 })
    const person = await raw(t, broker, null)
    await person.hear('\r\n')
    const { headers, max_payload, proto, host, port, client_id } = JSON.parse(person.text().slice('INFO '.length))
    assert.deepEqual([headers, max_payload, proto, host, port, client_id], [true, 2048, 1, '127.0.0.1', broker.port, 1])
    assert.equal(broker.url, `nats://127.0.0.1:${broker.port}`)
  })

  test('before CONNECT it says +OK to everything, as to a person', async (t) => {
    const person = await raw(t, await started(t), null)
    person.say('SUB a.* 1\r\nPUB a.b 2\r\nhi\r\n')
    await person.hear('MSG a.b 1 2\r\nhi\r\n')
    assert.equal(person.text().match(/\+OK/g)?.length, 2)
  })

  test('UNSUB with a count lets so many through, counted from the start', async (t) => {
    const broker = await started(t)
    const person = await raw(t, broker)
    person.say('SUB a 1\r\nPUB a 1\r\n1\r\nUNSUB 1 2\r\nPUB a 1\r\n2\r\nPUB a 1\r\n3\r\nPING\r\n')
    await person.hear('2\r\nPONG')
    assert.equal(person.text().match(/MSG/g)?.length, 2)
    assert.equal(broker.stats().subscriptions, 0)
  })

  test('who does not want its own messages does not get them, and nobody else counts as listening', async (t) => {
    const person = await raw(t, await started(t), '{"echo":false,"headers":true,"no_responders":true,"verbose":false}')
    person.say('SUB a 1\r\nSUB r 2\r\nPUB a 1\r\nx\r\nPUB a r 1\r\ny\r\nPING\r\n')
    await person.hear('HMSG r 2 16 16\r\nNATS/1.0 503\r\n\r\n\r\n')
    assert.equal(person.text().includes('\nMSG'), false)
  })

  test('who has not asked for headers gets the payload without them', async (t) => {
    const broker = await started(t)
    const plain = await raw(t, broker)
    const modern = await raw(t, broker, '{"headers":true,"verbose":false}')
    plain.say('SUB a 1\r\nPING\r\n')
    await eventually(() => broker.stats().subscriptions === 1)
    modern.say('SUB a 7\r\nHPUB a 18 21\r\nNATS/1.0\r\nA: b\r\n\r\nxyz\r\n')
    await plain.hear('MSG a 1 3\r\nxyz\r\n')
    await modern.hear('HMSG a 7 18 21\r\nNATS/1.0\r\nA: b\r\n\r\nxyz\r\n')
  })

  test('one sid is one subscription, however often it is said', async (t) => {
    const broker = await started(t)
    const person = await raw(t, broker)
    person.say('SUB a 1\r\nSUB a 1\r\nPUB a 1\r\nx\r\nPING\r\n')
    await person.hear('x\r\nPONG')
    assert.equal(person.text().match(/MSG/g)?.length, 1)
  })

  test('bad subjects are refused, and the connection goes on', async (t) => {
    const person = await raw(t, await started(t))
    person.say('SUB a..b 1\r\nPUB a.* 1\r\nx\r\nPUB a r.> 1\r\nx\r\nPING\r\n')
    await eventually(() => person.text().match(/PONG/g)?.length === 2)
    assert.equal(person.text().match(/-ERR 'Invalid Subject'/g)?.length, 1)
    assert.equal(person.text().match(/-ERR 'Invalid Publish Subject'/g)?.length, 2)
    assert.equal(person.closed, false)
  })
})

describe('development broker, against bad clients', () => {
  const offences: readonly [string, string, string][] = [
    ['an unknown verb', 'HELLO\r\n', 'Unknown Protocol Operation'],
    ['a payload above the limit', 'PUB a 1048577\r\n', 'Maximum Payload Violation'],
    ['a line above 4096 bytes', `SUB ${'x'.repeat(5000)}`, 'Maximum Control Line Exceeded'],
    ['a payload longer than it said', 'PUB a 1\r\nabc\r\n', 'Payload Without Its Line End'],
    ['headers it did not announce', 'HPUB a 12 12\r\nNATS/1.0\r\n\r\n\r\n', 'Message Headers Not Supported'],
    ['a CONNECT that is not JSON', 'CONNECT {nonsense\r\n', 'Bad CONNECT Arguments'],
    ['a CONNECT with the wrong types', 'CONNECT {"verbose":1}\r\n', 'Bad CONNECT Arguments'],
    ['no-responders without headers', 'CONNECT {"no_responders":true}\r\n', 'No Responders Requires Headers Support'],
  ]
  for (const [name, bytes, reason] of offences) {
    test(`${name} is told and cut`, async (t) => {
      const broker = await started(t)
      const person = await raw(t, broker)
      person.say(bytes)
      await person.hear(`-ERR '${reason}'\r\n`)
      await eventually(() => person.closed)
      assert.deepEqual([broker.connections, broker.stats().violations], [0, 1])
    })
  }

  test('random bytes harm nobody else', async (t) => {
    const broker = await started(t)
    const witness = await raw(t, broker)
    witness.say('SUB witness 1\r\n')
    const scrap = fc.constantFrom(
      'PUB witness2 5\r\n',
      'SUB > 9\r\n',
      'HPUB x 1 2\r\n',
      'CONNECT {}',
      '\r\n',
      'abc',
      '\0',
      'PUB a\x7fb 1\r\nx\r\n',
    )
    const noise = fc.oneof(
      fc.uint8Array({ maxLength: 2000 }).map((each) => Buffer.from(each)),
      fc.array(scrap, { maxLength: 20 }).map((parts) => Buffer.from(parts.join(''), 'latin1')),
    )
    let round = 0
    const oneRound = async (bytes: Buffer): Promise<void> => {
      const socket = connect(broker.port, broker.host)
      socket.on('error', () => {})
      socket.resume()
      socket.end(bytes)
      await once(socket, 'close')
      witness.say(`PUB witness 8\r\n${String(++round).padStart(8, '0')}\r\n`)
      await witness.hear(`MSG witness 1 8\r\n${String(round).padStart(8, '0')}\r\n`)
    }
    await fc.assert(fc.asyncProperty(noise, oneRound), { numRuns: 60 })
    await eventually(() => broker.connections === 1)
    assert.equal(broker.stats().subscriptions, 1)
    assert.equal(witness.text().includes('-ERR'), false)
  })

  test('who does not read is cut when too much waits for it, and the others lose nothing', async (t) => {
    const broker = await started(t, { maxPending: 1024 * 1024 })
    const slow = await raw(t, broker)
    const quick = await raw(t, broker)
    for (const each of [slow, quick]) each.say('SUB big 1\r\n')
    await eventually(() => broker.stats().subscriptions === 2)
    slow.socket.pause()
    let received = 0
    quick.socket.on('data', (chunk) => {
      received += chunk.length
    })
    const publisher = await raw(t, broker)
    const payload = Buffer.concat([Buffer.from('PUB big 65536\r\n'), Buffer.alloc(65536, 1), Buffer.from('\r\n')])
    let published = 0
    while (broker.stats().slow === 0 && published < 1000) {
      publisher.say(payload)
      published++
      const sent = published * 65536
      await eventually(() => received >= sent)
    }
    assert.equal(broker.stats().slow, 1)
    assert.equal(broker.connections, 2)
    assert.equal(quick.closed, false)
  })

  test('questions that are not read are bounded as well', async (t) => {
    const broker = await started(t, { maxPending: 64 * 1024 })
    const person = await raw(t, broker)
    person.socket.pause()
    const pings = Buffer.from('PING\r\n'.repeat(100_000))
    for (let i = 0; i < 40 && broker.stats().slow === 0; i++) {
      person.say(pings)
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
    await eventually(() => broker.stats().slow === 1)
  })

  test('who does not answer PING is cut as stale; who answers stays', async (t) => {
    const broker = await started(t, { pingIntervalMs: 20, maxPingOut: 2 })
    const mute = await raw(t, broker)
    const polite = await raw(t, broker)
    polite.socket.on('data', (chunk) => {
      for (const _ping of chunk.toString().matchAll(/PING/g)) polite.say('PONG\r\n')
    })
    await mute.hear("-ERR 'Stale Connection'")
    await eventually(() => mute.closed)
    assert.deepEqual([polite.closed, broker.stats().stale], [false, 1])
  })

  test('connections and subscriptions have a limit', async (t) => {
    const broker = await started(t, { maxConnections: 1, maxSubscriptions: 1 })
    const first = await raw(t, broker)
    const second = await raw(t, broker, null)
    await second.hear("-ERR 'Maximum Connections Exceeded'")
    await eventually(() => second.closed)
    first.say('SUB a 1\r\nSUB b 2\r\nPING\r\n')
    await first.hear("-ERR 'Maximum Subscriptions Exceeded'")
    assert.deepEqual([first.closed, broker.stats().subscriptions], [false, 1])
  })
})

describe('development broker, its port', () => {
  test('a taken port is PORT_IN_USE, and the next one can be tried', async (t) => {
    const first = await started(t)
    await assert.rejects(startBroker({ port: first.port }), refusedWith('PORT_IN_USE'))
    const next = await started(t)
    assert.notEqual(next.port, first.port)
  })

  test('close ends every connection and frees the port', async (t) => {
    const broker = await startBroker({ port: 0 })
    const person = await raw(t, broker)
    await Promise.all([broker.close(), broker.close()])
    await eventually(() => person.closed)
    const again = await started(t, { port: broker.port })
    assert.equal(again.port, broker.port)
  })

  test('close does not wait for who never reads', async (t) => {
    const broker = await startBroker({ port: 0 })
    const person = await raw(t, broker)
    person.say('SUB big 1\r\n')
    person.socket.pause()
    const publisher = await raw(t, broker)
    for (let i = 0; i < 40; i++)
      publisher.say(Buffer.concat([Buffer.from('PUB big 524288\r\n'), Buffer.alloc(524288), Buffer.from('\r\n')]))
    await eventually(() => broker.stats().outMessages === 40)
    let closed = false
    const closing = broker.close().then(() => {
      closed = true
    })
    await eventually(() => closed, 4000)
    await closing
  })
})
