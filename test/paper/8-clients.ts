/** Section 8 and what the thesis adds: reads without the log (6.4) and leadership handed over (3.10). */

import assert from 'node:assert/strict'
import { READS_MAX, UNCOMMITTED_BYTES_MAX } from '../../src/base/limits.ts'
import type { Chapter } from '../harness/lab.ts'
import { accepted, append, heartbeat, heartbeatReply, preVoteReply, requestVoteReply, timeoutNow } from '../harness/letters.ts'
import { leading } from '../harness/reign.ts'
import { ELECTION_TICKS } from '../harness/test-peer.ts'

const refusals = (peer: { readonly refused: readonly { readonly code: string }[] }) => peer.refused.map((one) => one.code)

/** Reads without the log. */
export const reading: Chapter = {
  'a read is answered with the commit index of when it was asked, once a quorum confirms the leader': (lab) => {
    const bench = leading(lab)
    bench.hear(accepted({ term: 1, index: 1 }))
    void bench.sent
    bench.peer.tell({ type: 'client.read', tickets: [7] })
    const beats = bench.sent
    assert.deepEqual(
      beats.map((m) => [m.type, m.to]),
      [
        ['Heartbeat', 2],
        ['Heartbeat', 3],
      ],
    )
    assert.deepEqual(bench.peer.reads, [])
    const round = beats[0]?.type === 'Heartbeat' ? beats[0].round : 0
    bench.hear(heartbeatReply({ term: 1, round: round - 1 }))
    assert.deepEqual(bench.peer.reads, [], 'an answer to an earlier round confirms nothing')
    bench.hear(heartbeatReply({ term: 1, round }))
    assert.deepEqual(bench.peer.reads, [{ type: 'readReady', tickets: [7], index: 1 }])
    bench.hear(heartbeatReply({ term: 1, round, from: 3 }))
    assert.equal(bench.peer.reads.length, 1, 'and is answered once')
  },

  'a later round confirms the earlier reads too': (lab) => {
    const bench = leading(lab)
    bench.hear(accepted({ term: 1, index: 1 }))
    for (const ticket of [1, 2]) bench.peer.tell({ type: 'client.read', tickets: [ticket] })
    const { round } = bench.peer.context
    bench.hear(heartbeatReply({ term: 1, round }))
    assert.deepEqual(
      bench.peer.reads.map((read) => read.tickets),
      [[1], [2]],
    )
  },

  'a new leader answers no read before an entry of its own term is committed': (lab) => {
    const cluster = lab.cluster(3, { logs: { 1: [1, 1], 2: [1, 1], 3: [1, 1] }, commit: 1 })
    cluster.network.drop((m) => m.type === 'AppendEntries')
    const leader = cluster.elect(1)
    const ticket = cluster.read(1)
    cluster.tick(3, 1)
    assert.deepEqual([leader.reads, leader.commit], [[], 1])
    cluster.heal()
    cluster.tick(2, 1)
    assert.deepEqual([leader.commit, leader.reads], [3, [{ type: 'readReady', tickets: [ticket], index: 3 }]])
    const next = cluster.read(1)
    cluster.settle()
    assert.deepEqual(leader.reads.at(-1), { type: 'readReady', tickets: [next], index: 3 })
  },

  'the reads that wait for that entry are asked for the moment it is committed': (lab) => {
    const byReply = leading(lab)
    byReply.peer.tell({ type: 'client.read', tickets: [7] })
    const said = byReply.hear(accepted({ term: 1, index: 1 }))
    const slow = lab.bench()
    slow.peer.fire('electionTimeout')
    slow.hear(preVoteReply({ term: 1, granted: true }))
    slow.peer.slowDisk = true
    slow.hear(requestVoteReply({ term: 1, granted: true }))
    slow.peer.tell({ type: 'client.read', tickets: [7] })
    assert.deepEqual([slow.hear(accepted({ term: 1, index: 1 })).length, slow.peer.commit], [0, 0])
    slow.peer.flush()
    for (const sent of [said, slow.sent]) assert.equal(sent.filter((m) => m.type === 'Heartbeat').length, 2)
    const alone = lab.bench({ size: 1 })
    alone.peer.slowDisk = true
    alone.peer.fire('electionTimeout')
    alone.peer.flush()
    alone.peer.tell({ type: 'client.read', tickets: [7] })
    assert.deepEqual([alone.peer.role, alone.peer.reads], ['leader', []])
    alone.peer.flush()
    assert.deepEqual(alone.peer.reads, [{ type: 'readReady', tickets: [7], index: 1 }])
  },

  'the read index follows the commands': (lab) => {
    const cluster = lab.cluster(3)
    const leader = cluster.elect(1)
    for (let i = 1; i <= 6; i++) {
      for (let c = 0; c < 10; c++) cluster.propose(1, `${i}.${c}`)
      cluster.settle()
      cluster.read(1)
      cluster.settle()
      assert.equal(leader.reads.at(-1)?.index, 1 + 10 * i)
    }
  },

  'a group of one reads without asking': (lab) => {
    const cluster = lab.cluster(1)
    const leader = cluster.elect(1)
    cluster.read(1)
    assert.equal(leader.reads.at(-1)?.index, 1)
    assert.equal(cluster.network.sent.length, 0)
  },

  'a leader that was deposed unawares answers no read': (lab) => {
    const cluster = lab.cluster(3)
    const old = cluster.elect(1)
    cluster.isolate(1)
    cluster.forget()
    cluster.campaign(2)
    cluster.read(1)
    cluster.tick(2 * ELECTION_TICKS)
    cluster.heal()
    cluster.tick(2)
    assert.deepEqual([old.reads, old.role], [[], 'follower'])
    assert.equal(old.context.reads.count, 0)
  },

  'reads that wait are bounded': (lab) => {
    const bench = leading(lab)
    bench.peer.tell({ type: 'client.read', tickets: Array.from({ length: READS_MAX }, (_, i) => i) })
    bench.peer.tell({ type: 'client.read', tickets: [-1] })
    assert.deepEqual(bench.peer.refused, [{ type: 'refused', tickets: [-1], code: 'BUSY' }])
  },

  'what is appended and not committed is bounded, and commitment makes room': (lab) => {
    const bench = leading(lab)
    for (const from of [2, 3]) bench.hear(accepted({ term: 1, from, index: 1 }))
    const data = new Uint8Array(UNCOMMITTED_BYTES_MAX)
    const offer = (ticket: number) => bench.peer.tell({ type: 'client.propose', proposals: [{ ticket, kind: 'command', data }] })
    offer(1)
    offer(2)
    assert.deepEqual([bench.peer.lastIndex, bench.peer.refused], [2, [{ type: 'refused', tickets: [2], code: 'BUSY' }]])
    bench.hear(accepted({ term: 1, index: 2 }))
    offer(3)
    assert.equal(bench.peer.lastIndex, 3)
  },
}

