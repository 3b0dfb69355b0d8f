/** The desk: whoever asks is checked first, gets a place or a refusal, and always a deadline. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { text, utf8 } from '../../../src/base/bytes.ts'
import { COMMAND_BYTES_MAX, MAILBOX_EVENTS_MAX, WAITERS_MAX } from '../../../src/base/limits.ts'
import { manualClock } from '../../../src/clock/manual.ts'
import { Desk } from '../../../src/node/desk.ts'
import { startPeerLife } from '../../../src/node/lifecycle.ts'
import { append, command, sampleHost } from './sample-node.ts'

const ask = (what: { group?: string; body?: Uint8Array; timeoutMs?: number; founding?: string } = {}) => ({
  group: 'g',
  body: utf8('x'),
  timeoutMs: 100,
  ...what,
})

async function bench(life = 'serving') {
  const host = await sampleHost()
  const peerLife = startPeerLife()
  const clock = manualClock()
  let woken = 0
  const desk = new Desk({
    node: 'a',
    clock,
    payloadMax: () => 4096,
    life: () => life,
    find: (group) => (group === 'g' ? { host, life: peerLife } : undefined),
    wake: () => woken++,
  })
  return { desk, host, clock, peerLife, woken: () => woken }
}

test('a proposal gets a place, and the peer is woken', async () => {
  const { desk, host, woken } = await bench()
  const answer = desk.propose(ask())
  assert.equal(woken(), 1)
  const [mail] = host.mailbox.take()
  assert(mail && 'event' in mail && mail.event.type === 'client.propose')
  const [proposal] = (mail.event as unknown as { proposals: { ticket: number; data: Uint8Array }[] }).proposals
  assert.equal(text(proposal?.data ?? utf8('')), 'x')
  host.waiters.resolve(proposal?.ticket ?? 0, { index: 7, term: 2, body: utf8('done') })
  assert.deepEqual(await answer, { index: 7, term: 2, body: utf8('done') })
})

test('what the state machine would refuse never gets into the log', async () => {
  const { desk, host } = await bench()
  await assert.rejects(desk.propose(ask({ body: utf8('unfit') })), { code: 'COMMAND_INVALID' })
  await assert.rejects(desk.propose(ask({ body: new Uint8Array(COMMAND_BYTES_MAX + 1) })), { code: 'TOO_LARGE' })
  assert.equal(host.mailbox.isEmpty, true)
})

test('a node that does not serve, a group it has not, a replica that failed: each has its refusal', async () => {
  const draining = await bench('draining')
  await assert.rejects(draining.desk.propose(ask()), { code: 'UNAVAILABLE', message: 'the node is draining' })
  assert.throws(() => draining.desk.query(ask()), { code: 'UNAVAILABLE' })
  const { desk, peerLife } = await bench()
  for (const call of [desk.propose(ask({ group: 'h' })), desk.read(ask({ group: 'h' }))])
    await assert.rejects(call, { code: 'UNKNOWN_GROUP' })
  peerLife.tell({ type: 'broken', error: null })
  await assert.rejects(desk.read(ask()), { code: 'UNAVAILABLE', message: 'this replica has failed' })
})

test('a time that is none is refused: nobody waits for ever', async () => {
  const { desk, host } = await bench()
  for (const timeoutMs of [Number.NaN, 0, -1, 600_001, Number.POSITIVE_INFINITY]) {
    await assert.rejects(desk.propose(ask({ timeoutMs })), { code: 'CONFIG_INVALID' })
    await assert.rejects(desk.read(ask({ timeoutMs })), { code: 'CONFIG_INVALID' })
  }
  assert.equal(host.mailbox.isEmpty, true)
})

test('who waits too long hears so at the time asked for', async () => {
  const { desk, host, clock } = await bench()
  const write = desk.propose(ask({ timeoutMs: 100 }))
  const read = desk.read(ask({ timeoutMs: 100 }))
  clock.advance(100)
  host.waiters.expire(clock.now())
  await assert.rejects(write, { code: 'TIMEOUT_UNKNOWN' })
  await assert.rejects(read, { code: 'TIMEOUT' })
})

test('when too much waits, the next is refused and nothing is appended for it', async () => {
  const full = await bench()
  for (let i = 0; i < WAITERS_MAX; i++) full.host.waiters.wait(1, true).outcome.catch(() => {})
  await assert.rejects(full.desk.propose(ask()), { code: 'BUSY', retryable: true })
  const { desk, host } = await bench()
  for (let i = 0; i < MAILBOX_EVENTS_MAX; i++) host.mailbox.message(append(0, []))
  await assert.rejects(desk.read(ask()), { code: 'BUSY' })
})

test('the log gives what is committed and no more, and says when it is gone', async () => {
  const { desk, host } = await bench()
  const entries = [1, 2, 3].map((index) => command(index, 1, utf8(`e${index}`)))
  host.mailbox.message(append(0, entries, 2))
  host.stepAll()
  const page = desk.log('g', { from: 1, limit: 10 })
  assert.deepEqual(page, { group: 'g', first: 1, commit: 2, entries: entries.slice(0, 2) })
  assert.deepEqual(desk.log('g', { from: 3, limit: 10 }).entries, [])
  assert.deepEqual(desk.leader('g'), { leader: 'b', term: 1 })
  assert.throws(() => desk.log('g', { from: 0, limit: 1 }), { code: 'COMPACTED' })
})

test('who means another founding of the group is refused, and nothing is done', async () => {
  const { desk, host, woken } = await bench()
  await desk.query(ask({ founding: 'other' })) // as long as the mark is not known, nobody can tell
  host.adopt('abcd')
  assert.equal(desk.founding('g'), 'abcd')
  assert.equal(desk.leader('g').founding, 'abcd')
  await desk.query(ask({ founding: 'abcd' }))
  await desk.query(ask())
  const other = ask({ founding: 'other' })
  await assert.rejects(async () => desk.propose(other), { code: 'STORE_MISMATCH' })
  await assert.rejects(async () => desk.read(other), { code: 'STORE_MISMATCH' })
  await assert.rejects(async () => desk.query(other), { code: 'STORE_MISMATCH' })
  await assert.rejects(async () => desk.log('g', { from: 1, limit: 1, founding: 'other' }), { code: 'STORE_MISMATCH' })
  assert.equal(woken(), 0)
})

test('a node that was stopped says so', async () => {
  const { desk } = await bench('closed')
  await assert.rejects(async () => desk.propose(ask()), { code: 'CLOSED' })
})
