/** Changes of members (thesis 4), on the public peer: one at a time, in force when applied, joint ones left as they were asked to be. */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type ConfChange, LEAVE_JOINT } from '../../../src/protocol/confchange.ts'
import { type ConfState, votersOnly } from '../../../src/protocol/types.ts'
import { changeOf, short } from '../../harness/conf-changes.ts'
import { accepted, requestVoteReply } from '../../harness/letters.ts'
import { RawBench as Bench, leading, type RawBench, streaming } from '../../harness/raw-bench.ts'
import { RawCluster } from '../../harness/raw-cluster.ts'

const NOBODY = votersOnly([])
const simple = (text: string): ConfChange => changeOf('auto', text)

/** Peer 1 leads; `members` have this configuration, `strangers` none. */
function led(conf: ConfState, members: readonly number[], strangers: readonly number[] = []): RawCluster {
  const group = new RawCluster({ voters: [] })
  for (const id of members) group.add({ id, initial: { confState: conf } })
  for (const id of strangers) group.add({ id, initial: { confState: NOBODY } })
  group.campaign(1)
  return group
}

function change(group: RawCluster, what: ConfChange, at = group.leader?.id ?? 1): void {
  group.node(at).proposeConfChange(what)
  group.settle()
}

const confs = (group: RawCluster): string[] => [
  ...new Set([...group.nodes.values()].map((node) => short(node.status().confState))),
]

describe('a change of members', () => {
  test('is in force once it is applied, on everybody; who is new learns it from the log alone', () => {
    const group = led(votersOnly([1]), [1], [2, 3])
    group.propose(1)
    change(group, simple('v2'))
    change(group, simple('l3'))
    assert.deepEqual(confs(group), ['1 2 learners 3'])
    assert.deepEqual(
      [2, 3].map((id) => group.status(id).commit),
      [4, 4],
    )
    group.isolate(3)
    group.propose(1)
    assert.equal(group.status(1).commit, 5)
  })

  test('is harmless when it changes nothing', () => {
    const group = led(votersOnly([1, 2, 3]), [1, 2, 3])
    change(group, simple('v2'))
    change(group, simple('v2'))
    change(group, simple('r9'))
    assert.deepEqual(confs(group), ['1 2 3'])
    group.propose(1)
    assert.equal(group.status(3).commit, 5)
  })

  test('that cannot be is refused, and nothing is written', () => {
    const group = led(votersOnly([1]), [1])
    for (const text of ['r1', 'l1']) assert.throws(() => group.node(1).proposeConfChange(simple(text)), { code: 'CONF_INVALID' })
    assert.throws(() => group.node(1).proposeConfChange(LEAVE_JOINT), { code: 'CONF_INVALID' })
    assert.equal(group.status(1).lastIndex, 1)
  })

  test('is refused while another one is not applied, and at who does not lead', () => {
    const bench = streaming([2, 3])
    bench.node.proposeConfChange(simple('v4'))
    assert.throws(() => bench.node.proposeConfChange(simple('v5')), { code: 'CONF_IN_PROGRESS' })
    assert.throws(() => new Bench().node.proposeConfChange(simple('v5')), { code: 'NOT_LEADER' })
  })

  test('is refused by a new leader until it has applied all that it found', () => {
    const group = led(votersOnly([1, 2, 3]), [1, 2, 3])
    group.lose((m) => m.type === 'AppendEntriesReply')
    change(group, simple('v4'))
    group.heal()
    group.isolate(1)
    group.lose((m) => m.type === 'AppendEntries')
    group.tick(30, [2, 3])
    const heir = group.leader?.id as number
    assert.notEqual(heir, 1)
    assert.throws(() => group.node(heir).proposeConfChange(simple('v5')), { code: 'CONF_IN_PROGRESS' })
    group.heal()
    group.tick(3)
    assert.deepEqual(short(group.status(heir).confState), '1 2 3 4')
    change(group, simple('r4'), heir)
  })

  test('is refused until an entry of the leader’s own term is committed: two leaders could each have a majority of their own', () => {
    const bench = leading({ voters: [1, 2, 3, 4] })
    assert.throws(() => bench.node.proposeConfChange(simple('v5')), { code: 'CONF_IN_PROGRESS' })
    bench.hear(accepted({ term: 1, from: 2, index: 1 }), accepted({ term: 1, from: 3, index: 1 }))
    assert.equal(bench.node.proposeConfChange(simple('v5')).index, 2)
  })

  test('that the host will not have is none, and the next may come', () => {
    const bench = streaming([2, 3])
    const { index } = bench.node.proposeConfChange(simple('v4'))
    bench.node.step(accepted({ term: 1, from: 2, index }))
    let applied: ConfState | undefined
    while (bench.node.hasReady()) {
      const ready = bench.node.ready()
      if (ready.committedEntries.some(({ kind }) => kind === 'configuration')) applied = bench.node.applyConfChange(null)
      bench.node.advance(ready)
    }
    assert.deepEqual(applied, votersOnly([1, 2, 3]))
    assert.equal(bench.node.proposeConfChange(simple('v5')).index, index + 1)
  })

  test('of a learner’s kind only is no promotion', () => {
    const group = led({ ...votersOnly([1]), learners: [2] }, [1, 2])
    change(group, simple('l2'))
    assert.deepEqual(confs(group), ['1 learners 2'])
  })

  test('keeps what the leader knows of those who stay', () => {
    const group = led(votersOnly([1, 2]), [1, 2], [3])
    change(group, simple('v3'))
    assert.deepEqual([group.status(1).progress[2]?.state, group.status(1).progress[2]?.match], ['replicate', 2])
  })

  test('does not make a leader step down because the new peer was not heard yet', () => {
    const group = led(votersOnly([1]), [1])
    group.tick(9)
    change(group, simple('v2'))
    group.add({ id: 2, initial: { confState: NOBODY } })
    group.tick(5)
    assert.equal(group.status(1).role, 'leader')
    assert.deepEqual(confs(group), ['1 2'])
  })
})

