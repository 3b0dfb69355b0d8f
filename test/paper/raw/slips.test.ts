/** Slips of a host: what it hands in wrongly is refused with a code, and the peer goes on as if nothing had been said. */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { RawNode } from '../../../src/peer/raw-node.ts'
import { encodeChange } from '../../../src/protocol/confchange.ts'
import type { Message } from '../../../src/protocol/messages.ts'
import { type Entry, votersOnly } from '../../../src/protocol/types.ts'
import { changeOf } from '../../harness/conf-changes.ts'
import { accepted, append, installSnapshot, proposal, snapshotAt } from '../../harness/letters.ts'
import { RawBench, streaming } from '../../harness/raw-bench.ts'
import { entry, RawCluster } from '../../harness/raw-cluster.ts'

/** The change that a leader of these tests makes, or pretends to. */
const changing = (index: number): Entry => ({
  ...entry(index, 1),
  kind: 'configuration',
  data: encodeChange(changeOf('auto', 'l4')),
})

function led(): RawCluster {
  const cluster = new RawCluster({ voters: [1, 2, 3] })
  cluster.campaign(1)
  return cluster
}

describe('a slip is refused:', () => {
  const slips: readonly (readonly [says: string, code: string, slip: (node: RawNode) => unknown])[] = [
    ['a command that is a string', 'COMMAND_INVALID', (node) => node.propose('abc' as never)],
    ['a command that is a list', 'COMMAND_INVALID', (node) => node.propose([1, 2] as never)],
    ['no command at all', 'COMMAND_INVALID', (node) => node.propose(undefined as never)],
    ['a change that is none', 'CONF_INVALID', (node) => node.proposeConfChange({} as never)],
    ['no change at all', 'CONF_INVALID', (node) => node.proposeConfChange(undefined as never)],
    ['a log cut at no number', 'CONFIG_INVALID', (node) => node.compact(Number.NaN)],
    ['a snapshot as of no number', 'CONFIG_INVALID', (node) => node.createSnapshot(Number.NaN, new Uint8Array(0))],
    ['a snapshot as of half an entry', 'CONFIG_INVALID', (node) => node.createSnapshot(0.5, new Uint8Array(0))],
    ['a snapshot of nothing', 'COMMAND_INVALID', (node) => node.createSnapshot(1, undefined as never)],
    ['a leader to be that is none', 'CONFIG_INVALID', (node) => node.transferLeader(null as never)],
    ['a leader to be of letters', 'CONFIG_INVALID', (node) => node.transferLeader('2' as never)],
    ['nobody out of reach', 'CONFIG_INVALID', (node) => node.reportUnreachable(Number.NaN)],
    ['a snapshot sent somehow', 'CONFIG_INVALID', (node) => node.reportSnapshot(2, 'maybe' as never)],
    ['nothing on disk', 'CONFIG_INVALID', (node) => node.persisted(null as never)],
    ['half of what is on disk', 'CONFIG_INVALID', (node) => node.persisted({ index: 1 } as never)],
    ['no Ready', 'CONFIG_INVALID', (node) => node.advance(undefined as never)],
    ['no snapshot in place', 'CONFIG_INVALID', (node) => node.installed({} as never)],
    ['no snapshot given up', 'CONFIG_INVALID', (node) => node.abandonSnapshot(undefined as never)],
    ['applied up to no number', 'CONFIG_INVALID', (node) => node.applied(Number.NaN)],
    ['applied up to nothing', 'CONFIG_INVALID', (node) => node.applied(undefined as never)],
    ['applied beyond what was handed out', 'CONFIG_INVALID', (node) => node.applied(2)],
    ['no change to take effect', 'CONFIG_INVALID', (node) => node.applyConfChange(undefined as never)],
    ['a change that nobody handed out', 'CONFIG_INVALID', (node) => node.applyConfChange(changeOf('auto', 'r1'))],
    ['an entry that nobody handed out', 'CONFIG_INVALID', (node) => node.applyConfChange(changing(9))],
    ['an entry that is no change', 'CONFIG_INVALID', (node) => node.applyConfChange(entry(1, 1))],
    ['a read without words', 'COMMAND_INVALID', (node) => node.readIndex(undefined as never)],
  ]
  for (const [says, code, slip] of slips)
    test(says, () => {
      const cluster = led()
      assert.throws(() => slip(cluster.node(1)), { code })
      cluster.propose(1, 'after')
      for (const id of [1, 2, 3]) assert.equal(cluster.status(id).commit, 2)
    })
})

describe('a change of configuration takes effect', () => {
  /** A leader whose change, at 2, is committed as far as it was told, and not yet in force. */
  function proposed(handsOut: boolean): RawNode {
    const bench = streaming([2, 3])
    bench.node.proposeConfChange(changeOf('auto', 'l4'))
    bench.node.persisted(bench.node.ready().mark)
    if (handsOut) bench.node.step(accepted({ term: 1, index: 2 }))
    assert.equal(bench.node.ready().committedEntries.length, handsOut ? 1 : 0)
    return bench.node
  }

  test('not before it was handed out, and never another one', () => {
    const early = proposed(false)
    for (const what of [changeOf('auto', 'l4'), changing(2), changing(3)])
      assert.throws(() => early.applyConfChange(what), { code: 'CONFIG_INVALID' })
    assert.throws(() => early.applied(2), { code: 'CONFIG_INVALID' })
    assert.deepEqual(early.applyConfChange(null).learners, [])
    assert.throws(() => early.proposeConfChange(changeOf('auto', 'l5')), { code: 'CONF_IN_PROGRESS' })
    const node = proposed(true)
    for (const what of [changeOf('auto', 'r1'), changing(3), { ...changing(2), term: 7 }])
      assert.throws(() => node.applyConfChange(what), { code: 'CONFIG_INVALID' })
    assert.deepEqual(node.status().confState.learners, [])
  })

  test('once: by its entry, by what is in it; not if it is to have none', () => {
    for (const what of [changeOf('auto', 'l4'), changing(2)]) {
      const node = proposed(true)
      assert.deepEqual(node.applyConfChange(what).learners, [4])
      assert.deepEqual(node.applyConfChange(changing(2)).learners, [4])
    }
    const node = proposed(true)
    assert.deepEqual(node.applyConfChange(null).learners, [])
    assert.deepEqual(node.applyConfChange(changing(2)).learners, [])
  })
})

