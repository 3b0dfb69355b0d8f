/** What cannot be true and arrives all the same, on the public peer: dropped and counted, one by one, and nothing comes of it. */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { FlotillaError } from '../../../src/base/errors.ts'
import { RawNode } from '../../../src/peer/raw-node.ts'
import type { RawNodeOptions } from '../../../src/peer/raw-options.ts'
import type { Message } from '../../../src/protocol/messages.ts'
import { votersOnly } from '../../../src/protocol/types.ts'
import { accepted, append, heartbeat, preVote, requestVote, timeoutNow } from '../../harness/letters.ts'
import { leading, RawBench, streaming } from '../../harness/raw-bench.ts'
import { entry, RawCluster } from '../../harness/raw-cluster.ts'

const bad = (m: unknown): Message => m as Message
const good = append({ term: 3, prevIndex: 2, prevTerm: 2, terms: [3], commit: 2 })
const snapshot = { index: 9, term: 2, conf: votersOnly([1, 2]), data: Buffer.of() }
const install = { type: 'InstallSnapshot', from: 2, to: 1, term: 3, snapshot }

const BAD: Readonly<Record<string, Message>> = {
  nothing: bad(null),
  'a word': bad('AppendEntries'),
  'an unknown type': bad({ ...good, type: 'Gossip' }),
  'a local event': bad({ type: 'term.higher', term: 9, leader: 2 }),
  'a negative term': bad({ ...good, term: -1 }),
  'a fractional term': bad({ ...good, term: 2.5 }),
  'a term above 2^53': bad({ ...good, term: 2 ** 53 }),
  'a term of letters': bad({ ...good, term: '3' }),
  'a negative index': bad({ ...good, prevIndex: -1 }),
  'a fractional index': bad({ ...good, prevIndex: 0.5 }),
  'an index above 2^53': bad({ ...good, prevIndex: 2 ** 53 }),
  'a negative commit index': bad({ ...good, commit: -1 }),
  'no entries at all': bad({ ...good, entries: null }),
  'entries out of order': bad({ ...good, entries: [entry(4, 3), entry(3, 3)] }),
  'entries with a gap': bad({ ...good, entries: [entry(3, 3), entry(5, 3)] }),
  'entries that do not follow': bad({ ...good, entries: [entry(4, 3)] }),
  'entries whose terms fall': bad({ ...good, entries: [entry(3, 3), entry(4, 2)] }),
  'entries of a term to come': bad({ ...good, entries: [entry(3, 4)] }),
  'entries of no kind': bad({ ...good, entries: [{ ...entry(3, 3), kind: 'x' }] }),
  'entries without bytes': bad({ ...good, entries: [{ ...entry(3, 3), data: 'abc' }] }),
  'entries against what is committed': append({ term: 3, prevIndex: 0, terms: [3] }),
  'a message from itself': { ...good, from: 1 },
  'a message to another peer': { ...good, to: 3 },
  'a sender that is no peer': bad({ ...good, from: 0 }),
  'a sender without a number': bad({ ...good, from: 'b' }),
  'a snapshot without voters': bad({ ...install, snapshot: { ...snapshot, conf: votersOnly([]) } }),
  'a snapshot of index 0': bad({ ...install, snapshot: { ...snapshot, index: 0 } }),
  'a snapshot of an index behind which there is none': bad({ ...install, snapshot: { ...snapshot, index: 2 ** 53 - 1 } }),
  'entries of such indexes': bad({ ...good, prevIndex: 2 ** 53 - 2, entries: [entry(2 ** 53 - 1, 3)] }),
  'a snapshot of a term to come': bad({ ...install, snapshot: { ...snapshot, term: 4 } }),
  'a vote request of a log beyond its term': requestVote({ term: 3, lastIndex: 9, lastTerm: 4 }),
  'a proposal with a term': bad({ type: 'Propose', from: 2, to: 1, term: 3, kind: 'command', data: [] }),
}

describe('dropped, counted, and without effect:', () => {
  const make = (): RawBench[] => [
    new RawBench({ log: [1, 2], commit: 2 }),
    new RawBench({ log: [1, 2], commit: 2 }).campaign(),
    leading({ log: [1, 2], commit: 2 }),
  ]
  for (const [what, m] of Object.entries(BAD))
    test(what, () => {
      for (const bench of make()) {
        void bench.sent
        const before = bench.status
        assert.equal(bench.node.step(m), false)
        assert.deepEqual(bench.sent, [])
        assert.deepEqual(bench.status, { ...before, dropped: before.dropped + 1 })
      }
    })

  test('and the same without the fault is taken', () => {
    assert.equal(new RawBench({ log: [1, 2], commit: 2 }).node.step(good), true)
    assert.equal(new RawBench({ log: [1, 2], commit: 2 }).node.step(bad(install)), true)
  })
})

