/** What every transport must do, whatever is underneath. The suite is the contract; `src/ports/transport.ts` is its summary. */

import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { text, utf8 } from '../../src/base/bytes.ts'
import { FlotillaError } from '../../src/base/errors.ts'
import type { Incoming, Transport, TransportEvent } from '../../src/ports/transport.ts'
import { rollCalls } from './transport-roll-call.ts'
import type { Stage } from './transport-stages.ts'
import { eventually, refusedWith } from './transport-waiting.ts'

/** Runs the contract on one stage. */
export function transportSuite(name: string, open: () => Promise<Stage>): void {
  describe(`transport contract: ${name}`, () => {
    let stage: Stage
    let a: Transport
    let b: Transport
    before(async () => {
      stage = await open()
      a = await stage.connect()
      b = await stage.connect()
    })
    after(() => stage.close())
    const pair = (): Pair => ({ a, b, stage })
    messages(pair)
    subjects(pair)
    requests(pair)
    rollCalls(pair)
    limits(pair)
    outages(open)
  })
}

interface Pair {
  readonly a: Transport
  readonly b: Transport
  readonly stage: Stage
}

/** Collects what a transport hears; resolves when the server knows of the subscription. */
async function listen(transport: Transport, pattern: string, queue?: string): Promise<{ heard: Incoming[]; stop(): void }> {
  const heard: Incoming[] = []
  const take = (message: Incoming): number => heard.push(message)
  const subscription = transport.subscribe(pattern, take, queue === undefined ? {} : { queue })
  await transport.flush()
  return { heard, stop: () => subscription.unsubscribe() }
}

function messages(pair: () => Pair): void {
  test('messages of one publisher arrive in the order they were published, each once', async () => {
    const { a, b } = pair()
    const { heard, stop } = await listen(b, 'order.x')
    for (let i = 0; i < 2000; i++) assert.equal(a.publish('order.x', utf8(String(i))), true)
    await eventually(() => heard.length >= 2000)
    stop()
    assert.deepEqual(
      heard.map((message) => text(message.data)),
      Array.from({ length: 2000 }, (_, i) => String(i)),
    )
  })

  test('headers make the round trip, and a message without headers has none', async () => {
    const { a, b } = pair()
    const { heard, stop } = await listen(b, 'headers.x')
    a.publish('headers.x', utf8('one'), {
      'Flotilla-Index': '17',
      'Nats-Msg-Id': 'demo/kv/17',
      Umlaut: 'größer: ja',
      __proto__x: 'y',
    })
    a.publish('headers.x', utf8('two'), {})
    a.publish('headers.x', utf8('three'))
    await eventually(() => heard.length === 3)
    stop()
    const expected = { 'Flotilla-Index': '17', 'Nats-Msg-Id': 'demo/kv/17', Umlaut: 'größer: ja', __proto__x: 'y' }
    assert.deepEqual(heard[0]?.headers, expected)
    assert.equal(text(heard[0]?.data ?? utf8('')), 'one')
    assert.deepEqual([heard[1]?.headers, heard[2]?.headers], [{}, {}])
  })

  test('a payload may be empty, or any bytes at all', async () => {
    const { a, b } = pair()
    const { heard, stop } = await listen(b, 'bytes.x')
    const all = Uint8Array.from({ length: 1024 }, (_, i) => i % 256)
    a.publish('bytes.x', new Uint8Array(0))
    a.publish('bytes.x', all)
    a.publish('bytes.x', utf8('MSG x 1 3\r\nabc\r\n'), { A: 'b' })
    await eventually(() => heard.length === 3)
    stop()
    assert.equal(heard[0]?.data.length, 0)
    assert.deepEqual(Uint8Array.from(heard[1]?.data ?? []), all)
    assert.equal(text(heard[2]?.data ?? utf8('')), 'MSG x 1 3\r\nabc\r\n')
  })

  test('what the publisher does to its bytes after a flush is not seen by who receives', async () => {
    const { a, b } = pair()
    const { heard, stop } = await listen(b, 'mutable.x')
    const data = utf8('before')
    a.publish('mutable.x', data)
    await a.flush()
    data.fill(0)
    await eventually(() => heard.length === 1)
    stop()
    assert.equal(text(heard[0]?.data ?? utf8('')), 'before')
  })

  test('a publisher hears itself, later than it publishes', async () => {
    const { a } = pair()
    const { heard, stop } = await listen(a, 'self.x')
    a.publish('self.x', utf8('me'))
    assert.equal(heard.length, 0)
    await eventually(() => heard.length === 1)
    stop()
  })

  test('nothing is heard after unsubscribe, which may be said twice', async () => {
    const { a, b } = pair()
    const first = await listen(b, 'gone.x')
    const second = await listen(b, 'gone.x')
    first.stop()
    first.stop()
    await b.flush()
    a.publish('gone.x', utf8('?'))
    await eventually(() => second.heard.length === 1)
    second.stop()
    assert.equal(first.heard.length, 0)
  })

  test('a handler that throws is reported, and hears the next message all the same', async () => {
    const { a, b } = pair()
    const events: TransportEvent[] = []
    const unwatch = b.watch((event) => events.push(event))
    let heard = 0
    const subscription = b.subscribe('throws.x', () => {
      heard++
      throw new Error('a mistake in a handler')
    })
    await b.flush()
    a.publish('throws.x', utf8('1'))
    a.publish('throws.x', utf8('2'))
    await eventually(() => heard === 2)
    subscription.unsubscribe()
    unwatch()
    assert.deepEqual(
      events.map((event) => (event.type === 'error' ? event.error.message : event.type)),
      ['a mistake in a handler', 'a mistake in a handler'],
    )
  })
}

