/** The part of the transport contract about messages and who hears them. Knows no transport by name. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { text, utf8 } from '../../src/base/bytes.ts'
import type { Incoming, TransportEvent } from '../../src/ports/transport.ts'
import type { Pair } from './transport-stages.ts'
import { eventually, listen, refusedWith } from './transport-waiting.ts'

/** Registers the cases about one message: order, content, and what becomes of it. */
export function messages(pair: () => Pair): void {
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

/** Registers the cases about subjects: wildcards, queue groups, and what is no subject. */
export function subjects(pair: () => Pair): void {
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
