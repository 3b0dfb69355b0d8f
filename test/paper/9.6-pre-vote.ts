/** What the thesis adds to elections: pre-vote (9.6), leases on votes (4.2.3), check quorum (6.2), durable self-votes (10.2.1). */

import assert from 'node:assert/strict'
import type { Chapter } from '../harness/lab.ts'
import {
  append,
  heartbeat,
  heartbeatReply,
  preVote,
  preVoteReply,
  rejected,
  requestVote,
  requestVoteReply,
} from '../harness/letters.ts'
import { ELECTION_TICKS } from '../harness/test-peer.ts'

/** Elections that disturb nobody. */
export const preVoting: Chapter = {
  'a pre-candidate asks for the next term, and keeps its own and its vote': (lab) => {
    const bench = lab.bench({ log: [1, 1], hard: { term: 1, vote: 2 } })
    bench.peer.fire('electionTimeout')
    assert.deepEqual([bench.peer.role, bench.peer.term, bench.peer.vote, bench.peer.leader], ['preCandidate', 1, 2, null])
    assert.deepEqual(bench.sent, [
      preVote({ term: 2, from: 1, to: 2, lastIndex: 2, lastTerm: 1 }),
      preVote({ term: 2, from: 1, to: 3, lastIndex: 2, lastTerm: 1 }),
    ])
  },

  'a pre-vote may be granted to many, costs no vote and moves no term': (lab) => {
    const bench = lab.bench({ hard: { term: 1 } })
    const left = bench.peer.ticksLeft('electionTimeout')
    for (const from of [2, 3, 2])
      assert.deepEqual(bench.hear(preVote({ term: 2, from })), [preVoteReply({ term: 2, granted: true, from: 1, to: from })])
    assert.deepEqual([bench.peer.term, bench.peer.vote, bench.peer.ticksLeft('electionTimeout')], [1, null, left])
  },

  'a refused pre-vote carries the term of who refuses': (lab) => {
    const bench = lab.bench({ log: [1, 2], hard: { term: 2 } })
    assert.deepEqual(bench.hear(preVote({ term: 5, lastIndex: 2, lastTerm: 1 })), [
      preVoteReply({ term: 2, granted: false, from: 1, to: 2 }),
    ])
    assert.equal(bench.peer.term, 2)
  },

  'a pre-vote for a term in which the vote is given is refused': (lab) => {
    const bench = lab.bench({ hard: { term: 2, vote: 3 } })
    assert.deepEqual(bench.hear(preVote({ term: 2 })), [preVoteReply({ term: 2, granted: false, from: 1, to: 2 })])
    assert.deepEqual(bench.hear(preVote({ term: 2, from: 3 })), [preVoteReply({ term: 2, granted: true, from: 1, to: 3 })])
  },

  'a pre-candidate that is refused by a majority goes back to following': (lab) => {
    const bench = lab.bench({ log: [1], hard: { term: 1 } })
    bench.peer.fire('electionTimeout')
    for (const from of [2, 3]) bench.hear(preVoteReply({ term: 1, from, granted: false }))
    assert.deepEqual([bench.peer.role, bench.peer.term], ['follower', 1])
  },

  'a pre-candidate without an answer asks again': (lab) => {
    const bench = lab.bench()
    bench.peer.fire('electionTimeout')
    void bench.sent
    bench.peer.fire('electionTimeout')
    assert.deepEqual(
      bench.sent.map((m) => [m.type, m.term]),
      [
        ['PreVote', 1],
        ['PreVote', 1],
      ],
    )
  },

  'a pre-candidate that hears the leader again follows it': (lab) => {
    for (const message of [append({ term: 1 }), heartbeat({ term: 1 })]) {
      const bench = lab.bench({ hard: { term: 1 } })
      bench.peer.fire('electionTimeout')
      const replies = bench.hear(message)
      assert.deepEqual([bench.peer.role, bench.peer.leader, replies.length], ['follower', 2, 1])
    }
  },

  'a pre-candidate still has its vote to give': (lab) => {
    const free = lab.bench({ hard: { term: 2 } })
    free.peer.fire('electionTimeout')
    assert.deepEqual(free.hear(requestVote({ term: 2 })), [requestVoteReply({ term: 2, granted: true, from: 1, to: 2 })])
    assert.deepEqual([free.peer.role, free.peer.vote], ['follower', 2])
    const given = lab.bench({ hard: { term: 2, vote: 3 } })
    given.peer.fire('electionTimeout')
    assert.deepEqual(given.hear(requestVote({ term: 2 })), [requestVoteReply({ term: 2, granted: false, from: 1, to: 2 })])
    assert.deepEqual([given.peer.role, given.peer.vote], ['preCandidate', 3])
  },

  'a grant counts for the term it foretells, and for no later one': (lab) => {
    const bench = lab.bench({ hard: { term: 4 } })
    bench.peer.fire('electionTimeout')
    bench.hear(preVoteReply({ term: 4, granted: true })) // of a canvass before term 4 began
    assert.deepEqual([bench.peer.role, bench.peer.term], ['preCandidate', 4])
  },

  'a late pre-vote does not count in the election, and a late answer moves no leader': (lab) => {
    const bench = lab.bench({ size: 5 })
    bench.peer.fire('electionTimeout')
    for (const from of [2, 3]) bench.hear(preVoteReply({ term: 1, from, granted: true }))
    for (const from of [4, 5]) bench.hear(preVoteReply({ term: 1, from, granted: true }))
    assert.deepEqual([bench.peer.role, bench.peer.term], ['candidate', 1])
    for (const from of [2, 3]) bench.hear(requestVoteReply({ term: 1, from, granted: true }))
    bench.hear(requestVoteReply({ term: 1, from: 4, granted: false }))
    bench.hear(preVoteReply({ term: 2, from: 5, granted: true }))
    assert.deepEqual([bench.peer.role, bench.peer.term], ['leader', 1])
  },

  'a peer with a smaller term can still complete an election': (lab) => {
    const cluster = lab.cluster(3, { term: 1 })
    cluster.isolate(3)
    cluster.elect(1)
    cluster.campaign(3)
    assert.deepEqual([cluster.peer(3).role, cluster.peer(3).term], ['preCandidate', 1])
    cluster.isolate(1)
    cluster.tick(2 * ELECTION_TICKS, 1)
    cluster.heal()
    cluster.isolate(3)
    cluster.elect(2)
    cluster.heal()
    cluster.isolate(2)
    cluster.forget(1)
    cluster.campaign(3)
    cluster.campaign(1)
    assert.ok(cluster.peer(1).role === 'leader' || cluster.peer(3).role === 'leader')
    assert.equal(cluster.peer(3).term, cluster.peer(1).term)
  },

  'who hears a leader is not disturbed, neither by pre-votes nor by votes': (lab) => {
    const bench = lab.bench({ hard: { term: 1 } })
    bench.hear(heartbeat({ term: 1 }))
    const before = bench.peer.snapshot
    assert.deepEqual(bench.hear(preVote({ term: 2, from: 3, lastIndex: 9, lastTerm: 1 })), [])
    assert.deepEqual(bench.hear(requestVote({ term: 2, from: 3, lastIndex: 9, lastTerm: 1 })), [])
    assert.equal(bench.peer.snapshot, before)
  },

  'after the minimum election timeout of silence it votes again': (lab) => {
    const bench = lab.bench({ hard: { term: 1 } })
    bench.hear(heartbeat({ term: 1 }))
    for (let t = 1; t < ELECTION_TICKS; t++) bench.peer.tick()
    assert.equal(bench.peer.leader, 2)
    bench.peer.fire('voteLease')
    assert.equal(bench.peer.leader, null)
    const [reply] = bench.hear(requestVote({ term: 2, from: 3 }))
    assert.deepEqual(reply, requestVoteReply({ term: 2, granted: true, from: 1, to: 3 }))
  },

  'a disruptive peer unseats nobody': (lab) => {
    const cluster = lab.cluster(3)
    cluster.elect(1)
    cluster.tick(1)
    cluster.campaign(3) // its timer fires before the heartbeat comes
    cluster.tick(1)
    assert.deepEqual([cluster.leader?.id, cluster.leader?.term, cluster.peer(3).role], [1, 1, 'follower'])
  },

  'a candidate stuck at a higher term is freed by the leader it unseats': (lab) => {
    const cluster = lab.cluster(3)
    cluster.elect(1)
    cluster.network.hold((m) => m.to !== 3)
    const stuck = cluster.peer(3)
    for (const term of [2, 3]) {
      stuck.fire('electionTimeout')
      stuck.hear(preVoteReply({ term, granted: true, to: 3 }))
      assert.deepEqual([stuck.role, stuck.term], ['candidate', term])
    }
    cluster.network.release()
    cluster.settle()
    assert.deepEqual([cluster.peer(1).role, stuck.term], ['leader', 3])
    cluster.tick(1, 1)
    assert.deepEqual([cluster.peer(1).role, cluster.peer(1).term], ['follower', 3])
  },

  'a leader that hears no quorum for an election timeout steps down': (lab) => {
    const cluster = lab.cluster(3)
    cluster.elect(1)
    cluster.isolate(1)
    cluster.tick(2 * ELECTION_TICKS, 1)
    assert.deepEqual([cluster.peer(1).role, cluster.peer(1).term, cluster.peer(1).leader], ['follower', 1, null])
  },

  'one follower that answers is enough in a group of three': (lab) => {
    const cluster = lab.cluster(3)
    cluster.elect(1)
    cluster.isolate(3)
    cluster.tick(5 * ELECTION_TICKS, 1)
    assert.equal(cluster.peer(1).role, 'leader')
  },

  'a follower must be heard anew in every round': (lab) => {
    const bench = leaderOf(lab.bench())
    for (let round = 0; round < 3; round++) {
      bench.hear(heartbeatReply({ term: 1, round: 1 }))
      bench.peer.fire('quorumInterval')
      assert.equal(bench.peer.role, 'leader')
      assert.ok(bench.sent.some((m) => m.type === 'Heartbeat'))
    }
    bench.hear(rejected({ term: 1 }))
    bench.peer.fire('quorumInterval')
    assert.equal(bench.peer.role, 'leader', 'any answer counts')
    bench.peer.fire('quorumInterval')
    assert.equal(bench.peer.role, 'follower')
  },

  'behind a one-way link: a leader that cannot hear steps down, a follower that cannot hear raises no term': (lab) => {
    const deaf = lab.cluster(3)
    deaf.elect(1)
    for (const from of [2, 3]) deaf.network.cutOneWay(from, 1)
    deaf.tick(2 * ELECTION_TICKS, 1)
    assert.equal(deaf.peer(1).role, 'follower')
    const cluster = lab.cluster(3)
    cluster.elect(1)
    for (const from of [1, 2]) cluster.network.cutOneWay(from, 3)
    cluster.tick(5 * ELECTION_TICKS)
    assert.deepEqual([cluster.peer(1).role, cluster.peer(1).term, cluster.peer(3).term], ['leader', 1, 1])
  },

  'a vote for oneself counts once it is on disk': (lab) => {
    const bench = lab.bench({ size: 1 })
    bench.peer.slowDisk = true
    bench.peer.fire('electionTimeout')
    assert.deepEqual([bench.peer.role, bench.peer.term], ['candidate', 1])
    bench.peer.flush()
    assert.equal(bench.peer.role, 'leader')
  },

  'a request for votes leaves once term and vote are on disk': (lab) => {
    const bench = lab.bench()
    bench.peer.fire('electionTimeout')
    bench.peer.slowDisk = true
    assert.deepEqual(bench.hear(preVoteReply({ term: 1, granted: true })), [])
    assert.equal(bench.peer.role, 'candidate')
    bench.peer.flush()
    assert.deepEqual(
      bench.sent.map((m) => m.type),
      ['RequestVote', 'RequestVote'],
    )
    assert.deepEqual(bench.peer.disk.hardState, { term: 1, vote: 1, commit: 0 })
  },

  'a late word of the disk about an older vote elects nobody': (lab) => {
    const bench = lab.bench({ size: 1, hard: { term: 4, vote: 1 } })
    bench.peer.slowDisk = true
    bench.peer.fire('electionTimeout')
    bench.peer.tell({ type: 'storage.persisted', term: 4, vote: 1, last: { index: 0, term: 0 } })
    assert.deepEqual([bench.peer.role, bench.peer.term], ['candidate', 5])
    const follower = lab.bench()
    follower.peer.fire('electionTimeout')
    follower.peer.slowDisk = true
    follower.hear(preVoteReply({ term: 1, granted: true }))
    follower.hear(append({ term: 1, from: 3 }))
    follower.peer.flush()
    assert.deepEqual([follower.peer.role, follower.peer.leader], ['follower', 3])
  },
}

/** Makes peer 1 of three the leader of term 1, with its first entry on nobody else. */
function leaderOf<B extends ReturnType<Parameters<Chapter[string]>[0]['bench']>>(bench: B): B {
  bench.peer.fire('electionTimeout')
  bench.hear(preVoteReply({ term: 1, granted: true }))
  bench.hear(requestVoteReply({ term: 1, granted: true }))
  assert.equal(bench.peer.role, 'leader')
  return bench
}
