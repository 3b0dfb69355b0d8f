/** Thesis 6.4: reads that a follower passes on, and reads that a lease answers at once. */

import assert from 'node:assert/strict'
import { READS_MAX } from '../../src/base/limits.ts'
import type { Message } from '../../src/protocol/messages.ts'
import { votersOnly } from '../../src/protocol/types.ts'
import type { Bench, Chapter, Lab } from '../harness/lab.ts'
import { heartbeat, heartbeatReply, readIndex, readIndexReply } from '../harness/letters.ts'
import { acknowledge, leading } from '../harness/reign.ts'

const typesOf = (messages: readonly Message[]): readonly string[] => messages.map(({ type }) => type)

/** A follower of peer 2. */
function follower(lab: Lab): Bench {
  const bench = lab.bench()
  bench.hear(heartbeat({ term: 1 }))
  return bench
}

/** Followers ask the leader for an index to read at. */
export const asking: Chapter = {
  'a follower asks its leader how far it must have applied, and then answers itself': (lab) => {
    const bench = follower(lab)
    bench.peer.tell({ type: 'client.read', tickets: [7] })
    assert.deepEqual(bench.sent, [readIndex({ from: 1, to: 2, tickets: [7] })])
    bench.hear(readIndexReply({ tickets: [7], index: 4 }))
    assert.deepEqual(bench.peer.reads, [{ type: 'readReady', tickets: [7], index: 4 }])
  },

  'without a leader there is nobody to ask': (lab) => {
    const bench = lab.bench()
    bench.peer.tell({ type: 'client.read', tickets: [7] })
    assert.deepEqual([bench.sent, bench.peer.refused], [[], [{ type: 'refused', tickets: [7], code: 'NOT_LEADER' }]])
  },

  'the leader answers with the commit index of when it was asked, once a quorum confirms it': (lab) => {
    const bench = leading(lab)
    acknowledge(bench, 2)
    assert.deepEqual(typesOf(bench.hear(readIndex({ from: 3, tickets: [7] }))), ['Heartbeat', 'Heartbeat'])
    const said = bench.hear(heartbeatReply({ term: 1, round: bench.peer.context.round }))
    assert.deepEqual(said, [readIndexReply({ from: 1, to: 3, tickets: [7], index: 1 })])
  },

  'not before an entry of its own term is committed': (lab) => {
    const bench = leading(lab)
    assert.deepEqual(bench.hear(readIndex({ from: 3, tickets: [7] })), [])
    acknowledge(bench, 2)
    const said = bench.hear(heartbeatReply({ term: 1, round: bench.peer.context.round }))
    assert.deepEqual(said, [readIndexReply({ from: 1, to: 3, tickets: [7], index: 1 })])
  },

  'a leader that is the only voter answers a learner at once': (lab) => {
    const bench = leading(lab, [], { size: 1, conf: { ...votersOnly([1]), learners: [2] } })
    const said = bench.hear(readIndex({ tickets: [7] })).filter(({ type }) => type !== 'Heartbeat')
    assert.deepEqual(said, [readIndexReply({ from: 1, to: 2, tickets: [7], index: 1 })])
  },

  'questions of others count for the bound too; they ask again': (lab) => {
    const bench = leading(lab)
    acknowledge(bench, 2)
    bench.hear(readIndex({ from: 3, tickets: Array.from({ length: READS_MAX }, (_, i) => i) }))
    assert.equal(bench.peer.context.reads.count, READS_MAX)
    assert.deepEqual(bench.hear(readIndex({ from: 3, tickets: [-1] })), [])
    assert.equal(bench.peer.context.reads.count, READS_MAX)
  },

  'who leads no more passes the question on, never back, and only if it knows to whom': (lab) => {
    const bench = follower(lab)
    assert.deepEqual(bench.hear(readIndex({ from: 3, tickets: [7] })), [readIndex({ from: 3, to: 2, tickets: [7] })])
    assert.deepEqual(bench.hear(readIndex({ from: 2, tickets: [7] })), [])
    assert.deepEqual(lab.bench().hear(readIndex({ from: 3, tickets: [7] })), [])
  },
}

/** A leader of three whose lease is held since its first round of heartbeats. */
function leased(
  lab: Lab,
  settings: { readonly leaseReads: boolean; readonly checkQuorum?: boolean } = { leaseReads: true },
): Bench {
  const bench = leading(lab, [], { settings })
  acknowledge(bench, 2)
  bench.peer.fire('heartbeatInterval')
  bench.hear(heartbeatReply({ term: 1, round: bench.peer.context.round }))
  void bench.sent
  return bench
}

const ask = (bench: Bench, freshRound = bench.peer.context.round): readonly Message[] => {
  bench.peer.tell({ type: 'client.read', tickets: [7], freshRound })
  return bench.sent
}

/** Reads without a round of messages (thesis 6.4.1). */
export const leasing: Chapter = {
  'while a quorum has confirmed a round that is young enough, reads are answered at once': (lab) => {
    const bench = leased(lab)
    assert.deepEqual(ask(bench), [])
    assert.deepEqual(bench.peer.reads, [{ type: 'readReady', tickets: [7], index: 1 }])
  },

  'else the others are asked: it is too old, it was not wanted, or nobody promises silence': (lab) => {
    const old = leased(lab)
    assert.deepEqual(typesOf(ask(old, old.peer.context.round + 1)), ['Heartbeat', 'Heartbeat'])
    assert.deepEqual(typesOf(ask(leased(lab, { leaseReads: false }))), ['Heartbeat', 'Heartbeat'])
    assert.deepEqual(typesOf(ask(leased(lab, { leaseReads: true, checkQuorum: false }))), ['Heartbeat', 'Heartbeat'])
  },

  'when the clock jumps, what it measured is worth nothing': (lab) => {
    const bench = leased(lab)
    bench.peer.tell({ type: 'clock.jumped' })
    assert.deepEqual(typesOf(ask(bench, 0)), ['Heartbeat', 'Heartbeat'])
  },

  'not while leadership is handed over: the target waits for nobody': (lab) => {
    const bench = leased(lab)
    bench.peer.tell({ type: 'client.transfer', ticket: 1, to: 3 })
    void bench.sent
    assert.deepEqual(typesOf(ask(bench, 0)), ['Heartbeat', 'Heartbeat'])
  },

  'who promised a leader silence does not break it on request; else it does': (lab) => {
    for (const leaseReads of [false, true]) {
      const bench = lab.bench({ settings: { leaseReads } })
      bench.hear(heartbeat({ term: 1 }))
      bench.peer.tell({ type: 'leader.forgotten' })
      assert.equal(bench.peer.leader, leaseReads ? 2 : null)
    }
  },
}
