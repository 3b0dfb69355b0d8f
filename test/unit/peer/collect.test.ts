/** Ready is a difference: what changed and what was said, nothing else, and nothing forgotten. */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { collect, roleOf, softStateOf } from '../../../src/peer/collect.ts'
import type { RoleSnapshot } from '../../../src/peer/role-words.ts'
import { startPeer, stepEvent, stepMessage } from '../../../src/peer/step.ts'
import type { Output } from '../../../src/protocol/ready.ts'
import { Disk } from '../../harness/disk.ts'
import { append, heartbeat, preVoteReply, requestVote, requestVoteReply } from '../../harness/letters.ts'

const begin = (terms: readonly number[] = []): RoleSnapshot => startPeer(Disk.holding(terms).recall(1, [1, 2, 3]))[0]

const after = (before: RoleSnapshot, ...messages: Parameters<typeof stepMessage>[1][]) => {
  let now = before
  const said: Output[] = []
  for (const message of messages) {
    const [next, outputs] = stepMessage(now, message)
    now = next
    said.push(...outputs)
  }
  return collect(before, now, said)
}

describe('a ready', () => {
  test('is empty when nothing happened', () => {
    const peer = begin([1])
    const ready = collect(peer, peer, [])
    assert.deepEqual([ready.hardState, ready.entries, ready.mustSync, ready.softState], [null, [], false, null])
    assert.deepEqual([ready.committed, ready.messages, ready.timers], [{ lo: 1, hi: 1 }, [], []])
  })

  test('saves a vote, with a flush', () => {
    const ready = after(begin(), requestVote({ term: 3 }))
    assert.deepEqual([ready.hardState, ready.mustSync], [{ term: 3, vote: 2, commit: 0 }, true])
    assert.equal(ready.messages[0]?.type, 'RequestVoteReply')
  })

  test('saves entries, and hands on what is committed', () => {
    const ready = after(begin(), append({ term: 1, terms: [1, 1, 1], commit: 2 }))
    assert.deepEqual([ready.entries.length, ready.mustSync, ready.committed], [3, true, { lo: 1, hi: 3 }])
    assert.deepEqual(ready.softState, { leader: 2, role: 'follower' })
  })

  test('saves a commit index alone without a flush', () => {
    const [peer] = stepMessage(begin(), append({ term: 1, terms: [1] }))
    const ready = after(peer, heartbeat({ term: 1, commit: 1 }))
    assert.deepEqual([ready.hardState, ready.mustSync], [{ term: 1, vote: null, commit: 1 }, false])
  })

  test('is the same for many steps at once as for their sum', () => {
    const ready = after(
      begin([1, 1]),
      append({ term: 2, prevIndex: 1, prevTerm: 1, terms: [2, 2] }),
      append({ term: 3, prevIndex: 1, prevTerm: 1, terms: [3] }),
    )
    assert.deepEqual(
      ready.entries.map(({ index, term }) => [index, term]),
      [[2, 3]],
    )
    assert.equal(ready.messages.length, 2)
  })

  test('sorts what was said', () => {
    const [candidate, said] = stepEvent(begin(), { type: 'xstate.after.electionTimeout.role.following.follower' })
    const ready = collect(begin(), candidate, said)
    assert.deepEqual(
      ready.messages.map((m) => m.type),
      ['PreVote', 'PreVote'],
    )
    assert.deepEqual(
      ready.timers.map((timer) => timer.type),
      ['disarm', 'disarm', 'arm'],
    )
    const [, refusal] = stepEvent(candidate, { type: 'client.read', tickets: [4] })
    assert.deepEqual(collect(candidate, candidate, refusal).refused, [{ type: 'refused', tickets: [4], code: 'NOT_LEADER' }])
  })
})

test('roles are named as in the paper', () => {
  const follower = begin()
  const [preCandidate] = stepEvent(follower, { type: 'xstate.after.electionTimeout.role.following.follower' })
  const [candidate] = stepMessage(preCandidate, preVoteReply({ term: 1, granted: true }))
  const [leader] = stepEvent(stepMessage(candidate, requestVoteReply({ term: 1, granted: true }))[0], {
    type: 'storage.persisted',
    term: 1,
    vote: 1,
    last: { index: 0, term: 0 },
  })
  assert.deepEqual([follower, preCandidate, candidate, leader].map(roleOf), ['follower', 'preCandidate', 'candidate', 'leader'])
  assert.deepEqual(softStateOf(leader), { leader: 1, role: 'leader' })
})
