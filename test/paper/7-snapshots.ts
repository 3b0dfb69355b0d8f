/** Section 7: the state in place of the log, where the log has been cut off. */

import assert from 'node:assert/strict'
import { votersOnly } from '../../src/protocol/types.ts'
import type { Bench, Chapter, Lab } from '../harness/lab.ts'
import { accepted, append, heartbeat, heartbeatReply, installSnapshot, preVoteReply, snapshotAt } from '../harness/letters.ts'
import { acknowledge, isAppend, leading, progressOf, propose } from '../harness/reign.ts'

/** A leader whose log begins behind index 3; peer 3 has nothing of it. */
function compacted(lab: Lab): Bench {
  const bench = leading(lab)
  propose(bench, 'a')
  propose(bench, 'b')
  acknowledge(bench, 2)
  bench.peer.tell({ type: 'snapshot.created', snapshot: snapshotAt(3, 1) })
  bench.peer.tell({ type: 'log.compacted', index: 3 })
  void bench.sent
  return bench
}

const snapshotsIn = (messages: readonly { readonly type: string; readonly to: number }[]) =>
  messages.filter((m) => m.type === 'InstallSnapshot').map((m) => m.to)

/** The leader sends it. */
export const sending: Chapter = {
  'what is applied and on disk can be cut off, nothing beyond': (lab) => {
    const bench = compacted(lab)
    assert.equal(bench.peer.context.log.firstIndex, 4)
    propose(bench, 'c')
    bench.peer.tell({ type: 'log.compacted', index: 4 })
    assert.equal(bench.peer.context.log.firstIndex, 4)
  },

  'a follower that lacks what is cut off gets the newest snapshot, and no entries meanwhile': (lab) => {
    const bench = compacted(lab)
    assert.deepEqual(snapshotsIn(bench.hear(heartbeatReply({ term: 1, from: 3 }))), [3])
    assert.deepEqual(
      propose(bench, 'c').filter((m) => m.to === 3),
      [],
    )
  },

  'it goes on with the log where the snapshot ends': (lab) => {
    const bench = compacted(lab)
    bench.hear(heartbeatReply({ term: 1, from: 3 }))
    propose(bench, 'c')
    const said = bench.hear(accepted({ term: 1, from: 3, index: 3 }))
    assert.deepEqual(
      said.filter(isAppend).map((m) => [m.to, m.prevIndex, m.entries.length]),
      [[3, 3, 1]],
    )
  },

  'when sending it failed, what the follower needs is found out anew': (lab) => {
    for (const outcome of ['failed', 'finished'] as const) {
      const bench = compacted(lab)
      bench.hear(heartbeatReply({ term: 1, from: 3 }))
      bench.peer.tell({ type: 'snapshot.reported', peer: 3, outcome })
      assert.deepEqual(progressOf(bench, 3), { state: 'probe', match: 0, next: outcome === 'failed' ? 1 : 4 })
    }
  },

  'a leader that is sent one by another leader of its term stops': (lab) => {
    const bench = leading(lab)
    assert.throws(() => bench.hear(installSnapshot({ term: 1, snapshot: snapshotAt(5, 1) })), /TWO_LEADERS/)
  },
}

/** A follower takes it. */
export const receiving: Chapter = {
  'a newer state is staged, and answered once it is in place': (lab) => {
    const bench = lab.bench({ log: [1], hard: { term: 2 } })
    const snapshot = snapshotAt(5, 2, { conf: votersOnly([1, 2, 3, 4]) })
    assert.deepEqual(bench.hear(installSnapshot({ term: 2, snapshot })), [])
    assert.deepEqual([bench.peer.context.staged, bench.peer.leader, bench.peer.commit], [snapshot, 2, 0])
    bench.peer.install()
    assert.deepEqual(bench.sent, [accepted({ term: 2, from: 1, to: 2, index: 5 })])
    const { staged, commit, conf, applied, log } = bench.peer.context
    assert.deepEqual([staged, commit, applied, conf, log.firstIndex], [null, 5, 5, snapshot.conf, 6])
    bench.hear(append({ term: 2, prevIndex: 5, prevTerm: 2, terms: [2] }))
    assert.equal(bench.peer.lastIndex, 6)
  },

  'until then it takes no entries and begins no election': (lab) => {
    const bench = lab.bench()
    bench.hear(installSnapshot({ term: 1, snapshot: snapshotAt(5, 1) }))
    const [reply] = bench.hear(append({ term: 1, terms: [1] }))
    assert.ok(reply?.type === 'AppendEntriesReply' && !reply.accepted)
    bench.peer.fire('electionTimeout')
    assert.equal(bench.peer.role, 'follower')
  },

  'what it has already it does not install, but knows that it is committed': (lab) => {
    const bench = lab.bench({ log: [1, 1, 1], hard: { term: 1 } })
    const said = bench.hear(installSnapshot({ term: 1, snapshot: snapshotAt(2, 1) }))
    assert.deepEqual(said, [accepted({ term: 1, from: 1, to: 2, index: 2 })])
    assert.deepEqual([bench.peer.context.staged, bench.peer.commit, bench.peer.leader, bench.peer.lastIndex], [null, 2, 2, 3])
  },

  'a word about another snapshot than the staged one changes nothing': (lab) => {
    const bench = lab.bench()
    const snapshot = snapshotAt(5, 1)
    bench.hear(installSnapshot({ term: 1, snapshot }))
    for (const type of ['snapshot.installed', 'snapshot.abandoned'] as const) bench.peer.tell({ type, index: 4 })
    assert.deepEqual([bench.peer.context.staged, bench.peer.commit], [snapshot, 0])
    assert.deepEqual(bench.sent, [])
  },

  'one that could not be had is forgotten': (lab) => {
    const bench = lab.bench()
    bench.hear(installSnapshot({ term: 1, snapshot: snapshotAt(5, 1) }))
    bench.peer.tell({ type: 'snapshot.abandoned', index: 5 })
    assert.equal(bench.peer.context.staged, null)
    bench.hear(append({ term: 1, terms: [1] }))
    assert.equal(bench.peer.lastIndex, 1)
  },

  'it is a word of the leader: candidates follow, and the timer starts again': (lab) => {
    for (const granted of [false, true]) {
      const bench = lab.bench()
      bench.peer.fire('electionTimeout')
      if (granted) bench.hear(preVoteReply({ term: 1, granted }))
      bench.hear(installSnapshot({ term: 1, from: 3, snapshot: snapshotAt(5, 1) }))
      assert.deepEqual([bench.peer.role, bench.peer.leader, bench.peer.context.staged?.index], ['follower', 3, 5])
    }
    const bench = lab.bench({ log: [1], hard: { term: 1 } })
    bench.hear(heartbeat({ term: 1 }))
    for (let t = 1; t < 9; t++) bench.peer.tick()
    bench.hear(installSnapshot({ term: 1, snapshot: snapshotAt(1, 1) }))
    assert.ok((bench.peer.ticksLeft('electionTimeout') ?? 0) >= 10)
  },
}
