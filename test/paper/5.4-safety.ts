/** Section 5.4, "Safety", sentence by sentence. */

import assert from 'node:assert/strict'
import type { Term } from '../../src/protocol/types.ts'
import type { Chapter } from '../harness/lab.ts'
import { accepted, preVote, preVoteReply, requestVote, requestVoteReply } from '../harness/letters.ts'
import { leading } from '../harness/reign.ts'

/** Safety. */
export const safety: Chapter = {
  'votes go only to logs that are at least as up to date: the table, for votes and pre-votes': (lab) => {
    const table: [index: number, term: Term, granted: boolean][] = [
      [0, 0, false],
      [1, 0, false],
      [2, 0, false],
      [3, 0, false],
      [1, 1, false],
      [2, 1, false],
      [3, 1, false],
      [0, 2, false],
      [1, 2, false],
      [2, 2, true],
      [3, 2, true],
      [0, 3, true],
      [1, 3, true],
      [3, 3, true],
    ]
    for (const [lastIndex, lastTerm, granted] of table) {
      const what = `candidate's log ends at ${lastIndex} in term ${lastTerm}`
      const asked = lab.bench({ log: [2, 2], hard: { term: 3 } })
      assert.deepEqual(
        asked.hear(requestVote({ term: 3, lastIndex, lastTerm })),
        [requestVoteReply({ term: 3, granted, from: 1, to: 2 })],
        what,
      )
      assert.equal(asked.peer.vote, granted ? 2 : null, what)
      const canvassed = lab.bench({ log: [2, 2], hard: { term: 3 } })
      assert.deepEqual(
        canvassed.hear(preVote({ term: 4, lastIndex, lastTerm })),
        [preVoteReply({ term: granted ? 4 : 3, granted, from: 1, to: 2 })],
        what,
      )
      assert.deepEqual([canvassed.peer.vote, canvassed.peer.term], [null, 3], what)
    }
  },

  'a candidate with a shorter log is refused by the majority, and follows again': (lab) => {
    const cluster = lab.cluster(5, { logs: { 2: [1], 3: [1], 4: [1] }, term: 1 })
    cluster.campaign(1)
    assert.deepEqual([cluster.peer(1).role, cluster.peer(1).term], ['follower', 1])
    const bench = lab.bench({ size: 5 })
    bench.peer.fire('electionTimeout')
    for (const from of [2, 3]) bench.hear(preVoteReply({ term: 1, from, granted: true }))
    for (const from of [3, 4, 5]) bench.hear(requestVoteReply({ term: 1, from, granted: false }))
    assert.deepEqual([bench.peer.role, bench.peer.term, bench.peer.vote], ['follower', 1, 1])
  },

  'whoever wins holds all that is committed': (lab) => {
    const cluster = lab.cluster(5)
    cluster.elect(1)
    cluster.isolate(4, 5)
    cluster.propose(1, 'a')
    cluster.settle()
    cluster.heal()
    cluster.crash(1)
    cluster.forget()
    for (const id of [4, 5]) cluster.campaign(id)
    assert.equal(cluster.leader, undefined, 'who lacks the entry cannot win')
    const winner = cluster.elect(2)
    assert.deepEqual(winner.terms, [1, 1, 2])
    assert.deepEqual(cluster.peer(5).terms, [1, 1, 2])
  },

  'an entry of an older term is not committed by counting its copies': (lab) => {
    const bench = leading(lab, [1, 2])
    for (const [index, commit] of [
      [1, 0],
      [2, 0],
      [3, 3],
    ] as const) {
      bench.hear(accepted({ term: 3, index }))
      assert.equal(bench.peer.commit, commit, `a majority holds ${index}`)
    }
  },

  'Figure 8: an entry on a majority can still be overwritten': (lab) => {
    const cluster = figure8(lab)
    cluster.crash(1)
    cluster.restart(5)
    cluster.campaign(5) // learns the term
    cluster.elect(5)
    cluster.restart(1)
    cluster.tick(3)
    for (const peer of cluster.up) assert.deepEqual(peer.terms, [1, 3, 5])
  },

  'Figure 8: with an entry of its own term on a majority, what precedes it is safe for ever': (lab) => {
    const cluster = figure8(lab)
    cluster.network.drop((m) => m.to > 3)
    cluster.tick(2, 1)
    assert.equal(cluster.peer(1).commit, 3)
    assert.deepEqual(cluster.peer(3).terms, [1, 2, 4])
    cluster.crash(1)
    cluster.restart(5)
    cluster.heal()
    cluster.forget()
    cluster.campaign(5)
    assert.notEqual(cluster.leader?.id, 5, 'it lacks what is committed')
    const winner = cluster.elect(2)
    cluster.tick(3)
    assert.deepEqual(winner.terms, [1, 2, 4, winner.term])
  },

  'a leader cut off with a minority commits nothing; the other side goes on, and its log wins': (lab) => {
    const cluster = lab.cluster(5)
    cluster.elect(1)
    cluster.isolate(1, 2)
    cluster.propose(1, 'lost')
    cluster.propose(1, 'lost too')
    cluster.settle()
    assert.equal(cluster.peer(1).commit, 1)
    cluster.forget(3, 4, 5)
    cluster.campaign(3)
    assert.equal(cluster.leader?.id, 3)
    cluster.propose(3, 'kept')
    cluster.settle()
    cluster.heal()
    cluster.tick(3)
    for (const peer of cluster.up) assert.deepEqual([peer.terms, peer.commit], [[1, 2, 2], 3])
    cluster.checkLogs()
  },

  'a new leader that reaches nobody commits nothing of what went before': (lab) => {
    const cluster = lab.cluster(5)
    cluster.elect(1)
    cluster.isolate(1, 2)
    for (const word of ['a', 'b', 'c']) cluster.propose(1, word)
    cluster.settle()
    cluster.heal()
    cluster.network.drop((m) => m.type === 'AppendEntries')
    cluster.elect(2)
    assert.deepEqual([cluster.peer(2).commit, cluster.peer(2).lastIndex], [1, 5])
    cluster.heal()
    cluster.tick(1)
    assert.equal(cluster.peer(2).commit, 5)
  },

  'the commit index never falls': (lab) => {
    const cluster = lab.cluster(3)
    cluster.elect(1)
    cluster.propose(1, 'a')
    cluster.settle()
    cluster.network.drop((m) => m.type === 'AppendEntries')
    cluster.elect(2)
    cluster.tick(1)
    assert.deepEqual(
      cluster.up.map((peer) => peer.commit),
      [2, 2, 2],
    )
  },

  'what is acknowledged outlives the crash of all': (lab) => {
    const cluster = lab.cluster(3)
    cluster.elect(1)
    cluster.propose(1, 'a')
    cluster.settle()
    for (const id of [1, 2, 3]) cluster.crash(id)
    for (const id of [1, 2, 3]) cluster.restart(id)
    cluster.elect(3)
    for (const peer of cluster.up) assert.equal(new TextDecoder().decode(peer.applied[1]?.data), 'a')
  },

  'what was written but not flushed is gone after a crash, and nobody counted it': (lab) => {
    const cluster = lab.cluster(3)
    cluster.elect(1)
    cluster.crash(3)
    cluster.peer(2).slowDisk = true
    cluster.propose(1, 'a')
    cluster.settle()
    assert.deepEqual([cluster.peer(1).commit, cluster.peer(2).lastIndex], [1, 2])
    cluster.crash(2)
    cluster.restart(2)
    assert.equal(cluster.peer(2).lastIndex, 1)
    cluster.tick(2, 1)
    assert.deepEqual([cluster.peer(1).commit, cluster.peer(2).terms], [2, [1, 1]])
  },
}

/** Figure 8 up to (c): peer 1 leads term 4; its entry of term 2 is on 1, 2 and 3, a majority; its first of term 4 on itself alone. */
function figure8(lab: Parameters<Chapter[string]>[0]) {
  const cluster = lab.cluster(5, {
    logs: { 1: [1, 2], 2: [1, 2], 3: [1], 4: [1], 5: [1, 3] },
    term: 3,
  })
  cluster.crash(5)
  cluster.network.drop((m) => m.type === 'AppendEntries')
  cluster.elect(1)
  const { term } = cluster.peer(1)
  assert.deepEqual([term, cluster.peer(1).terms], [4, [1, 2, 4]])
  // the old entry alone reaches peer 3, as if it had been sent before the first of this term
  cluster.peer(3).hear({ ...leaderAppend(term), entries: cluster.peer(1).entries.slice(1, 2) })
  cluster.settle()
  assert.deepEqual([cluster.peer(3).terms, cluster.peer(1).commit], [[1, 2], 0])
  cluster.heal()
  return cluster
}

const leaderAppend = (term: Term) =>
  ({ type: 'AppendEntries', from: 1, to: 3, term, prevIndex: 1, prevTerm: 1, commit: 0, entries: [] }) as const
