/** Section 5.1, "Raft basics", sentence by sentence. */

import assert from 'node:assert/strict'
import type { Chapter, Lab } from '../harness/lab.ts'
import {
  append,
  heartbeat,
  preVote,
  preVoteReply,
  rejected,
  requestVote,
  requestVoteReply,
  timeoutNow,
} from '../harness/letters.ts'

/** Peer 1 of three, in each role at term 1. */
function everyRole(lab: Lab) {
  const make = () => lab.bench({ log: [1], hard: { term: 1 } })
  const follower = make()
  const preCandidate = make()
  preCandidate.peer.fire('electionTimeout')
  const candidate = lab.bench()
  candidate.peer.fire('electionTimeout')
  candidate.hear(preVoteReply({ term: 1, granted: true }))
  const leader = lab.bench()
  leader.peer.fire('electionTimeout')
  leader.hear(preVoteReply({ term: 1, granted: true }))
  leader.hear(requestVoteReply({ term: 1, granted: true }))
  const all = [follower, preCandidate, candidate, leader]
  assert.deepEqual(
    all.map(({ peer }) => [peer.role, peer.term, peer.lastIndex]),
    [
      ['follower', 1, 1],
      ['preCandidate', 1, 1],
      ['candidate', 1, 0],
      ['leader', 1, 1],
    ],
  )
  return all
}

