/** Section 5.3, "Log replication": the consistency check and what follows from it, sentence by sentence. */

import assert from 'node:assert/strict'
import { InvariantError } from '../../src/base/assert.ts'
import type { Term } from '../../src/protocol/types.ts'
import type { Chapter } from '../harness/lab.ts'
import { accepted, append, heartbeat, heartbeatReply } from '../harness/letters.ts'
import { isAppend, leading } from '../harness/reign.ts'

/** Log Matching, and how it is restored. */
export const consistency: Chapter = {
  'an append is taken only where the entry before it matches: the table': (lab) => {
    type Row = [prev: [number, Term], terms: Term[], commit: number, log: Term[], committed: number, ok: boolean]
    const table: Row[] = [
      [[2, 3], [], 3, [1, 2], 0, false],
      [[3, 3], [], 3, [1, 2], 0, false],
      [[1, 1], [], 1, [1, 2], 1, true],
      [[0, 0], [2], 1, [2], 1, true],
      [[2, 2], [2, 2], 3, [1, 2, 2, 2], 3, true],
      [[2, 2], [2], 4, [1, 2, 2], 3, true],
      [[1, 1], [2], 4, [1, 2], 2, true],
      [[1, 1], [], 3, [1, 2], 1, true],
      [[1, 1], [2], 3, [1, 2], 2, true],
      [[0, 0], [1], 0, [1, 2], 0, true],
      [[0, 0], [3], 0, [3], 0, true],
      [[1, 1], [3, 4], 0, [1, 3, 4], 0, true],
    ]
    for (const [[prevIndex, prevTerm], terms, commit, log, committed, ok] of table) {
      const bench = lab.bench({ log: [1, 2], hard: { term: 4 } })
      const [reply] = bench.hear(append({ term: 4, prevIndex, prevTerm, terms, commit }))
      const what = JSON.stringify({ prevIndex, prevTerm, terms, commit })
      assert.ok(reply?.type === 'AppendEntriesReply' && reply.accepted === ok, what)
      assert.deepEqual([bench.peer.terms, bench.peer.commit], [log, committed], what)
      assert.equal(reply.index, ok ? prevIndex + terms.length : prevIndex, what)
    }
  },

  'an acknowledgement leaves once the entries are on disk': (lab) => {
    const bench = lab.bench()
    bench.peer.slowDisk = true
    assert.deepEqual(bench.hear(append({ term: 1, terms: [1, 1] })), [])
    bench.peer.flush()
    assert.deepEqual(bench.sent, [accepted({ term: 1, from: 1, to: 2, index: 2 })])
    assert.deepEqual([bench.peer.disk.all.length, bench.peer.disk.hardState.term], [2, 1])
    assert.equal(bench.peer.context.log.durableIndex, 2)
  },

  'an old short append removes nothing that follows it': (lab) => {
    const bench = lab.bench()
    bench.hear(append({ term: 1, terms: [1, 1, 1] }))
    bench.hear(append({ term: 1, terms: [1] }))
    bench.hear(append({ term: 1, prevIndex: 1, prevTerm: 1, terms: [] }))
    assert.deepEqual(bench.peer.terms, [1, 1, 1])
  },

  'an append from below the commit index is answered with the commit index': (lab) => {
    const bench = lab.bench({ log: [1, 1, 1], hard: { term: 1, commit: 2 } })
    assert.deepEqual(bench.hear(append({ term: 1, terms: [1] })), [accepted({ term: 1, from: 1, to: 2, index: 2 })])
  },

  'a leader that contradicts what is committed is not believed: the peer stops': (lab) => {
    const bench = lab.bench({ log: [1, 1], hard: { term: 1, commit: 2 } })
    assert.throws(
      () => bench.hear(append({ term: 2, prevIndex: 1, prevTerm: 1, terms: [2] })),
      (error) => error instanceof InvariantError && error.invariant === 'COMMITTED_ENTRY_CHANGED',
    )
  },

  'leader and follower find the place where their logs agree: Figure 7': (lab) => {
    const leader = [1, 1, 1, 4, 4, 5, 5, 6, 6, 6]
    const followers: Record<string, Term[]> = {
      a: [1, 1, 1, 4, 4, 5, 5, 6, 6],
      b: [1, 1, 1, 4],
      c: [1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 6],
      d: [1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 7, 7],
      e: [1, 1, 1, 4, 4, 4, 4],
      f: [1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3],
    }
    for (const [name, log] of Object.entries(followers)) {
      const cluster = lab.cluster(3, { logs: { 1: leader, 2: log, 3: [] }, term: 8 })
      cluster.elect(1)
      cluster.propose(1, 'x')
      cluster.settle()
      assert.deepEqual(cluster.peer(2).entries, cluster.peer(1).entries, name)
      assert.deepEqual(cluster.peer(2).terms, [...leader, 9, 9], name)
    }
    const all = lab.cluster(7, {
      logs: Object.fromEntries([leader, ...Object.values(followers)].map((log, i) => [i + 1, log])),
      term: 8,
    })
    all.elect(1)
    for (const peer of all.up) assert.deepEqual(peer.entries, all.peer(1).entries)
    const rejections = all.network.sent.filter((m) => m.type === 'AppendEntriesReply' && !m.accepted)
    const worst = Math.max(...all.voters.map((id) => rejections.filter((m) => m.from === id).length))
    assert.ok(worst <= 2, `${worst} rejections by one follower`)
  },

  'a conflict costs one round trip per term and not per entry: the table': (lab) => {
    type Row = [leader: Term[], follower: Term[], hint: [number, Term], next: [number, Term]]
    const table: Row[] = [
      [
        [1, 2, 2, 4, 4, 4, 4],
        [1, 2, 2, 3, 3, 3, 3, 3, 3, 3, 3],
        [7, 3],
        [3, 2],
      ],
      [
        [1, 2, 2, 3, 4, 4, 4, 5],
        [1, 2, 2, 3, 3, 3, 3, 3, 3, 3, 3],
        [8, 3],
        [4, 3],
      ],
      [
        [1, 1, 1, 1],
        [1, 2, 2, 4],
        [1, 1],
        [1, 1],
      ],
      [
        [1, 1, 1, 4, 5],
        [1, 1, 1, 4],
        [4, 4],
        [4, 4],
      ],
      [
        [2, 5, 5, 5, 5, 5, 5, 5, 5],
        [2, 4, 4, 4, 4, 4],
        [6, 4],
        [1, 2],
      ],
      [
        [2, 2, 2, 2, 2],
        [2, 4, 4, 4, 4, 4, 4, 4],
        [1, 2],
        [1, 2],
      ],
    ]
    for (const [leader, log, hint, next] of table) {
      const boss = leading(lab, leader, { after: 5 })
      const { term } = boss.peer
      const [probe] = boss.hear(heartbeatReply({ term })).filter(isAppend)
      assert.ok(probe)
      const follower = lab.bench({ id: 2, log, hard: { term } })
      const [reply] = follower.hear(probe)
      assert.ok(reply?.type === 'AppendEntriesReply' && !reply.accepted)
      assert.deepEqual([reply.hintIndex, reply.hintTerm], hint, JSON.stringify({ leader, log }))
      const [again] = boss.hear(reply)
      assert.ok(again && isAppend(again))
      assert.deepEqual([again.prevIndex, again.prevTerm], next, JSON.stringify({ leader, log }))
    }
  },

  'a leader never overwrites or deletes its own entries': (lab) => {
    const cluster = lab.cluster(3, { logs: { 1: [1, 1], 2: [1], 3: [1] } })
    const before = cluster.peer(1).entries
    cluster.elect(1)
    cluster.propose(1, 'x')
    cluster.settle()
    assert.deepEqual(cluster.peer(1).entries.slice(0, 2), before)
  },

  'a second leader of the same term cannot be: the peer stops': (lab) => {
    for (const message of [append({ term: 1 }), heartbeat({ term: 1 })])
      assert.throws(
        () => leading(lab).hear(message),
        (error) => error instanceof InvariantError && error.invariant === 'TWO_LEADERS',
      )
  },
}
