/** The part of the transport contract about losing the connection and ending it. Knows no transport by name. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { text, utf8 } from '../../src/base/bytes.ts'
import { FlotillaError } from '../../src/base/errors.ts'
import type { Incoming } from '../../src/ports/transport.ts'
import type { Stage } from './transport-stages.ts'
import { eventually, listen, refusedWith } from './transport-waiting.ts'

/** Registers the cases; each opens a stage of its own. */
export function outages(open: () => Promise<Stage>): void {
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
    await assert.rejects(a.request('outage.x', utf8('?'), { timeoutMs: 5000 }), refusedWith('DISCONNECTED'))
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
    const unanswered = assert.rejects(a.request('close.x', utf8('?'), { timeoutMs: 5000 }), refusedWith('CLOSED'))
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