function subjects(pair: () => Pair): void {
  test('* matches one token, > one or more, and neither less', async () => {
    const { a, b } = pair()
    const star = await listen(b, 'wild.*.c')
    const tail = await listen(b, 'wild.>')
    const exact = await listen(b, 'wild.b.c')
    for (const subject of ['wild.b.c', 'wild.x.c', 'wild.b.d', 'wild.b.c.d', 'wild', 'wilder.b.c', 'wild.end'])
      a.publish(subject, utf8(subject))
    await eventually(() => tail.heard.some((message) => message.subject === 'wild.end'))
    for (const each of [star, tail, exact]) each.stop()
    const of = (heard: readonly Incoming[]): string[] => heard.map((message) => message.subject)
    assert.deepEqual(of(star.heard), ['wild.b.c', 'wild.x.c'])
    assert.deepEqual(of(tail.heard), ['wild.b.c', 'wild.x.c', 'wild.b.d', 'wild.b.c.d', 'wild.end'])
    assert.deepEqual(of(exact.heard), ['wild.b.c'])
  })

  test('each message goes to one member of a queue group, and every member gets some', async () => {
    const { a, b } = pair()
    const members = [await listen(a, 'work.x', 'q'), await listen(b, 'work.x', 'q'), await listen(b, 'work.*', 'q')]
    const other = await listen(b, 'work.x', 'other')
    const plain = await listen(a, 'work.x')
    for (let i = 0; i < 300; i++) a.publish('work.x', utf8(String(i)))
    await eventually(() => plain.heard.length === 300 && other.heard.length === 300)
    await b.flush()
    await eventually(() => members.reduce((sum, { heard }) => sum + heard.length, 0) === 300)
    for (const each of [...members, other, plain]) each.stop()
    const seen = members.flatMap(({ heard }) => heard.map((message) => Number(text(message.data)))).sort((x, y) => x - y)
    assert.deepEqual(
      seen,
      Array.from({ length: 300 }, (_, i) => i),
    )
    assert.ok(members.every(({ heard }) => heard.length > 0))
  })

  test('subjects that would break the protocol are refused with CODEC_INVALID', () => {
    const { a } = pair()
    for (const subject of ['', '.', 'a.', '.a', 'a..b', 'a b', 'a\tb', 'a\r\nPUB x 0', 'a\0b', 'a.*', 'a.>', 'x'.repeat(5000)]) {
      assert.throws(() => a.publish(subject, utf8('?')), refusedWith('CODEC_INVALID'), JSON.stringify(subject))
    }
    for (const pattern of ['', 'a..b', 'a.>.b', 'a b', 'a*', '>a', 'a.b>']) {
      assert.throws(() => a.subscribe(pattern, () => {}), refusedWith('CODEC_INVALID'), JSON.stringify(pattern))
    }
    assert.throws(() => a.subscribe('a', () => {}, { queue: 'two words' }), refusedWith('CODEC_INVALID'))
    assert.throws(() => a.publish('a', utf8('?'), { 'A:B': 'x' }), refusedWith('CODEC_INVALID'))
    assert.throws(() => a.publish('a', utf8('?'), { A: 'x\r\nB: y' }), refusedWith('CODEC_INVALID'))
  })
}

