/** The part of the transport contract about asking everyone at once. Knows no transport by name. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { text, utf8 } from '../../src/base/bytes.ts'
import type { Transport, TransportEvent } from '../../src/ports/transport.ts'
import { eventually, refusedWith } from './transport-waiting.ts'

/** Asks everyone and collects what they say. */
async function gather(transport: Transport, subject: string, timeoutMs: number): Promise<string[]> {
  const answers: string[] = []
  await transport.requestMany(subject, utf8('who?'), { timeoutMs, onAnswer: (answer) => void answers.push(text(answer.data)) })
  return answers.sort()
}

/** Registers the cases. */
export function rollCalls(pair: () => { readonly a: Transport; readonly b: Transport }): void {
  test('a question to everyone hears every answer until its time is over, and then no more', async () => {
    const { a, b } = pair()
    const late: (() => void)[] = []
    const subscriptions = [
      a.subscribe('roll.x', (message) => message.respond(utf8('a'))),
      b.subscribe('roll.*', (message) => {
        message.respond(utf8('b'))
        message.respond(utf8('b again'))
        late.push(() => message.respond(utf8('b, too late')))
      }),
    ]
    await a.flush()
    await b.flush()
    const answers: string[] = []
    const onAnswer = (answer: { readonly data: Uint8Array }): void => void answers.push(text(answer.data))
    await a.requestMany('roll.x', utf8('who?'), { timeoutMs: 150, onAnswer })
    for (const say of late) say()
    await b.flush()
    await a.flush()
    for (const subscription of subscriptions) subscription.unsubscribe()
    assert.deepEqual(answers.sort(), ['a', 'b', 'b again'])
  })

  test('a question to everyone that is heard and not answered ends in time, with nothing', async () => {
    const { a, b } = pair()
    const subscription = b.subscribe('roll.silent', () => {})
    await b.flush()
    assert.deepEqual(await gather(a, 'roll.silent', 30), [])
    subscription.unsubscribe()
  })

  test('a question to everyone that nobody hears is UNAVAILABLE, well before its time is over', async () => {
    await assert.rejects(gather(pair().a, 'roll.nobody', 60_000), refusedWith('UNAVAILABLE'))
  })

  test('who throws at an answer is reported, and hears the next one all the same', async () => {
    const { a, b } = pair()
    const events: TransportEvent[] = []
    const unwatch = a.watch((event) => events.push(event))
    const subscription = b.subscribe('roll.throws', (message) => {
      message.respond(utf8('1'))
      message.respond(utf8('2'))
    })
    await b.flush()
    let heard = 0
    const onAnswer = (): void => {
      heard++
      throw new Error('a mistake at an answer')
    }
    await a.requestMany('roll.throws', utf8('who?'), { timeoutMs: 100, onAnswer })
    subscription.unsubscribe()
    await eventually(() => events.length === 2)
    unwatch()
    assert.equal(heard, 2)
    assert.ok(events.every((event) => event.type === 'error' && event.error.message === 'a mistake at an answer'))
  })
}
