/** Services: who answers on which subject, in which words, and what happens to an answer that cannot be sent. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { text, utf8 } from '../../../src/base/bytes.ts'
import { FlotillaError } from '../../../src/base/errors.ts'
import type { Desk } from '../../../src/node/desk.ts'
import { Refusals } from '../../../src/node/refusals.ts'
import { Services } from '../../../src/node/services.ts'
import type { NodeStatus } from '../../../src/ports/status.ts'
import type { Incoming, Transport } from '../../../src/ports/transport.ts'
import { loopback } from '../../../src/transport/loopback/hub.ts'
import { type Answer, decodeAnswer, decodeLeaderHint, encodeRequest, type Request } from '../../../src/wire/requests.ts'
import { subjectsOf } from '../../../src/wire/subjects.ts'
import { turns } from './sample-node.ts'

const ROOT = 'flotilla.demo'

/** A desk that says who was asked, and refuses when told to. */
function sampleDesk(refusal: { error?: unknown }): Desk {
  const answer = (verb: string, { group, body, direct }: Request): Answer => {
    if (refusal.error !== undefined) throw refusal.error
    return { index: 1, term: 1, body: utf8(`${verb} ${group} ${text(body)}${direct ? ' directly' : ''}`) }
  }
  const desk: Pick<Desk, 'propose' | 'read' | 'query' | 'leader' | 'founding'> = {
    founding: () => '',
    propose: async (request) => answer('propose', request),
    read: async (request) => answer(request.consistency === 'stale' ? 'query' : 'read', request),
    query: (request) => answer('query', request),
    leader: (group) => {
      answer('leader', { group, body: utf8(''), timeoutMs: 1 })
      return { leader: 'a', term: 3 }
    },
  }
  return desk as Desk
}

function bench(): { services: Services; guest: Transport; refusal: { error?: unknown }; refusals: Refusals; ask: Ask } {
  const hub = loopback()
  const guest = hub.connect('guest')
  const refusal: { error?: unknown } = {}
  const refusals = new Refusals()
  const services = new Services({
    node: 'a',
    nonce: 'nonce',
    transport: hub.connect('a'),
    subjects: subjectsOf('demo'),
    refusals,
    desk: sampleDesk(refusal),
    status: () => ({ node: 'a' }) as NodeStatus,
  })
  const ask: Ask = async (subject, group = 'g') => {
    const { data } = await guest.request(`${ROOT}.${subject}`, encodeRequest({ group, body: utf8('x'), timeoutMs: 100 }), {
      timeoutMs: 500,
    })
    return text(decodeAnswer(data).body)
  }
  return { services, guest, refusal, refusals, ask }
}

type Ask = (subject: string, group?: string) => Promise<string>

test('a node answers by name, a replica for its group, a leader what only leaders may', async () => {
  const { services, ask } = bench()
  services.open()
  services.openGroup('g')
  for (const verb of ['propose', 'read', 'query']) assert.equal(await ask(`node.a.${verb}`), `${verb} g x`)
  assert.equal(await ask('group.g.query'), 'query g x')
  for (const verb of ['propose', 'read']) await assert.rejects(ask(`group.g.${verb}`), { code: 'UNAVAILABLE' })
  services.lead('g')
  services.lead('g')
  for (const verb of ['propose', 'read']) assert.equal(await ask(`group.g.${verb}`), `${verb} g x directly`)
  services.follow('g')
  for (const verb of ['propose', 'read']) await assert.rejects(ask(`group.g.${verb}`), { code: 'UNAVAILABLE' })
})

test('a request of one group on the subject of another is answered as a mistake', async () => {
  const { services, ask } = bench()
  services.openGroup('g')
  services.lead('g')
  for (const verb of ['propose', 'read', 'query']) await assert.rejects(ask(`group.g.${verb}`, 'h'), { code: 'CODEC_INVALID' })
})

test('refusals are counted and answered in the words of the subject', async () => {
  const { services, guest, refusal, refusals, ask } = bench()
  services.open()
  services.openGroup('g')
  refusal.error = new FlotillaError('UNAVAILABLE', 'the node is draining', { node: 'a' })
  await assert.rejects(ask('node.a.propose'), { code: 'UNAVAILABLE', message: 'the node is draining', details: { node: 'a' } })
  const { data } = await guest.request(`${ROOT}.group.g.leader`, utf8(''), { timeoutMs: 500 })
  assert.throws(() => decodeLeaderHint(data), { code: 'UNAVAILABLE', message: 'the node is draining' })
  assert.deepEqual(refusals.all, { UNAVAILABLE: 2 })
  refusal.error = new TypeError('a mistake of ours')
  await assert.rejects(ask('node.a.query'), { code: 'INVARIANT' })
})

test('hello is answered to others of the name, not to ourselves', async () => {
  const { services, guest } = bench()
  services.openHello()
  const hello = (nonce: string) =>
    guest.request(`${ROOT}.node.a.hello`, utf8(''), { timeoutMs: 50, headers: { 'Flotilla-Nonce': nonce } })
  assert.equal(text((await hello('other')).data), 'nonce')
  await assert.rejects(hello('nonce'), { code: 'TIMEOUT' })
})

test('after closing nobody answers', async () => {
  const { services, ask } = bench()
  services.open()
  services.openGroup('g')
  services.lead('g')
  services.close()
  for (const subject of ['node.a.query', 'group.g.query', 'group.g.propose'])
    await assert.rejects(ask(subject), { code: 'UNAVAILABLE' })
})

test('an answer that cannot be sent, or its refusal, ends nothing', async () => {
  const handlers = new Map<string, (m: Incoming) => void>()
  const transport: Pick<Transport, 'subscribe'> = {
    subscribe(subject, handler) {
      handlers.set(subject, handler)
      return { unsubscribe() {} }
    },
  }
  const refusals = new Refusals()
  const refusal: { error?: unknown } = {}
  const services = new Services({
    node: 'a',
    nonce: 'nonce',
    transport: transport as Transport,
    subjects: subjectsOf('demo'),
    refusals,
    desk: sampleDesk(refusal),
    status: () => ({ node: 'a' }) as NodeStatus,
  })
  services.open()
  services.openGroup('g')
  const respond = (): void => {
    throw new FlotillaError('CONFIG_INVALID', 'no subject')
  }
  const data = encodeRequest({ group: 'g', body: utf8('x'), timeoutMs: 100 })
  const rejections: unknown[] = []
  const note = (reason: unknown): void => void rejections.push(reason)
  process.on('unhandledRejection', note)
  try {
    for (const error of [undefined, new FlotillaError('BUSY', 'no')]) {
      refusal.error = error
      for (const [subject, handler] of handlers) handler({ subject, data, headers: {}, asks: true, respond })
      await turns()
    }
  } finally {
    process.off('unhandledRejection', note)
  }
  assert.deepEqual(rejections, [])
  assert(refusals.all.CONFIG_INVALID)
})