describe('a beginning that cannot be is refused:', () => {
  const confState = votersOnly([1])
  const beginnings: Readonly<Record<string, unknown>> = {
    nothing: undefined,
    'null for a disk': { id: 1, initial: null },
    'a disk without members': { id: 1, initial: {} },
    'no list of entries': { id: 1, initial: { confState, entries: null } },
    'an entry that is none': { id: 1, initial: { confState, entries: [null] } },
    'an entry of no kind': {
      id: 1,
      initial: { confState, entries: [{ ...entry(1, 1), kind: 'bogus' }], hardState: { term: 1, vote: null, commit: 0 } },
    },
    'null for a hard state': { id: 1, initial: { confState, hardState: null } },
    'half a hard state': { id: 1, initial: { confState, hardState: {} } },
  }
  for (const [says, options] of Object.entries(beginnings))
    test(says, () => assert.throws(() => new RawNode(options as never), { code: 'CONFIG_INVALID' }))
})

test('a receive buffer that is used again changes nothing of what was received, and a Buffer stays one', () => {
  const data = Buffer.from('aaaa')
  const bench = new RawBench()
  bench.node.step({ ...append({ term: 1 }), entries: [{ index: 1, term: 1, kind: 'command', data }] })
  data.fill('z')
  assert.deepEqual(bench.node.ready().entries[0]?.data, Buffer.from('aaaa'))
  const waiting = new RawBench()
  const state = Buffer.from('aaaa')
  waiting.node.step(installSnapshot({ term: 1, snapshot: snapshotAt(5, 1, { data: state }) }))
  state.fill('z')
  assert.deepEqual(waiting.node.ready().snapshot?.data, Buffer.from('aaaa'))
  const leader = streaming([2, 3])
  const wish = proposal({ word: 'aaaa' })
  leader.node.step(wish)
  for (const bytes of wish.data) bytes.fill(0)
  assert.equal(Buffer.from(leader.node.ready().entries[0]?.data ?? []).toString(), 'aaaa')
})

test('a snapshot that cannot be had is given up: the peer goes on as it was, and takes it when it comes again', () => {
  const bench = new RawBench({ log: [1, 1] })
  const letter = installSnapshot({ term: 1, snapshot: snapshotAt(5, 1) })
  bench.node.step(letter)
  const { snapshot, mark } = bench.node.ready()
  bench.node.persisted(mark)
  bench.node.abandonSnapshot(4)
  bench.hear(append({ term: 1, prevIndex: 2, prevTerm: 1, terms: [1] }))
  assert.deepEqual([snapshot?.index, bench.status.lastIndex], [5, 2], 'it is waited for')
  bench.node.abandonSnapshot(5)
  bench.hear(append({ term: 1, prevIndex: 2, prevTerm: 1, terms: [1] }))
  assert.equal(bench.status.lastIndex, 3)
  bench.node.step(letter)
  assert.equal(bench.node.ready().snapshot?.index, 5)
})

test('a buffer that is used again after it was proposed changes nothing in any log', () => {
  const cluster = led()
  const data = Buffer.from('aaaa')
  cluster.node(1).propose(data)
  data.fill('z')
  cluster.settle()
  cluster.tick(1)
  for (const id of [1, 2, 3]) assert.equal(Buffer.from(cluster.applied.get(id)?.[1]?.data ?? []).toString(), 'aaaa')
})

describe('what nobody who keeps to the rules would say is not believed:', () => {
  const upTo = { accepted: true, hintIndex: 0, hintTerm: 0 }
  const lies: readonly (readonly [says: string, lie: Message])[] = [
    [
      'that somebody has entries that were never sent',
      { type: 'AppendEntriesReply', from: 2, to: 1, term: 1, index: 2 ** 50, ...upTo },
    ],
    ['the answer of a stranger, whatever its term', { type: 'HeartbeatReply', from: 9, to: 1, term: 1_000_001, round: 0 }],
    ['the wish of a stranger for another leader', { type: 'TransferLeader', from: 9, to: 1, term: 0, target: 2 }],
    ['a question for nothing', { type: 'ReadIndex', from: 2, to: 1, term: 0, tickets: [] }],
  ]
  for (const [says, lie] of lies)
    test(says, () => {
      const cluster = led()
      cluster.isolate(1)
      cluster.node(1).propose(Buffer.from('alone'))
      assert.equal(cluster.node(1).step(lie), false)
      cluster.settle()
      const { role, term, commit, dropped } = cluster.status(1)
      assert.deepEqual([role, term, commit, dropped], ['leader', 1, 1, 1])
    })
})
