/** Section 5.2, "Leader election", sentence by sentence. */

import assert from 'node:assert/strict'
import type { Message } from '../../src/protocol/messages.ts'
import type { Chapter } from '../harness/lab.ts'
import { append, heartbeat, preVoteReply, requestVote, requestVoteReply } from '../harness/letters.ts'
import { ELECTION_TICKS } from '../harness/test-peer.ts'

const count = (messages: readonly Message[], type: Message['type']): number => messages.filter((m) => m.type === type).length

/** Leader election. */
export const election: Chapter = {
  'a peer stays a follower as long as it hears a leader': (lab) => {
    const bench = lab.bench()
    for (let i = 0; i < 50; i++) {
      bench.hear(heartbeat({ term: 1 }))
      for (let t = 1; t < ELECTION_TICKS; t++) bench.peer.tick()
      assert.deepEqual([bench.peer.role, bench.peer.leader], ['follower', 2])
      bench.hear(append({ term: 1 }))
      for (let t = 1; t < ELECTION_TICKS; t++) bench.peer.tick()
      assert.deepEqual([bench.peer.role, bench.peer.leader], ['follower', 2])
    }
  },

  'even an append that does not match is a word of the leader': (lab) => {
    const bench = lab.bench({ hard: { term: 1 } })
    for (let i = 0; i < 5; i++) {
      bench.hear(append({ term: 1, prevIndex: 5, prevTerm: 1 }))
      for (let t = 1; t < ELECTION_TICKS; t++) bench.peer.tick()
    }
    assert.deepEqual([bench.peer.role, bench.peer.leader], ['follower', 2])
  },

  'a leader sends heartbeats to all others, every interval': (lab) => {
    const cluster = lab.cluster(5)
    cluster.elect(1)
    const before = count(cluster.network.sent, 'Heartbeat')
    cluster.tick(3, 1)
    assert.equal(count(cluster.network.sent, 'Heartbeat') - before, 12)
    assert.ok(cluster.network.sent.every((m) => m.type !== 'Heartbeat' || (m.from === 1 && !('entries' in m))))
  },

  'a heartbeat is answered': (lab) => {
    const [reply] = lab.bench().hear(heartbeat({ term: 1, round: 7 }))
    assert.deepEqual(reply, { type: 'HeartbeatReply', from: 1, to: 2, term: 1, round: 7 })
  },

  'a follower that hears nobody for an election timeout begins an election': (lab) => {
    const cluster = lab.cluster(3)
    cluster.tick(2 * ELECTION_TICKS)
    assert.ok(cluster.leader)
    assert.equal(cluster.leader.term, 1)
  },

  'a candidate raises its term, votes for itself and asks all others': (lab) => {
    const bench = lab.bench({ size: 5, log: [1, 2], hard: { term: 2 } })
    bench.peer.fire('electionTimeout')
    bench.hear(preVoteReply({ term: 3, granted: true }))
    const asked = bench.hear(preVoteReply({ term: 3, granted: true, from: 3 }))
    assert.deepEqual([bench.peer.role, bench.peer.term, bench.peer.vote], ['candidate', 3, 1])
    const ask = { type: 'RequestVote', from: 1, term: 3, lastIndex: 2, lastTerm: 2, commit: 0, commitTerm: 0, transfer: false }
    assert.deepEqual(
      asked,
      [2, 3, 4, 5].map((to) => ({ ...ask, to })),
    )
  },

  'it stays a candidate until it wins, another leads, or time passes': (lab) => {
    const outcomes: [size: number, granted: number, refused: number, role: string][] = [
      [1, 0, 0, 'leader'],
      [3, 1, 0, 'leader'],
      [3, 0, 1, 'candidate'],
      [3, 0, 2, 'follower'],
      [5, 2, 0, 'leader'],
      [5, 2, 2, 'leader'],
      [5, 1, 0, 'candidate'],
      [5, 0, 2, 'candidate'],
      [5, 1, 3, 'follower'],
    ]
    for (const [size, granted, refused, role] of outcomes) {
      const bench = lab.bench({ size })
      bench.peer.fire('electionTimeout')
      for (let from = 2; from <= size; from++) bench.hear(preVoteReply({ term: 1, from, granted: true }))
      for (let i = 0; i < granted + refused; i++) bench.hear(requestVoteReply({ term: 1, from: 2 + i, granted: i < granted }))
      assert.deepEqual([bench.peer.role, bench.peer.term], [role, 1], `${granted} of ${size} granted, ${refused} refused`)
    }
  },

  'one voter has one voice, however often it is heard': (lab) => {
    const bench = lab.bench({ size: 5 })
    bench.peer.fire('electionTimeout')
    for (const from of [2, 3]) bench.hear(preVoteReply({ term: 1, from, granted: true }))
    for (let i = 0; i < 4; i++) bench.hear(requestVoteReply({ term: 1, granted: true }))
    assert.equal(bench.peer.role, 'candidate')
    bench.hear(requestVoteReply({ term: 1, granted: true, from: 3 }))
    assert.equal(bench.peer.role, 'leader')
  },

  'the first answer of a voter is the one that counts': (lab) => {
    const bench = lab.bench({ size: 5 })
    bench.peer.fire('electionTimeout')
    for (const from of [2, 3]) bench.hear(preVoteReply({ term: 1, from, granted: true }))
    for (const granted of [false, true]) bench.hear(requestVoteReply({ term: 1, granted }))
    bench.hear(requestVoteReply({ term: 1, granted: true, from: 3 }))
    assert.equal(bench.peer.role, 'candidate')
  },

  'only voters of the group are counted': (lab) => {
    const bench = lab.bench({ size: 3 })
    bench.peer.fire('electionTimeout')
    bench.hear(preVoteReply({ term: 1, granted: true }))
    for (const from of [7, 8, 9]) bench.hear(requestVoteReply({ term: 1, granted: true, from }))
    assert.equal(bench.peer.role, 'candidate')
  },

  'a majority of the whole group must be reachable: outcomes by who is down': (lab) => {
    const outcomes: [size: number, down: number, role: string][] = [
      [3, 0, 'leader'],
      [3, 1, 'leader'],
      [3, 2, 'preCandidate'],
      [4, 2, 'preCandidate'],
      [5, 2, 'leader'],
      [5, 3, 'preCandidate'],
    ]
    for (const [size, down, role] of outcomes) {
      const cluster = lab.cluster(size)
      for (let i = 0; i < down; i++) cluster.crash(size - i)
      cluster.campaign(1)
      assert.deepEqual([cluster.peer(1).role, cluster.peer(1).term], [role, role === 'leader' ? 1 : 0], `${down} of ${size} down`)
    }
  },

  'a vote is given once per term, first come, first served; and again to the same': (lab) => {
    for (const [vote, from, granted] of [
      [null, 2, true],
      [null, 3, true],
      [2, 2, true],
      [3, 3, true],
      [2, 3, false],
      [3, 2, false],
    ] as const) {
      const bench = lab.bench({ hard: { term: 1, vote } })
      const [reply] = bench.hear(requestVote({ term: 1, from }))
      assert.deepEqual(reply, requestVoteReply({ term: 1, from: 1, to: from, granted }))
      assert.equal(bench.peer.vote, granted ? from : vote)
    }
  },

  'a follower that gave its vote waits a whole election timeout': (lab) => {
    const bench = lab.bench({ hard: { term: 1 } })
    for (let t = 1; t < ELECTION_TICKS; t++) bench.peer.tick()
    bench.hear(requestVote({ term: 1 }))
    assert.ok((bench.peer.ticksLeft('electionTimeout') ?? 0) >= ELECTION_TICKS)
  },

  'who refused its vote does not wait longer': (lab) => {
    const bench = lab.bench({ log: [1], hard: { term: 1 } })
    bench.peer.tick()
    const left = bench.peer.ticksLeft('electionTimeout')
    bench.hear(requestVote({ term: 1 }))
    assert.deepEqual([bench.peer.vote, bench.peer.ticksLeft('electionTimeout')], [null, left])
  },

  'a candidate and a leader voted for themselves': (lab) => {
    const cluster = lab.cluster(3)
    cluster.network.drop((m) => m.type === 'RequestVoteReply')
    cluster.campaign(1)
    const candidate = cluster.peer(1)
    candidate.hear(requestVote({ term: 1 }))
    assert.deepEqual(
      [candidate.role, cluster.network.sent.at(-1)],
      ['candidate', requestVoteReply({ term: 1, granted: false, from: 1, to: 2 })],
    )
    cluster.heal()
    const leader = cluster.elect(1)
    leader.hear(requestVote({ term: leader.term }))
    assert.deepEqual([leader.role, leader.vote], ['leader', 1])
    assert.deepEqual(cluster.network.sent.at(-1), requestVoteReply({ term: leader.term, granted: false, from: 1, to: 2 }))
  },

  'a new leader tells everybody at once': (lab) => {
    const bench = lab.bench({ size: 3 })
    bench.peer.fire('electionTimeout')
    bench.hear(preVoteReply({ term: 1, granted: true }))
    const said = bench.hear(requestVoteReply({ term: 1, granted: true }))
    assert.deepEqual(
      said.map((m) => [m.type, m.to]),
      [
        ['AppendEntries', 2],
        ['AppendEntries', 3],
      ],
    )
  },

  'a candidate that hears a leader of its own term follows it': (lab) => {
    for (const message of [append({ term: 1, from: 3 }), heartbeat({ term: 1, from: 3 })]) {
      const bench = lab.bench()
      bench.peer.fire('electionTimeout')
      bench.hear(preVoteReply({ term: 1, granted: true }))
      assert.equal(bench.peer.role, 'candidate')
      const [reply] = bench.hear(message)
      assert.deepEqual([bench.peer.role, bench.peer.term, bench.peer.leader, reply?.to], ['follower', 1, 3, 3])
    }
  },

  'a candidate that hears a leader of an older term refuses it and goes on': (lab) => {
    const bench = lab.bench({ hard: { term: 1 } })
    bench.peer.fire('electionTimeout')
    bench.hear(preVoteReply({ term: 2, granted: true }))
    const [reply] = bench.hear(append({ term: 1, from: 3 }))
    assert.deepEqual([bench.peer.role, reply?.term], ['candidate', 2])
  },

  'a split vote ends with a timeout, and the next election decides': (lab) => {
    const cluster = lab.cluster(3)
    cluster.elect(1)
    cluster.isolate(1)
    cluster.forget()
    cluster.fire(2, 'electionTimeout')
    cluster.fire(3, 'electionTimeout')
    cluster.settle()
    assert.deepEqual(
      [cluster.peer(2).role, cluster.peer(3).role, cluster.peer(2).term, cluster.peer(3).term],
      ['candidate', 'candidate', 2, 2],
    )
    cluster.campaign(2)
    assert.deepEqual([cluster.peer(2).role, cluster.peer(2).term, cluster.peer(3).role], ['leader', 3, 'follower'])
  },

  'a candidate without an answer tries again after its timeout': (lab) => {
    const bench = lab.bench()
    bench.peer.fire('electionTimeout')
    bench.hear(preVoteReply({ term: 1, granted: true }))
    assert.equal(bench.peer.role, 'candidate')
    void bench.sent
    bench.peer.fire('electionTimeout')
    assert.deepEqual([bench.peer.role, bench.peer.term], ['preCandidate', 1])
    assert.equal(count(bench.sent, 'PreVote'), 2)
    bench.hear(preVoteReply({ term: 2, granted: true }))
    assert.deepEqual([bench.peer.role, bench.peer.term], ['candidate', 2])
  },

  'timeouts are drawn anew for every election, so that split votes are rare': (lab) => {
    const drawn = new Set<number>()
    const bench = lab.bench({ hard: { term: 1 } })
    for (let i = 0; i < 300; i++) {
      bench.hear(heartbeat({ term: 1 }))
      drawn.add(bench.peer.ticksLeft('electionTimeout') ?? 0)
    }
    assert.deepEqual(
      [...drawn].sort((a, b) => a - b),
      Array.from({ length: ELECTION_TICKS }, (_, i) => ELECTION_TICKS + i),
    )
  },

  'every peer can become leader in turn': (lab) => {
    const cluster = lab.cluster(3)
    for (const id of [1, 2, 3, 1, 2, 3]) {
      cluster.elect(id)
      assert.deepEqual(
        cluster.up.map((peer) => peer.leader),
        [id, id, id],
      )
    }
  },

  'of duelling candidates the one with the shorter log loses, and then serves': (lab) => {
    const cluster = lab.cluster(3)
    cluster.network.cut(1, 3)
    cluster.campaign(1)
    cluster.campaign(3)
    assert.deepEqual([cluster.peer(1).role, cluster.peer(3).role, cluster.peer(3).term], ['leader', 'follower', 1])
    cluster.heal()
    cluster.campaign(3)
    cluster.tick(1)
    assert.deepEqual([cluster.leader?.id, cluster.leader?.term, cluster.peer(3).role], [1, 1, 'follower'])
    assert.deepEqual(cluster.peer(3).terms, [1])
  },
}
