/** Handing leadership over, and passing proposals on: what a node does for those who ask the wrong one, or want another. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { text, utf8 } from '../../../src/base/bytes.ts'
import { decodeAnswer, decodeLeaderHint, encodeRequest } from '../../../src/wire/requests.ts'
import { subjectsOf } from '../../../src/wire/subjects.ts'
import { groupOf, recall, SmallCluster, say } from './small-cluster.ts'

const subjects = subjectsOf('demo')

test('leadership goes where it is sent, and whoever asked hears who leads then', async (t) => {
  const cluster = await SmallCluster.start(t)
  const leader = await cluster.leader()
  const [one, other] = await cluster.followers()
  assert(one && other)
  const { leader: next, term } = await leader.transfer('g', one.id)
  assert.equal(next, one.id)
  assert.equal(await cluster.leader(), one)
  assert.equal(groupOf(one).term, term)
  const passedOn = await other.transfer('g', leader.id)
  assert.equal(passedOn.leader, leader.id, 'a follower passes the wish on')
  const anybody = await (await cluster.leader()).transfer('g')
  assert.notEqual(anybody.leader, leader.id)
})

test('nobody can be made leader who cannot lead', async (t) => {
  const cluster = await SmallCluster.start(t)
  const leader = await cluster.leader()
  await assert.rejects(leader.transfer('g', leader.id), { code: 'TARGET_INVALID' })
  await assert.rejects(leader.transfer('g', 'z'), { code: 'TARGET_INVALID' })
  await assert.rejects(leader.transfer('h'), { code: 'UNKNOWN_GROUP' })
  assert.equal(await cluster.leader(), leader)
})

test('when nobody takes over the leader leads on, and says so', async (t) => {
  const cluster = await SmallCluster.start(t, { timing: { electionTimeoutMs: 200, heartbeatMs: 20 } })
  const leader = await cluster.leader()
  const [deaf] = await cluster.followers()
  assert(deaf)
  cluster.hub.disconnect(deaf.id)
  await say(leader, 'what the deaf one lacks')
  const moved = leader.transfer('g', deaf.id)
  await new Promise((resolve) => setImmediate(resolve))
  await assert.rejects(say(leader, 'during it'), { code: 'TRANSFERRING', retryable: true })
  await assert.rejects(moved, { code: 'TIMEOUT', message: /still leads/, details: { group: 'g', leader: leader.id } })
  await say(leader, 'after it')
  cluster.hub.reconnect(deaf.id)
})

test('a caller with less patience than the handover hears of its own deadline', async (t) => {
  const cluster = await SmallCluster.start(t, { timing: { electionTimeoutMs: 500, heartbeatMs: 50 } })
  const leader = await cluster.leader()
  const [deaf] = await cluster.followers()
  assert(deaf)
  cluster.hub.disconnect(deaf.id)
  await say(leader, 'what the deaf one lacks')
  await assert.rejects(leader.transfer('g', deaf.id, { timeoutMs: 30 }), { code: 'TIMEOUT', message: /no answer in time/ })
})

test('over the wire a transfer is plain JSON; who does not lead passes it on, unless it is for the leader alone', async (t) => {
  const cluster = await SmallCluster.start(t)
  const leader = await cluster.leader()
  const [one, other] = await cluster.followers()
  assert(one && other)
  const guest = cluster.guest()
  const ask = async (subject: string, wish: object) =>
    decodeLeaderHint((await guest.request(subject, utf8(JSON.stringify(wish)), { timeoutMs: 5000 })).data)
  assert.equal((await ask(subjects.group('g', 'transfer'), { group: 'g', to: one.id })).leader, one.id)
  await cluster.leader()
  assert.equal((await ask(subjects.node(other.id, 'transfer'), { group: 'g', to: leader.id })).leader, leader.id)
  await cluster.leader()
  const direct = ask(subjects.node(other.id, 'transfer'), { group: 'g', direct: true })
  await assert.rejects(direct, { code: 'NOT_LEADER', details: { group: 'g', leader: leader.id } })
  await assert.rejects(ask(subjects.node(other.id, 'transfer'), { to: 5 }), { code: 'CODEC_INVALID' })
})

test('a proposal at a follower is passed on to the leader, and its outcome comes back', async (t) => {
  const cluster = await SmallCluster.start(t)
  const leader = await cluster.leader()
  for (const follower of await cluster.followers()) {
    const { body, index } = await say(follower, `by ${follower.id}`)
    assert.equal(text(body), `by ${follower.id}`)
    assert(index <= groupOf(leader).applied)
    assert.equal(recall(leader, `by ${follower.id}`), `by ${follower.id}`)
    await assert.rejects(say(follower, 'refuse'), { code: 'COMMAND_INVALID', message: 'the parrot refuses' })
  }
})

test('a proposal goes one hop: who gets one that was passed on and does not lead names the leader', async (t) => {
  const cluster = await SmallCluster.start(t)
  const leader = await cluster.leader()
  const [follower] = await cluster.followers()
  assert(follower)
  const guest = cluster.guest()
  const propose = async (direct: boolean) => {
    const data = encodeRequest({ group: 'g', body: utf8('x'), timeoutMs: 2000, direct })
    return decodeAnswer((await guest.request(subjects.node(follower.id, 'propose'), data, { timeoutMs: 3000 })).data)
  }
  await assert.rejects(propose(true), { code: 'NOT_LEADER', details: { group: 'g', leader: leader.id } })
  assert.equal(text((await propose(false)).body), 'x')
})

test('a proposal passed on to a leader that is cut off has an unknown outcome, and is not tried again', async (t) => {
  const cluster = await SmallCluster.start(t)
  const leader = await cluster.leader()
  const [follower] = await cluster.followers()
  assert(follower)
  cluster.hub.disconnect(leader.id)
  const outcome = await say(follower, 'lost?', 300).then(
    () => 'done',
    (error) => error.code as string,
  )
  assert.match(outcome, /^(TIMEOUT_UNKNOWN|UNAVAILABLE|NOT_LEADER)$/)
})
