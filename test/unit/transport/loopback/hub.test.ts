/** What the hub in memory adds to the contract: a courier that can be put in, names, deadlines by another clock. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { text, utf8 } from '../../../../src/base/bytes.ts'
import { inOrder, type Letter } from '../../../../src/transport/loopback/courier.ts'
import { loopback } from '../../../../src/transport/loopback/hub.ts'
import { refusedWith } from '../../../contract/transport-waiting.ts'

test('a courier sees who writes to whom, and decides when and whether', () => {
  const bag: { letter: Letter; deliver: () => void }[] = []
  const hub = loopback({ courier: (letter, deliver) => void bag.push({ letter, deliver }) })
  const [a, b, c] = [hub.connect('a'), hub.connect('b'), hub.connect('c')]
  const heard: string[] = []
  b.subscribe('x', ({ data }) => void heard.push(`b${text(data)}`))
  c.subscribe('x', ({ data }) => void heard.push(`c${text(data)}`))
  a.publish('x', utf8('1'))
  a.publish('x', utf8('2'))
  assert.deepEqual(
    bag.map(({ letter }) => letter),
    ['b', 'c', 'b', 'c'].map((to) => ({ from: 'a', to, subject: 'x', bytes: 1 })),
  )
  assert.deepEqual(heard, [])
  for (const i of [3, 0, 1]) bag[i]?.deliver()
  assert.deepEqual(heard, ['c2', 'b1', 'c1'])
})

test('a letter that comes after its reader was cut or has unsubscribed is lost', () => {
  const bag: (() => void)[] = []
  const hub = loopback({ courier: (_letter, deliver) => void bag.push(deliver) })
  const [a, b] = [hub.connect('a'), hub.connect('b')]
  let heard = 0
  const subscription = b.subscribe('x', () => {
    heard++
  })
  a.publish('x', utf8('1'))
  hub.disconnect('b')
  bag.pop()?.()
  hub.reconnect('b')
  a.publish('x', utf8('2'))
  subscription.unsubscribe()
  bag.pop()?.()
  assert.equal(heard, 0)
})

test('one can be cut alone: the others go on, and find nobody there', async () => {
  const hub = loopback()
  const [a, b] = [hub.connect('a'), hub.connect('b')]
  b.subscribe('x', (message) => message.respond(utf8('here')))
  hub.disconnect('b')
  assert.deepEqual([a.connected, b.connected], [true, false])
  await assert.rejects(a.request('x', utf8('?'), { timeoutMs: 1000 }), refusedWith('UNAVAILABLE'))
  hub.reconnect('b')
  assert.equal(text((await a.request('x', utf8('?'), { timeoutMs: 1000 })).data), 'here')
})

test('deadlines run by the clock that was given', async () => {
  const alarms: (() => void)[] = []
  const after = (_ms: number, callback: () => void): (() => void) => {
    alarms.push(callback)
    return () => {}
  }
  const hub = loopback({ after })
  const a = hub.connect('a')
  a.subscribe('x', () => {})
  const refused = assert.rejects(a.request('x', utf8('?'), { timeoutMs: 1e9 }), refusedWith('TIMEOUT'))
  for (const ring of alarms) ring()
  await refused
})

test('a name is used once, until it is closed', async () => {
  const hub = loopback()
  const first = hub.connect('a')
  assert.throws(() => hub.connect('a'), refusedWith('CONFIG_INVALID'))
  assert.throws(() => hub.disconnect('nobody'), refusedWith('CONFIG_INVALID'))
  assert.throws(() => hub.connect('no name'), refusedWith('CODEC_INVALID'))
  await first.close()
  assert.equal(hub.connect('a').connected, true)
})

test('the courier in order has a limit, beyond which letters are lost', async () => {
  const hub = loopback({ courier: inOrder(3) })
  const a = hub.connect('a')
  const heard: string[] = []
  a.subscribe('x', ({ data }) => void heard.push(text(data)))
  for (let i = 0; i < 5; i++) a.publish('x', utf8(String(i)))
  await new Promise((resolve) => setImmediate(resolve))
  a.publish('x', utf8('next'))
  await new Promise((resolve) => setImmediate(resolve))
  assert.deepEqual(heard, ['0', '1', '2', 'next'])
})