function requests(pair: () => Pair): void {
  test('a request is answered, with headers both ways, many at a time', async () => {
    const { a, b } = pair()
    const subscription = b.subscribe('ask.x', (message) => {
      assert.equal(message.asks, true)
      message.respond(utf8(`${text(message.data)}!`), { Echo: message.headers.Mark ?? 'none' })
    })
    await b.flush()
    const questions = Array.from({ length: 50 }, (_, i) =>
      a.request('ask.x', utf8(`q${i}`), { timeoutMs: 5000, headers: { Mark: `m${i}` } }),
    )
    const answers = await Promise.all(questions)
    subscription.unsubscribe()
    assert.deepEqual(
      answers.map((answer) => [text(answer.data), answer.headers.Echo]),
      answers.map((_, i) => [`q${i}!`, `m${i}`]),
    )
  })

  test('an empty answer is an answer', async () => {
    const { a, b } = pair()
    const subscription = b.subscribe('ask.empty', (message) => message.respond(new Uint8Array(0)))
    await b.flush()
    const answer = await a.request('ask.empty', utf8('?'), { timeoutMs: 5000 })
    subscription.unsubscribe()
    assert.equal(answer.data.length, 0)
  })

  test('a message that asks nothing cannot be answered, and trying harms nobody', async () => {
    const { a, b } = pair()
    let asked: boolean | null = null
    const subscription = b.subscribe('tell.x', (message) => {
      asked = message.asks
      message.respond(utf8('unasked'))
    })
    await b.flush()
    a.publish('tell.x', utf8('!'))
    await eventually(() => asked !== null)
    subscription.unsubscribe()
    assert.equal(asked, false)
  })

  test('a request that nobody hears is UNAVAILABLE, well before its deadline', async () => {
    const { a } = pair()
    await assert.rejects(a.request('nobody.home', utf8('?'), { timeoutMs: 60_000 }), refusedWith('UNAVAILABLE'))
  })

  test('a request that nobody answers is TIMEOUT', async () => {
    const { a, b } = pair()
    const { heard, stop } = await listen(b, 'silent.x')
    await assert.rejects(a.request('silent.x', utf8('?'), { timeoutMs: 50 }), refusedWith('TIMEOUT'))
    stop()
    assert.equal(heard.length, 1)
  })

  test('an answer that comes too late, or twice, is for nobody', async () => {
    const { a, b } = pair()
    const { heard, stop } = await listen(b, 'late.x')
    await assert.rejects(a.request('late.x', utf8('1'), { timeoutMs: 20 }), refusedWith('TIMEOUT'))
    heard[0]?.respond(utf8('late'))
    const second = a.request('late.x', utf8('2'), { timeoutMs: 5000 })
    await eventually(() => heard.length === 2)
    heard[1]?.respond(utf8('second'))
    heard[1]?.respond(utf8('again'))
    stop()
    assert.equal(text((await second).data), 'second')
  })
}

