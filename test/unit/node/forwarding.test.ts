/** Passing on: to the leader by name, once, with one of three outcomes; and never more than there is room for. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { text, utf8 } from '../../../src/base/bytes.ts'
import { FlotillaError } from '../../../src/base/errors.ts'
import { FORWARDED_BYTES_MAX, FORWARDED_MAX } from '../../../src/base/limits.ts'
import { Forwarding } from '../../../src/node/forwarding.ts'
import type { Incoming } from '../../../src/ports/transport.ts'
import { loopback } from '../../../src/transport/loopback/hub.ts'
import { decodeRequest, encodeAnswer, encodeLeaderHint, encodeRefusal } from '../../../src/wire/requests.ts'
import { subjectsOf } from '../../../src/wire/subjects.ts'
import { decodeTransfer } from '../../../src/wire/transfer.ts'

const subjects = subjectsOf('demo')
const request = (word = 'x', timeoutMs = 5000) => ({ group: 'g', body: utf8(word), timeoutMs })

/** Node `b` leads, and does as it is told. */
function bench(leads: (m: Incoming) => void, verb: 'propose' | 'transfer' = 'propose') {
  const hub = loopback()
  const leader = hub.connect('b')
  let heard = 0
  leader.subscribe(subjects.node('b', verb), (m) => {
    heard++
    leads(m)
  })
  return { forwarding: new Forwarding(hub.connect('a'), subjects), hub, leader, heard: () => heard }
}

test('the leader is asked once, as the last stop, with the deadline; its answer is the outcome', async () => {
  const { forwarding, heard } = bench((m) => {
    const { body, direct, timeoutMs, group } = decodeRequest(m.data)
    assert.deepEqual([text(body), direct, timeoutMs, group], ['word', true, 777, 'g'])
    m.respond(encodeAnswer({ index: 9, term: 2, body: utf8('done') }))
  })
  assert.deepEqual(await forwarding.propose('b', request('word', 777)), { index: 9, term: 2, body: utf8('done') })
  assert.equal(heard(), 1)
})

test('what the leader refuses is refused with its reason and its hint, and not tried elsewhere', async () => {
  const refusal = new FlotillaError('NOT_LEADER', 'not me', { leader: 'c' })
  const { forwarding, heard } = bench((m) => m.respond(encodeRefusal(refusal)))
  await assert.rejects(forwarding.propose('b', request()), { code: 'NOT_LEADER', retryable: true, details: { leader: 'c' } })
  assert.equal(heard(), 1)
})

test('no answer means that the outcome is unknown, and so does one that nobody can read; nothing is sent again', async () => {
  const silent = bench(() => {})
  await assert.rejects(silent.forwarding.propose('b', request('x', 30)), { code: 'TIMEOUT_UNKNOWN', retryable: false })
  assert.equal(silent.heard(), 1)
  const noise = bench((m) => m.respond(utf8('noise')))
  await assert.rejects(noise.forwarding.propose('b', request()), { code: 'TIMEOUT_UNKNOWN' })
  const lost = bench(() => void lost.hub.connect('a').close())
  const closing = new Forwarding(lost.hub.connect('z'), subjects)
  await assert.rejects(closing.propose('b', request('x', 30)), { code: 'TIMEOUT_UNKNOWN' })
})

test('a leader that nobody can reach got nothing: that may be tried again', async () => {
  const { forwarding, leader, hub } = bench(() => {})
  await leader.close()
  await assert.rejects(forwarding.propose('b', request()), {
    code: 'UNAVAILABLE',
    retryable: true,
    details: { leader: 'b', subject: subjects.node('b', 'propose') },
  })
  hub.disconnect('a')
  await assert.rejects(forwarding.propose('b', request()), { code: 'DISCONNECTED', retryable: true })
})

test('there is an end to what is on its way, by number and by bytes, and then there is room again', async () => {
  const waiting: Incoming[] = []
  const { forwarding } = bench((m) => void waiting.push(m))
  const sent = Array.from({ length: FORWARDED_MAX }, () => forwarding.propose('b', request()))
  await assert.rejects(forwarding.propose('b', request()), { code: 'BUSY', retryable: true })
  await new Promise((resolve) => setImmediate(resolve))
  for (const m of waiting.splice(0)) m.respond(encodeAnswer({ index: 1, term: 1, body: utf8('') }))
  await Promise.all(sent)
  const big = { ...request(), body: new Uint8Array(512 * 1024) }
  const fit = Math.floor(FORWARDED_BYTES_MAX / (512 * 1024 + 200))
  const more = Array.from({ length: fit }, () => forwarding.propose('b', big))
  await assert.rejects(forwarding.propose('b', big), { code: 'BUSY' })
  await new Promise((resolve) => setImmediate(resolve))
  for (const m of waiting) m.respond(encodeAnswer({ index: 1, term: 1, body: utf8('') }))
  await Promise.all(more)
})

test('a handover is passed on alike; of one that is not answered only the time is over', async () => {
  const { forwarding } = bench((m) => {
    assert.deepEqual(decodeTransfer(m.data), { group: 'g', to: 'c', timeoutMs: 500, direct: true })
    m.respond(encodeLeaderHint({ leader: 'c', term: 4 }))
  }, 'transfer')
  const wish = { group: 'g', to: 'c', timeoutMs: 500, direct: false }
  assert.deepEqual(await forwarding.transfer('b', wish), { leader: 'c', term: 4 })
  const silent = bench(() => {}, 'transfer')
  await assert.rejects(silent.forwarding.transfer('b', { ...wish, timeoutMs: 30 }), { code: 'TIMEOUT' })
})
