/** The part of the transport contract about requests and about limits. Knows no transport by name. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { text, utf8 } from '../../src/base/bytes.ts'
import type { Pair } from './transport-stages.ts'
import { eventually, listen, refusedWith } from './transport-waiting.ts'

/** Registers the cases about questions and their answers. */
export function requests(pair: () => Pair): void {
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
    await assert.rejects(a.request('nobody.home', utf8('?'), { timeoutMs: 5000 }), refusedWith('UNAVAILABLE'))
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

/** Registers the cases about the largest message. */
export function limits(pair: () => Pair): void {
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
