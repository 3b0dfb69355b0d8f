/** Who is told that it is a stranger, and how many must say so before a node believes it. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { text, utf8 } from '../../../src/base/bytes.ts'
import { manualClock } from '../../../src/clock/manual.ts'
import { Strangers } from '../../../src/node/strangers.ts'
import { loopback } from '../../../src/transport/loopback/hub.ts'
import { subjectsOf } from '../../../src/wire/subjects.ts'

const turns = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5))

function scene({ leader = 'nobody' } = {}) {
  const hub = loopback()
  const clock = manualClock()
  const subjects = subjectsOf('demo')
  const nodes = ['a', 'b', 'c']
  const strangers = new Strangers({
    self: 'a',
    neighbours: () => new Set(nodes.filter((node) => node !== 'a')),
    leaders: () => new Set([leader]),
    clock,
    transport: hub.connect('a'),
    subjects,
  })
  const guest = hub.connect('guest')
  const say = async (words: string): Promise<void> => {
    guest.publish(subjects.node('a', 'stranger'), utf8(words))
    await turns()
  }
  return { strangers, guest, clock, say }
}

test('a node ends only when a majority calls it a stranger, by its own run of its own store', async () => {
  const { strangers, say } = scene()
  const codes: string[] = []
  strangers.listen({ uuid: 'store-1', boot: 2, run: 'x' }, { onRefused: ({ code }) => codes.push(code) })
  for (const words of [
    'b store-1/2/x',
    'b store-1/2/x',
    'a store-1/2/x',
    'z store-1/2/x',
    'c store-2/2/x',
    'c store-1/2/y',
    'c store-1/1/x',
    '',
    'c',
    'x'.repeat(5000),
  ])
    await say(words)
  assert.deepEqual(codes, [], 'one voice is not enough, and no others count')
  await say('c store-1/2/x')
  assert.deepEqual(codes, ['STORE_MISMATCH'])
})

test('a stranger is told who says so and of which store, once a second', async () => {
  const { strangers, guest, clock } = scene()
  const heard: string[] = []
  guest.subscribe('flotilla.demo.node.c.stranger', ({ data }) => void heard.push(text(data)))
  const c = { cluster: 'demo', node: 'c', store: 'store-9', boot: 1, run: 'r' }
  strangers.tell(c)
  strangers.tell(c)
  clock.advance(1000)
  strangers.tell(c)
  await turns()
  assert.deepEqual(heard, ['a store-9/1/r', 'a store-9/1/r'])
})

test('each run of a stranger is told at once, however lately another was', async () => {
  const { strangers, guest } = scene()
  const heard: string[] = []
  guest.subscribe('flotilla.demo.node.c.stranger', ({ data }) => void heard.push(text(data)))
  for (const store of ['store-8', 'store-9']) strangers.tell({ cluster: 'demo', node: 'c', store, boot: 1, run: 'r' })
  await turns()
  assert.deepEqual(heard, ['a store-8/1/r', 'a store-9/1/r'])
})

test('a node that some call a stranger makes itself heard by all, once a second', async () => {
  const { strangers, clock, say } = scene()
  let doubts = 0
  strangers.listen({ uuid: 'store-1', boot: 2, run: 'x' }, { onRefused: () => {}, onDoubted: () => void doubts++ })
  await say('b store-1/2/x')
  await say('b store-1/2/x')
  assert.equal(doubts, 1)
  clock.advance(1000)
  await say('b store-1/2/x')
  assert.equal(doubts, 2)
})

test('the word of a leader is enough: a majority hears it', async () => {
  const { strangers, say } = scene({ leader: 'b' })
  const codes: string[] = []
  strangers.listen({ uuid: 'store-1', boot: 2, run: 'x' }, { onRefused: ({ code }) => codes.push(code) })
  await say('c store-1/2/x leads')
  assert.equal(codes.length, 0)
  const other = scene({ leader: 'b' })
  other.strangers.listen({ uuid: 'store-1', boot: 2, run: 'x' }, { onRefused: ({ code }) => codes.push(code) })
  await other.say('b store-1/2/x leads')
  assert.deepEqual(codes, ['STORE_MISMATCH'])
})

test('the word of one that led, and has begun anew from an older disk, is one voice like any other', async () => {
  const { strangers, say } = scene({ leader: 'b' })
  const codes: string[] = []
  strangers.listen({ uuid: 'store-1', boot: 2, run: 'x' }, { onRefused: ({ code }) => codes.push(code) })
  await say('b store-1/2/x')
  assert.deepEqual(codes, [])
  await say('c store-1/2/x')
  assert.deepEqual(codes, ['STORE_MISMATCH'])
})

test('who leads says so', async () => {
  const { strangers, guest } = scene({ leader: 'a' })
  const heard: string[] = []
  guest.subscribe('flotilla.demo.node.c.stranger', ({ data }) => void heard.push(text(data)))
  strangers.tell({ cluster: 'demo', node: 'c', store: 'store-9', boot: 1, run: 'r' })
  await turns()
  assert.deepEqual(heard, ['a store-9/1/r leads'])
})