/** Leadership handed over. */
export const transfer: Chapter = {
  'to a follower with the whole log: at once, past every lease and without a pre-vote': (lab) => {
    const cluster = lab.cluster(3)
    cluster.elect(1)
    cluster.tick(1)
    cluster.transfer(1, 3)
    cluster.settle()
    assert.deepEqual([cluster.leader?.id, cluster.leader?.term, cluster.peer(1).role], [3, 2, 'follower'])
    assert.ok(!cluster.network.sent.some((m) => m.type === 'PreVote' && m.from === 3))
  },

  'to whoever is furthest, when nobody is named': (lab) => {
    const cluster = lab.cluster(3)
    cluster.elect(1)
    cluster.isolate(2)
    cluster.propose(1, 'a')
    cluster.settle()
    cluster.transfer(1, null)
    cluster.settle()
    assert.equal(cluster.leader?.id, 3)
  },

  'to a slow follower: first the log, then the word': (lab) => {
    const bench = leading(lab)
    bench.hear(accepted({ term: 1, index: 1 }))
    bench.peer.tell({ type: 'client.transfer', ticket: 1, to: 3 })
    assert.deepEqual(
      bench.sent.filter((m) => m.type === 'TimeoutNow'),
      [],
    )
    bench.hear(accepted({ term: 1, index: 1 }))
    assert.ok(!bench.hear(accepted({ term: 1, index: 1 })).some((m) => m.type === 'TimeoutNow'), 'others do not matter')
    const said = bench.hear(accepted({ term: 1, index: 1, from: 3 }))
    assert.deepEqual(said.at(-1), timeoutNow({ term: 1, from: 1, to: 3 }))
    assert.ok(!bench.hear(accepted({ term: 1, index: 1, from: 3 })).some((m) => m.type === 'TimeoutNow'), 'it is said once')
  },

  'meanwhile no command is taken': (lab) => {
    const cluster = lab.cluster(3)
    const leader = cluster.elect(1)
    cluster.isolate(3)
    cluster.transfer(1, 3)
    cluster.propose(1, 'a')
    assert.deepEqual([refusals(leader), leader.lastIndex], [['TRANSFERRING'], 1])
  },

  'to somebody out of reach: given up after an election timeout, and the leader leads on': (lab) => {
    for (const behind of [false, true]) {
      const cluster = lab.cluster(3)
      const leader = cluster.elect(1)
      cluster.tick(3)
      cluster.isolate(3)
      if (behind) cluster.propose(1, 'a')
      cluster.settle()
      cluster.transfer(1, 3)
      cluster.tick(ELECTION_TICKS - 1, 1, 2)
      cluster.propose(1, 'b')
      assert.deepEqual(refusals(leader), ['TRANSFERRING'])
      cluster.tick(1, 1, 2)
      assert.equal(leader.role, 'leader')
      cluster.propose(1, 'c')
      cluster.settle()
      assert.equal(leader.commit, leader.lastIndex)
      assert.deepEqual(refusals(leader), ['TRANSFERRING'])
    }
  },

  'to itself or to a stranger: refused, and nothing changes': (lab) => {
    for (const to of [1, 9]) {
      const cluster = lab.cluster(3)
      const leader = cluster.elect(1)
      cluster.transfer(1, to)
      cluster.propose(1, 'a')
      assert.deepEqual([refusals(leader), leader.lastIndex], [['TARGET_INVALID'], 2])
    }
  },

  'asked again for the same, it does not take longer': (lab) => {
    const cluster = lab.cluster(3)
    const leader = cluster.elect(1)
    cluster.isolate(3)
    cluster.transfer(1, 3)
    cluster.tick(3, 1, 2)
    const left = leader.ticksLeft('quorumInterval')
    cluster.transfer(1, 3)
    assert.deepEqual([refusals(leader), leader.ticksLeft('quorumInterval')], [[], left])
  },

  'a newer term ends it': (lab) => {
    const bench = leading(lab)
    bench.peer.tell({ type: 'client.transfer', ticket: 1, to: 3 })
    bench.hear(requestVoteReply({ term: 5, granted: false }))
    assert.deepEqual([bench.peer.role, bench.peer.context.transfer.value], ['follower', 'idle'])
  },

  'a follower told to start an election does so at once; who is campaigning already is not hurried': (lab) => {
    const bench = lab.bench({ hard: { term: 1 } })
    bench.hear(heartbeat({ term: 1 }))
    const asked = bench.hear(timeoutNow({ term: 1 }))
    assert.deepEqual([bench.peer.role, bench.peer.term], ['candidate', 2])
    assert.ok(asked.every((m) => m.type === 'RequestVote' && m.transfer))
    const before = bench.peer.snapshot
    assert.deepEqual(bench.hear(timeoutNow({ term: 2 })), [])
    assert.equal(bench.peer.snapshot, before)
  },

  'who is outside of the group never campaigns': (lab) => {
    const outsider = lab.bench({ id: 4, size: 3 })
    outsider.hear(timeoutNow({ term: 1, to: 4 }))
    assert.deepEqual([outsider.peer.role, outsider.sent], ['learner', []])
    assert.deepEqual(outsider.peer.delays, ['voteLease'], 'it waits for no election')
    outsider.hear(append({ term: 1, to: 4, terms: [1] }))
    assert.deepEqual(outsider.peer.terms, [1], 'but it listens')
  },
}
