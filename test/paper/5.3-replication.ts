/** Section 5.3, "Log replication": commands, commitment and streaming, sentence by sentence. */

import assert from 'node:assert/strict'
import type { Chapter } from '../harness/lab.ts'
import { accepted, heartbeat, heartbeatReply, rejected } from '../harness/letters.ts'
import { isAppend, leading, progressOf, propose } from '../harness/reign.ts'

/** Log replication. */
export const replication: Chapter = {
  'a new leader begins with next behind its log and match nothing': (lab) => {
    const bench = leading(lab, [1, 1, 2])
    for (const peer of [2, 3]) assert.deepEqual(progressOf(bench, peer), { state: 'probe', match: 0, next: 4 })
    assert.deepEqual(bench.peer.terms, [1, 1, 2, 3])
  },

  'its first entry is empty and of its own term': (lab) => {
    const first = leading(lab).peer.entries[0]
    assert.deepEqual([first?.kind, first?.term, first?.data.length], ['noop', 1, 0])
  },

  'a command becomes an entry of the leader, which is sent to all others in parallel': (lab) => {
    const bench = leading(lab)
    for (const from of [2, 3]) bench.hear(accepted({ term: 1, from, index: 1 }))
    const sent = propose(bench, 'a').filter(isAppend)
    assert.deepEqual(
      sent.map((m) => [m.to, m.prevIndex, m.prevTerm, m.entries.map((e) => [e.index, e.term])]),
      [2, 3].map((to) => [to, 1, 1, [[2, 1]]]),
    )
    assert.deepEqual(bench.peer.accepted.at(-1), {
      type: 'accepted',
      tickets: [bench.peer.accepted.at(-1)?.tickets[0] ?? 0],
      index: 2,
      term: 1,
    })
  },

  'a batch is one append, in order': (lab) => {
    const bench = leading(lab)
    for (const from of [2, 3]) bench.hear(accepted({ term: 1, from, index: 1 }))
    const [first] = propose(bench, 'a', 'b', 'c').filter(isAppend)
    assert.deepEqual(
      first?.entries.map((entry) => new TextDecoder().decode(entry.data)),
      ['a', 'b', 'c'],
    )
    assert.equal(bench.peer.accepted.at(-1)?.index, 2)
  },

  'who is not the leader takes no command, and appends nothing': (lab) => {
    const bench = lab.bench()
    const preCandidate = lab.bench()
    preCandidate.peer.fire('electionTimeout')
    for (const { peer } of [bench, preCandidate]) {
      peer.tell({ type: 'client.propose', proposals: [{ ticket: 7, kind: 'command', data: new Uint8Array(1) }] })
      peer.tell({ type: 'client.read', tickets: [8, 9] })
      peer.tell({ type: 'client.transfer', ticket: 10, to: null })
      assert.deepEqual(
        peer.refused.map(({ tickets, code }) => [tickets, code]),
        [
          [[7], 'NOT_LEADER'],
          [[8, 9], 'NOT_LEADER'],
          [[10], 'NOT_LEADER'],
        ],
      )
      assert.equal(peer.lastIndex, 0)
    }
  },

  'an entry is committed once a majority holds it: by size of group and acknowledgements': (lab) => {
    const table: [size: number, acks: number, committed: boolean][] = [
      [1, 0, true],
      [3, 0, false],
      [3, 1, true],
      [3, 2, true],
      [5, 1, false],
      [5, 2, true],
      [5, 4, true],
    ]
    for (const [size, acks, committed] of table) {
      const bench = leading(lab, [], { size })
      for (let i = 0; i < acks; i++) bench.hear(accepted({ term: 1, from: i + 2, index: 1 }))
      assert.equal(bench.peer.commit, committed ? 1 : 0, `${acks} acknowledgements of ${size - 1}`)
    }
  },

  'the same acknowledgement twice counts once': (lab) => {
    const bench = leading(lab, [], { size: 5 })
    for (let i = 0; i < 4; i++) bench.hear(accepted({ term: 1, from: 2, index: 1 }))
    assert.equal(bench.peer.commit, 0)
  },

  'the copy of the leader counts once it is on disk': (lab) => {
    const bench = leading(lab)
    for (const from of [2, 3]) bench.hear(accepted({ term: 1, from, index: 1 }))
    bench.peer.slowDisk = true
    const sent = propose(bench, 'a')
    assert.equal(sent.filter(isAppend).length, 2, 'what it sends does not wait for the disk')
    assert.equal(bench.peer.commit, 1)
    bench.hear(accepted({ term: 1, index: 2 }))
    assert.equal(bench.peer.commit, 1)
    bench.peer.flush()
    assert.equal(bench.peer.commit, 2)
    const told = bench.sent.filter(isAppend).map((m) => [m.to, m.commit])
    assert.ok(
      told.some(([to, commit]) => to === 2 && commit === 2),
      'and who is waiting for nothing is told at once',
    )
  },

  'with the copies of all others it may commit before its own disk': (lab) => {
    const bench = leading(lab)
    for (const from of [2, 3]) bench.hear(accepted({ term: 1, from, index: 1 }))
    bench.peer.slowDisk = true
    propose(bench, 'a')
    for (const from of [2, 3]) bench.hear(accepted({ term: 1, from, index: 2 }))
    assert.equal(bench.peer.commit, 2)
  },

  'a commit takes all that precedes it along': (lab) => {
    for (const log of [[1], [1, 2], [1, 1, 2, 3]]) {
      const bench = leading(lab, log)
      bench.hear(accepted({ term: bench.peer.term, index: log.length + 1 }))
      assert.deepEqual(
        bench.peer.applied.map((entry) => entry.term),
        [...log, bench.peer.term],
      )
    }
  },

  'followers learn of a commit by the next append, at once': (lab) => {
    const cluster = lab.cluster(3)
    cluster.elect(1)
    cluster.propose(1, 'a')
    cluster.settle()
    assert.deepEqual(
      cluster.up.map((peer) => [peer.commit, peer.applied.length]),
      [
        [2, 2],
        [2, 2],
        [2, 2],
      ],
    )
    assert.ok(!cluster.network.sent.some((m) => m.type === 'Heartbeat'))
  },

  'committed entries are applied once, in the order of the log': (lab) => {
    const cluster = lab.cluster(3)
    cluster.elect(1)
    for (const word of ['a', 'b', 'c', 'd']) cluster.propose(1, word)
    cluster.settle()
    for (const peer of cluster.up) {
      assert.deepEqual(
        peer.applied.map((entry) => new TextDecoder().decode(entry.data)),
        ['', 'a', 'b', 'c', 'd'],
      )
      assert.equal(peer.context.applied, 5)
    }
  },

  'a follower that is slow or lost letters is tried again, for ever': (lab) => {
    const cluster = lab.cluster(3)
    cluster.elect(1)
    cluster.isolate(3)
    for (const word of ['a', 'b', 'c']) cluster.propose(1, word)
    cluster.settle()
    assert.deepEqual([cluster.peer(1).commit, cluster.peer(3).lastIndex], [4, 1])
    cluster.tick(5, 1, 2)
    cluster.heal()
    cluster.tick(2, 1, 2)
    assert.deepEqual([cluster.peer(3).terms, cluster.peer(3).commit], [[1, 1, 1, 1], 4])
  },

  'a heartbeat moves the commit index no further than the follower is known to follow': (lab) => {
    const bench = lab.bench({ log: [1, 1, 1], hard: { term: 1, commit: 1 } })
    for (const [commit, expected] of [
      [0, 1],
      [2, 2],
      [1, 2],
      [9, 3],
    ] as const) {
      bench.hear(heartbeat({ term: 1, commit }))
      assert.equal(bench.peer.commit, expected)
    }
    const leader = leading(lab, [1, 1, 1])
    leader.hear(accepted({ term: 2, from: 3, index: 4 }))
    leader.hear(rejected({ term: 2, index: 3, hintIndex: 0 }))
    void leader.sent
    leader.peer.fire('heartbeatInterval')
    const beats = leader.sent.map((m) => (m.type === 'Heartbeat' ? [m.to, m.commit] : [m.to]))
    assert.deepEqual(beats, [
      [2, 0],
      [3, 4],
    ])
  },

  'a probe is sent once, until it or a heartbeat is answered': (lab) => {
    const bench = leading(lab)
    for (const word of ['a', 'b', 'c']) assert.deepEqual(propose(bench, word), [], 'the first append is still to be answered')
    const [resent] = bench.hear(heartbeatReply({ term: 1 }))
    assert.ok(resent && isAppend(resent) && resent.entries.length === 4)
    assert.deepEqual(
      bench
        .hear(accepted({ term: 1, index: 4 }))
        .filter(isAppend)
        .map((m) => m.to),
      [2],
    )
    assert.deepEqual(progressOf(bench, 2), { state: 'replicate', match: 4, next: 5 })
    assert.deepEqual(progressOf(bench, 3), { state: 'probe', match: 0, next: 1 })
  },

  'once the logs agree entries are streamed, ahead of the answers': (lab) => {
    const bench = leading(lab)
    bench.hear(accepted({ term: 1, index: 1 }))
    for (const [word, prevIndex] of [
      ['a', 1],
      ['b', 2],
      ['c', 3],
    ] as const)
      assert.deepEqual(
        propose(bench, word)
          .filter(isAppend)
          .map((m) => [m.to, m.prevIndex]),
        [[2, prevIndex]],
      )
    assert.deepEqual(progressOf(bench, 2), { state: 'replicate', match: 1, next: 5 })
  },

  'a stream that lost something is rejected, and begins again behind what matched': (lab) => {
    const bench = leading(lab)
    bench.hear(accepted({ term: 1, index: 1 }))
    for (const word of ['a', 'b']) propose(bench, word)
    const [again] = bench.hear(rejected({ term: 1, index: 2, hintIndex: 1, hintTerm: 1 }))
    assert.ok(again && isAppend(again))
    assert.deepEqual([again.prevIndex, again.entries.length], [1, 2])
    assert.deepEqual(progressOf(bench, 2), { state: 'probe', match: 1, next: 2 })
  },

  'who cannot be reached is probed from behind what matched': (lab) => {
    const bench = leading(lab)
    bench.hear(accepted({ term: 1, index: 1 }))
    for (const word of ['a', 'b']) propose(bench, word)
    bench.peer.tell({ type: 'peer.unreachable', peer: 2 })
    bench.peer.tell({ type: 'peer.unreachable', peer: 9 })
    assert.deepEqual(progressOf(bench, 2), { state: 'probe', match: 1, next: 2 })
    assert.equal(bench.hear(heartbeatReply({ term: 1 })).filter(isAppend)[0]?.entries.length, 2)
  },

  'late answers neither move match back nor next to it': (lab) => {
    const bench = leading(lab)
    bench.hear(accepted({ term: 1, index: 1 }))
    propose(bench, 'a', 'b')
    bench.hear(accepted({ term: 1, index: 3 }))
    for (const late of [accepted({ term: 1, index: 1 }), rejected({ term: 1, index: 2, hintIndex: 1, hintTerm: 1 })]) {
      bench.hear(late)
      assert.deepEqual(progressOf(bench, 2), { state: 'replicate', match: 3, next: 4 })
    }
  },

  'answers of strangers are not counted': (lab) => {
    const bench = leading(lab)
    for (const from of [8, 9]) bench.hear(accepted({ term: 1, from, index: 1 }))
    assert.equal(bench.peer.commit, 0)
  },
}