function limits(pair: () => Pair): void {
  test('a payload of payloadMax passes, also to several; one byte more is TOO_LARGE', async () => {
    const { a, b } = pair()
    const first = await listen(b, 'large.x')
    const second = await listen(a, 'large.x')
    const largest = new Uint8Array(a.payloadMax).fill(7)
    largest[largest.length - 1] = 9
    assert.equal(a.publish('large.x', largest), true)
    await eventually(() => first.heard.length === 1 && second.heard.length === 1)
    for (const { heard, stop } of [first, second]) {
      stop()
      assert.equal(heard[0]?.data.length, a.payloadMax)
      assert.equal(heard[0]?.data.at(-1), 9)
    }
    const over = new Uint8Array(a.payloadMax + 1)
    assert.throws(() => a.publish('large.x', over), refusedWith('TOO_LARGE'))
    await assert.rejects(a.request('large.x', over, { timeoutMs: 1000 }), refusedWith('TOO_LARGE'))
  })

  test('headers count towards payloadMax', async () => {
    const { a, b } = pair()
    const { heard, stop } = await listen(b, 'large.h')
    const block = 'NATS/1.0\r\nA: größe\r\n\r\n'
    const data = new Uint8Array(a.payloadMax - utf8(block).length)
    assert.equal(a.publish('large.h', data, { A: 'größe' }), true)
    await eventually(() => heard.length === 1)
    stop()
    assert.equal(heard[0]?.data.length, data.length)
    assert.throws(() => a.publish('large.h', new Uint8Array(data.length + 1), { A: 'größe' }), refusedWith('TOO_LARGE'))
  })
}

function outages(open: () => Promise<Stage>): void {
  test('through an outage: what is published is dropped and counted, requests fail at once, subscriptions come back', async (t) => {
    const stage = await open()
    t.after(() => stage.close())
    const a = await stage.connect()
    const b = await stage.connect()
    const events: string[] = []
    a.watch((event) => events.push(event.type))
    const { heard } = await listen(b, 'outage.x')
    const restore = await stage.outage()
    await eventually(() => !a.connected && !b.connected)
    assert.equal(a.publish('outage.x', utf8('lost')), false)
    assert.equal(a.publish('outage.x', utf8('lost')), false)
    assert.equal(a.dropped, 2)
    await assert.rejects(a.request('outage.x', utf8('?'), { timeoutMs: 60_000 }), refusedWith('DISCONNECTED'))
    await assert.rejects(a.flush(), refusedWith('DISCONNECTED'))
    const during: Incoming[] = []
    b.subscribe('outage.y', (message) => during.push(message))
    await restore()
    await eventually(() => a.connected && b.connected)
    await b.flush()
    a.publish('outage.x', utf8('found'))
    a.publish('outage.y', utf8('found'))
    await eventually(() => heard.length > 0 && during.length > 0)
    assert.deepEqual(
      [heard, during].map((list) => list.map((message) => text(message.data))),
      [['found'], ['found']],
    )
    assert.deepEqual(events, ['disconnected', 'connected'])
  })

  test('a request in flight when the connection is lost ends by its deadline: its outcome is unknown', async (t) => {
    const stage = await open()
    t.after(() => stage.close())
    const a = await stage.connect()
    const b = await stage.connect()
    const { heard } = await listen(b, 'flight.x')
    const answer = assert.rejects(a.request('flight.x', utf8('?'), { timeoutMs: 400 }), refusedWith('TIMEOUT'))
    await eventually(() => heard.length === 1)
    const restore = await stage.outage()
    await answer
    await restore()
  })

  test('close ends what is in flight, says so, and everything after it is CLOSED or dropped', async (t) => {
    const stage = await open()
    t.after(() => stage.close())
    const a = await stage.connect()
    const b = await stage.connect()
    const events: string[] = []
    a.watch((event) => events.push(event.type))
    const { heard } = await listen(b, 'close.x')
    const unanswered = assert.rejects(a.request('close.x', utf8('?'), { timeoutMs: 60_000 }), refusedWith('CLOSED'))
    a.publish('close.x', utf8('last words'))
    await a.close()
    await a.close()
    await unanswered
    await eventually(() => heard.length === 2)
    assert.equal(text(heard[1]?.data ?? utf8('')), 'last words')
    assert.equal(a.connected, false)
    assert.equal(a.publish('close.x', utf8('?')), false)
    assert.throws(() => a.subscribe('close.x', () => {}), refusedWith('CLOSED'))
    await assert.rejects(a.flush(), refusedWith('CLOSED'))
    await assert.rejects(a.request('close.x', utf8('?'), { timeoutMs: 10 }), (error) => error instanceof FlotillaError)
    assert.deepEqual(events, ['closed'])
  })
}
