/** The pure rules one by one: triage, votes, what waits for the disk, and the invariants that watch over them. */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { InvariantError } from '../../../src/base/assert.ts'
import { contextOf } from '../../../src/peer/step.ts'
import { appendEntries, logMatches } from '../../../src/protocol/append.ts'
import { checkState, checkStep } from '../../../src/protocol/invariants.ts'
import { Log } from '../../../src/protocol/log.ts'
import { asksForVote, comesFromLeader, foretells, isReply, type Message, waitsForDisk } from '../../../src/protocol/messages.ts'
import { hardStateOf, othersOf, otherVotersOf, type RaftState } from '../../../src/protocol/state.ts'
import { triage } from '../../../src/protocol/terms.ts'
import { votersOnly } from '../../../src/protocol/types.ts'
import { mayCampaign } from '../../../src/protocol/vote.ts'
import { Disk } from '../../harness/disk.ts'
import * as letters from '../../harness/letters.ts'

const at = (change: Partial<RaftState> = {}): RaftState => ({
  ...contextOf(Disk.holding([1, 2]).recall(1, [1, 2, 3])),
  ...change,
})

const ALL = (term: number): readonly Message[] => [
  letters.append({ term }),
  letters.accepted({ term, index: 1 }),
  letters.heartbeat({ term }),
  letters.heartbeatReply({ term }),
  letters.preVote({ term }),
  letters.preVoteReply({ term, granted: true }),
  letters.requestVote({ term }),
  letters.requestVoteReply({ term, granted: true }),
  letters.timeoutNow({ term }),
]

const types = (messages: readonly Message[]): string[] => messages.map((m) => m.type)

describe('messages', () => {
  test('are sorted by what they are', () => {
    const all = ALL(1)
    assert.deepEqual(types(all.filter(asksForVote)), ['PreVote', 'RequestVote'])
    assert.deepEqual(types(all.filter(isReply)), ['AppendEntriesReply', 'HeartbeatReply', 'PreVoteReply', 'RequestVoteReply'])
    assert.deepEqual(types(all.filter(comesFromLeader)), ['AppendEntries', 'Heartbeat', 'TimeoutNow'])
    assert.deepEqual(types(all.filter(foretells)), ['PreVote', 'PreVoteReply'])
    assert.ok(!foretells(letters.preVoteReply({ term: 1, granted: false })), 'a refusal carries a term that is')
  })

  test('wait for the disk unless only a leader sends them', () => {
    const free = ALL(1).filter((m) => !waitsForDisk(m))
    assert.deepEqual(types(free), ['AppendEntries', 'Heartbeat', 'TimeoutNow'])
  })
})

describe('triage', () => {
  test('hands over what is of our term', () => {
    for (const message of ALL(2)) assert.deepEqual(triage(at(), message), [message])
  })

  test('answers older requests, and drops older replies', () => {
    for (const message of ALL(1))
      assert.deepEqual(triage(at(), message), isReply(message) ? [] : [{ type: 'term.stale', message }])
  })

  test('puts a newer term first, with its leader if the message tells', () => {
    for (const message of ALL(5)) {
      const leader = comesFromLeader(message) ? 2 : null
      const expected = foretells(message) ? [message] : [{ type: 'term.higher', term: 5, leader }, message]
      assert.deepEqual(triage(at(), message), expected, message.type)
    }
  })

  test('lets nobody be disturbed who hears a leader, unless that leader asks', () => {
    const hearing = at({ leader: 3 })
    assert.deepEqual(triage(hearing, letters.preVote({ term: 5 })), [])
    assert.deepEqual(triage(hearing, letters.requestVote({ term: 5 })), [])
    assert.equal(triage(hearing, letters.requestVote({ term: 5, transfer: true })).length, 2)
    assert.equal(triage(hearing, letters.requestVote({ term: 2 })).length, 1, 'in our own term it is answered')
  })
})

describe('an append from before what was cut off', () => {
  const reader = { entries: () => [] }
  const log = Log.from({ truncated: { index: 5, term: 2 }, lastIndex: 7, runs: [{ from: 6, term: 2 }], reader })
  const s = at({ log, commit: 6, applied: 6, conf: votersOnly([1, 2, 3]) })
  const late = letters.append({ term: 2, prevIndex: 3, prevTerm: 1, terms: [2, 2, 2, 2, 2], commit: 8 })

  test('is known to match, for what is committed is the same everywhere', () => {
    assert.ok(logMatches(s, late))
    assert.ok(!logMatches(s, { ...late, prevIndex: 8, prevTerm: 2 }))
  })

  test('adds only what is new', () => {
    const { log: grown, commit } = appendEntries(s, late)
    assert.deepEqual([grown?.lastIndex, grown?.firstIndex, commit], [8, 6, 8])
  })
})

describe('a state', () => {
  test('knows its others, its voters and what must be on disk', () => {
    const conf = { ...at().conf, votersOutgoing: [2, 4], learners: [5] }
    assert.deepEqual(
      [othersOf(at({ conf })), otherVotersOf(at({ conf }))],
      [
        [2, 3, 4, 5],
        [2, 3, 4],
      ],
    )
    assert.deepEqual(hardStateOf(at({ vote: 3, commit: 1 })), { term: 2, vote: 3, commit: 1 })
    assert.ok(mayCampaign(at()) && !mayCampaign(at({ id: 9 })))
  })
})

const breaks = (name: string) => (error: unknown) => error instanceof InvariantError && error.invariant === name

describe('invariants', () => {
  test('of a state', () => {
    const log = at().log
    checkState(at({ commit: 2, applied: 1 }), 'follower')
    checkState(at({ vote: 1, leader: 1 }), 'leader')
    const broken: [string, Partial<RaftState>, 'follower' | 'leader'][] = [
      ['APPLIED_BEYOND_COMMIT', { commit: 1, applied: 2 }, 'follower'],
      ['COMMIT_BEYOND_LOG', { commit: 3 }, 'follower'],
      ['LOG_AHEAD_OF_TERM', { term: 1 }, 'follower'],
      ['LEADER_WITHOUT_OWN_VOTE', { vote: 2, leader: 1 }, 'leader'],
      ['LEADER_WITHOUT_ITSELF', { vote: 1, leader: null }, 'leader'],
      ['TRUNCATED_BEYOND_APPLIED', { log: Object.create(log, { truncated: { value: { index: 1, term: 1 } } }) }, 'follower'],
      [
        'DURABLE_BEYOND_LOG',
        {
          log: Object.create(log, {
            durableIndex: { value: 9 },
            truncated: { value: log.truncated },
            lastIndex: { value: 2 },
            runs: { value: log.runs },
          }),
        },
        'follower',
      ],
    ]
    for (const [name, change, role] of broken) assert.throws(() => checkState(at(change), role), breaks(name), name)
  })

  test('of a step', () => {
    const a = at({ term: 3, vote: 2, leader: 2, commit: 1, applied: 1 })
    checkStep(a, a)
    checkStep(a, { ...a, term: 4, vote: 3, leader: 3 })
    checkStep(a, { ...a, leader: null })
    const broken: [string, Partial<RaftState>][] = [
      ['TERM_FELL', { term: 2 }],
      ['COMMIT_FELL', { commit: 0 }],
      ['APPLIED_FELL', { applied: 0 }],
      ['VOTED_TWICE', { vote: 3 }],
      ['VOTED_TWICE', { vote: null }],
      ['TWO_LEADERS', { leader: 3 }],
    ]
    for (const [name, change] of broken) assert.throws(() => checkStep(a, { ...a, ...change }), breaks(name), name)
  })
})