describe('what waits for a quorum', () => {
  test('of two commits with the smaller one as soon as the removal is applied', () => {
    const bench = streaming([2], { voters: [1, 2] })
    const { index } = bench.node.proposeConfChange(simple('r2'))
    bench.propose('hello')
    bench.hear(accepted({ term: 1, from: 2, index }))
    assert.equal(bench.status.commit, index + 1)
    assert.equal(Buffer.from(bench.applied.at(-1)?.data ?? []).toString(), 'hello')
  })

  test('takes both majorities of a joint configuration', () => {
    const joint = (conf: Partial<ConfState>, acks: readonly (readonly [number, number])[]): number => {
      const bench = leading({ voters: [1, 2, 3], conf })
      bench.propose('a', 'b', 'c')
      bench.hear(...acks.map(([from, index]) => accepted({ term: 1, from, index })))
      return bench.status.commit
    }
    const both = { voters: [1, 2, 3], votersOutgoing: [2] }
    assert.equal(joint(both, [[3, 4]]), 0)
    assert.equal(
      joint(both, [
        [2, 3],
        [3, 4],
      ]),
      3,
    )
    assert.equal(
      joint({ voters: [1, 2, 3] }, [
        [2, 3],
        [3, 2],
      ]),
      3,
    )
  })

  test('takes both majorities for votes too, and either can refuse', () => {
    const asked = (...granted: readonly (readonly [number, boolean])[]): RawBench => {
      const bench = new Bench({ voters: [1, 2], conf: { votersOutgoing: [3, 4] } }).campaign()
      bench.hear(...granted.map(([from, yes]) => requestVoteReply({ term: 1, from, granted: yes })))
      return bench
    }
    assert.equal(asked([2, true], [3, true]).status.role, 'candidate')
    assert.equal(asked([2, true], [3, false]).status.role, 'follower')
    assert.equal(asked([2, true], [3, true], [4, true]).status.role, 'leader')
  })
})

describe('who is on the way out or in', () => {
  test('does not campaign while a committed change waits to be applied, simple or joint, and may then', () => {
    for (const what of [simple('v4'), changeOf('jointExplicit', 'v4')]) {
      const donor = streaming([2, 3])
      donor.node.proposeConfChange(what)
      const entries = [...donor.disk.values(), ...donor.work().flatMap((ready) => ready.entries)]
      const bench = new Bench({ entries, term: 1, commit: 2, applied: 1 })
      bench.node.campaign()
      for (let i = 0; i < 40; i++) bench.node.tick()
      assert.equal(bench.status.term, 1)
      bench.work()
      assert.equal(bench.campaign().status.term, 2)
    }
  })
})