/** Raft basics. */
export const terms: Chapter = {
  'a peer starts as a follower, in the term its disk remembers': (lab) => {
    const { peer } = lab.bench({ log: [1, 1, 2], hard: { term: 3, vote: 2, commit: 2 } })
    assert.deepEqual([peer.role, peer.term, peer.vote, peer.commit, peer.leader], ['follower', 3, 2, 2, null])
    assert.deepEqual(peer.delays, ['electionTimeout', 'voteLease'])
  },

  'a new peer is in term 0': (lab) => assert.equal(lab.bench().peer.term, 0),

  'there is at most one leader in a term': (lab) => {
    const cluster = lab.cluster(5)
    for (const id of [1, 2, 3, 4, 5, 1]) cluster.elect(id)
    assert.equal(cluster.leader?.id, 1)
    assert.equal(cluster.up.filter((peer) => peer.role === 'leader').length, 1)
  },

  'a term may end without a leader, and the next one begins': (lab) => {
    const cluster = lab.cluster(3)
    cluster.network.drop((m) => m.type === 'RequestVote')
    cluster.campaign(1)
    assert.deepEqual([cluster.peer(1).role, cluster.peer(1).term], ['candidate', 1])
    cluster.heal()
    cluster.campaign(1)
    assert.deepEqual([cluster.leader?.id, cluster.leader?.term], [1, 2])
  },

  'every letter carries the term of its sender': (lab) => {
    const cluster = lab.cluster(3)
    cluster.elect(1)
    cluster.propose(1, 'a')
    cluster.settle()
    cluster.tick(2)
    const foretold = cluster.network.sent.filter((m) => m.type === 'PreVote' || m.type === 'PreVoteReply')
    assert.ok(foretold.length > 0 && foretold.every((m) => m.term === 1), 'a pre-vote and its grant carry the term to come')
    assert.ok(cluster.network.sent.every((m) => m.term === 1))
  },

  'whoever hears of a newer term adopts it and becomes a follower: of a request for votes': (lab) => {
    for (const bench of everyRole(lab)) {
      bench.peer.delays.includes('voteLease') && bench.peer.fire('voteLease')
      const { lastIndex } = bench.peer
      bench.hear(requestVote({ term: 3, transfer: true }))
      const { role, term, leader } = bench.peer
      assert.deepEqual([role, term, leader, bench.peer.lastIndex], ['follower', 3, null, lastIndex])
    }
  },

  'whoever hears of a newer term adopts it and becomes a follower: of a leader': (lab) => {
    for (const bench of everyRole(lab)) {
      bench.hear(append({ term: 3, prevIndex: 1, prevTerm: 1 }))
      assert.deepEqual([bench.peer.role, bench.peer.term, bench.peer.leader], ['follower', 3, 2])
    }
  },

  'whoever hears of a newer term adopts it and becomes a follower: of a refusal': (lab) => {
    for (const bench of everyRole(lab)) {
      bench.hear(requestVoteReply({ term: 3, granted: false }))
      assert.deepEqual([bench.peer.role, bench.peer.term, bench.peer.leader], ['follower', 3, null])
    }
  },

  'a vote belongs to its term: a newer term starts without one': (lab) => {
    const { peer, hear } = bound(lab.bench({ hard: { term: 1, vote: 3 } }))
    hear(requestVoteReply({ term: 2, granted: false }))
    assert.deepEqual([peer.term, peer.vote], [2, null])
  },

  'a request of an older term is refused with the newer one': (lab) => {
    for (const bench of everyRole(lab)) {
      const stale = [
        preVote({ term: 0 }),
        requestVote({ term: 0 }),
        append({ term: 0 }),
        heartbeat({ term: 0 }),
        timeoutNow({ term: 0 }),
      ]
      const before = bench.peer.snapshot
      for (const message of stale) {
        const [reply, ...more] = bench.hear(message)
        assert.ok(reply && more.length === 0, `${bench.peer.role} does not answer ${message.type}`)
        const refuses = 'granted' in reply ? !reply.granted : 'accepted' in reply && !reply.accepted
        assert.ok(refuses && reply.term === 1 && reply.to === 2, JSON.stringify(reply))
      }
      assert.equal(bench.peer.snapshot, before, 'and changes nothing')
    }
  },

  'a reply of an older term is not heard': (lab) => {
    for (const bench of everyRole(lab)) {
      const before = bench.peer.snapshot
      for (const reply of [
        rejected({ term: 0 }),
        requestVoteReply({ term: 0, granted: true }),
        preVoteReply({ term: 0, granted: true }),
      ])
        assert.deepEqual(bench.hear(reply), [])
      assert.equal(bench.peer.snapshot, before)
    }
  },

  'a leader that finds its term out of date steps down, freeing a candidate of a later term': (lab) => {
    const cluster = lab.cluster(3)
    cluster.elect(1)
    cluster.isolate(1)
    cluster.forget()
    cluster.network.drop((m) => m.from === 2 && m.to === 3 && m.type === 'RequestVote') // 2 is stuck at a higher term
    cluster.campaign(2)
    cluster.heal()
    assert.deepEqual([cluster.peer(2).role, cluster.peer(2).term], ['candidate', 2])
    cluster.fire(1, 'heartbeatInterval')
    cluster.settle()
    assert.deepEqual([cluster.peer(1).role, cluster.peer(1).term], ['follower', 2])
    cluster.campaign(2)
    assert.equal(cluster.leader?.id, 2)
  },

  'term, vote and log outlive a crash': (lab) => {
    const cluster = lab.cluster(3)
    cluster.elect(1)
    cluster.propose(1, 'a')
    cluster.settle()
    const { term, vote, entries } = cluster.peer(2)
    cluster.crash(2)
    const again = cluster.restart(2)
    assert.deepEqual([again.term, again.vote, again.entries], [term, vote, entries])
    assert.deepEqual([term, vote, entries.length], [1, 1, 2])
  },

  'a peer that restarts applies what it knows to be committed, sends nothing and writes nothing': (lab) => {
    const bench = lab.bench({ log: [1, 1], hard: { term: 1, commit: 1 } })
    const { hardState } = bench.peer.disk
    assert.deepEqual([bench.peer.applied.map((entry) => entry.index), bench.sent, bench.peer.commit], [[1], [], 1])
    assert.equal(bench.peer.disk.hardState, hardState)
  },
}

const bound = (bench: ReturnType<Lab['bench']>) => ({ peer: bench.peer, hear: bench.hear.bind(bench) })