describe('taken, without harm:', () => {
  test('a commit index beyond the log', () => {
    const bench = new RawBench({ log: [1, 1] })
    bench.hear(heartbeat({ term: 1, commit: 99 }))
    assert.equal(bench.status.commit, 2)
    bench.hear(append({ term: 1, prevIndex: 2, prevTerm: 1, terms: [1], commit: 2 ** 52 }))
    assert.equal(bench.status.commit, 3)
  })

  test('an acknowledgement of a stranger, of a removed peer, of entries that do not exist', () => {
    const bench = streaming([2, 3])
    bench.hear(accepted({ term: 1, from: 9, index: 1 }), accepted({ term: 1, index: 2 ** 52 }))
    assert.deepEqual([bench.status.commit, Object.keys(bench.status.progress)], [1, ['2', '3']])
  })

  test('entries that go against Log Matching: memory and disk stay one', () => {
    const bench = new RawBench({ log: [1, 1, 2, 2, 3], commit: 3 })
    bench.hear(append({ term: 5, prevIndex: 3, prevTerm: 2, terms: [3, 3] })) // (5, term 3) again, with another entry before it
    assert.deepEqual(bench.terms, [1, 1, 2, 3, 3])
  })

  test('a second leader of one term: it is not believed, and the first leads on', () => {
    const bench = leading()
    void bench.sent
    assert.equal(bench.node.step(heartbeat({ term: 1 })), false)
    assert.deepEqual(bench.standing, ['leader', 1])
  })

  test('a candidate that is no member gets a vote by its log, as the configuration may be about to change', () => {
    const bench = new RawBench({ log: [1] })
    const [no] = bench.hear(requestVote({ term: 2, from: 9 }))
    const [yes] = bench.hear(requestVote({ term: 2, from: 9, lastIndex: 1, lastTerm: 1 }))
    assert.deepEqual(
      [no, yes].map((m) => m?.type === 'RequestVoteReply' && m.granted),
      [false, true],
    )
  })

  test('what a removed peer says disturbs nobody', () => {
    const group = new RawCluster({ voters: [1, 2, 3] })
    group.campaign(1)
    group.node(1).proposeConfChange({ transition: 'auto', steps: [{ type: 'RemoveNode', peer: 3 }], context: '' })
    group.settle()
    const { term } = group.status(1)
    for (const m of [
      requestVote({ term: term + 9, from: 3 }),
      preVote({ term: term + 9, from: 3 }),
      accepted({ term, from: 3, index: 99 }),
    ]) {
      group.node(1).step(m)
      group.node(2).step({ ...m, to: 2 })
      group.settle()
    }
    group.tick(30, [1, 2])
    assert.deepEqual([group.status(1).role, group.status(1).term], ['leader', term])
  })

  test('an order to take over, from somebody who does not lead: at worst an election', () => {
    const bench = new RawBench()
    bench.hear(heartbeat({ term: 1, from: 2 }))
    assert.equal(bench.node.step(timeoutNow({ term: 1, from: 3 })), false)
    assert.deepEqual(bench.standing, ['follower', 1])
  })
})

describe('options that cannot be are refused, naming them:', () => {
  const OPTIONS: readonly [name: string, options: object][] = [
    ['id', { id: 0 }],
    ['id', { id: 1.5 }],
    ['electionTick', { electionTick: 1, heartbeatTick: 1 }],
    ['heartbeatTick', { heartbeatTick: 0 }],
    ['leaseReads', { leaseReads: true, checkQuorum: false }],
    ['maxInflightMessages', { maxInflightMessages: 0 }],
    ['preVote', { preVote: 'yes' }],
    [
      'entries',
      { initial: { confState: votersOnly([1]), entries: [entry(2, 1)], hardState: { term: 1, vote: null, commit: 0 } } },
    ],
    ['commit', { initial: { confState: votersOnly([1]), hardState: { term: 1, vote: null, commit: 5 } } }],
    ['term', { initial: { confState: votersOnly([1]), entries: [entry(1, 3)], hardState: { term: 2, vote: null, commit: 0 } } }],
    ['applied', { initial: { confState: votersOnly([1]), applied: 3 } }],
    ['vote', { initial: { confState: votersOnly([1]), hardState: { term: 1, vote: 0, commit: 0 } } }],
    ['snapshot', { initial: { confState: votersOnly([1]), snapshot: { ...snapshot, index: -1 } } }],
    [
      'data',
      {
        initial: {
          confState: votersOnly([1]),
          entries: [{ ...entry(1, 1), data: 'x' }],
          hardState: { term: 1, vote: null, commit: 0 },
        },
      },
    ],
  ]
  for (const [name, options] of OPTIONS)
    test(`${name}: ${JSON.stringify(options).slice(0, 90)}`, () => {
      assert.throws(
        () => new RawNode({ id: 1, ...options } as RawNodeOptions),
        (error) => error instanceof FlotillaError && error.code === 'CONFIG_INVALID' && error.message.includes(name),
      )
    })
})
