/** Handing over (thesis 3.10): whom a request means, when TimeoutNow is due, and what becomes of the lease. */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { RoleContext } from '../../../machines/role.ts'
import {
  abandonTransfer,
  beginTransfer,
  bestHeir,
  cancels,
  cancelTransfer,
  electable,
  NO_TRANSFER,
  noticeTransfer,
  reviewTransfer,
  sameTarget,
  sendTimeoutNow,
  targetOf,
} from '../../../src/leader/handoff.ts'
import { leaseCovers, NO_LEASE, stepLease } from '../../../src/leader/lease-words.ts'
import type { Patch } from '../../../src/leader/tracker.ts'
import { NOTHING_DUE } from '../../../src/protocol/leadership.ts'
import { Log } from '../../../src/protocol/log.ts'
import { type ConfState, type PeerId, votersOnly } from '../../../src/protocol/types.ts'

type Seen = readonly [peer: PeerId, match: number, active: boolean]

const LAST = 5

const log = Log.from({
  truncated: { index: 0, term: 0 },
  lastIndex: LAST,
  runs: [{ from: 1, term: 1 }],
  reader: { entries: () => [] },
})

const followersOf = (seen: readonly Seen[]): RoleContext['followers'] =>
  new Map(
    seen.map(([peer, match, active]) => [peer, { progress: { context: { match } }, active, round: 0, told: 0 }]),
  ) as unknown as RoleContext['followers']

const TWO_UP_TO_DATE: readonly Seen[] = [
  [2, LAST, true],
  [3, LAST, true],
  [4, 2, true],
]

/** Peer 1 leads term 2, with a lease: 2 and 3 have all of its log, 4 has not, and 5 only learns. */
function leader(
  seen: readonly Seen[] = TWO_UP_TO_DATE,
  conf: ConfState = { ...votersOnly([1, 2, 3, 4]), learners: [5] },
): RoleContext {
  const known = { id: 1, term: 2, log, conf, followers: followersOf(seen), transfer: NO_TRANSFER, round: 7, due: NOTHING_DUE }
  return { ...known, lease: stepLease(NO_LEASE, { type: 'quorumHeard', round: 7 }) } as RoleContext
}

/** The leader after some reducers, each of which begins with nothing due, as a transition does. */
function after(s: RoleContext, ...reducers: readonly ((s: RoleContext) => Patch)[]): RoleContext {
  let now = s
  for (const reduce of reducers) {
    now = { ...now, due: NOTHING_DUE }
    now = { ...now, ...reduce(now) }
  }
  return now
}

const begin = (to: PeerId | null) => (s: RoleContext) => beginTransfer(s, to)
const acknowledge = (from: PeerId, match: number) => (s: RoleContext) => {
  const seen = [...s.followers].map(
    ([peer, { progress, active }]): Seen => [peer, peer === from ? match : progress.context.match, active],
  )
  const followers = followersOf(seen)
  return { followers, ...noticeTransfer({ ...s, followers }, { from }) }
}
const begun = (rounds: number) => (s: RoleContext) => ({ round: s.round + rounds })

const stateOf = (s: RoleContext): readonly unknown[] => [s.transfer.value, s.transfer.context.target]
const told = (s: RoleContext): readonly PeerId[] => sendTimeoutNow(s).map((m) => m.to)

describe('a request means', () => {
  test('the voter it names', () => assert.equal(targetOf(leader(), 4), 4))

  test('nobody, if it names a learner, a stranger or the leader', () => {
    for (const to of [5, 9, 1]) assert.equal(targetOf(leader(), to), undefined)
  })

  test('when it names nobody, the voter that lacks least', () => {
    const seen: readonly Seen[] = [
      [2, 3, true],
      [3, 4, true],
      [4, 2, true],
      [5, LAST, true],
    ]
    assert.equal(targetOf(leader(seen), null), 3)
  })

  test('when it names nobody, rather one that was heard lately than a silent one', () => {
    const seen: readonly Seen[] = [
      [2, LAST, false],
      [3, 1, true],
      [4, 2, true],
    ]
    assert.equal(targetOf(leader(seen), null), 4)
    assert.equal(
      targetOf(
        leader([
          [2, 3, false],
          [3, 4, false],
        ]),
        null,
      ),
      3,
    )
  })

  test('when it names nobody and two are equal, who is aimed at already', () => {
    for (const to of [2, 3]) assert.equal(targetOf(after(leader(), begin(to)), null), to)
  })

  test('when it names nobody and nobody else votes, nobody', () => {
    const alone = leader([], { ...votersOnly([1]), learners: [5] })
    assert.deepEqual([targetOf(alone, null), bestHeir(alone)], [undefined, null])
  })

  test('in a joint configuration, who is about to leave only by name; also if that is the leader', () => {
    const conf = { ...votersOnly([2, 3]), votersOutgoing: [1, 2, 4] }
    const s = leader(
      [
        [2, 1, true],
        [3, 2, true],
        [4, LAST, true],
      ],
      conf,
    )
    assert.deepEqual([targetOf(s, null), targetOf(s, 4)], [3, 4])
  })
})

describe('a handover', () => {
  test('to who has all: TimeoutNow at once, once', () => {
    const s = after(leader(), begin(3))
    assert.deepEqual([stateOf(s), told(s)], [['handedOff', 3], [3]])
    assert.deepEqual(sendTimeoutNow(s), [{ type: 'TimeoutNow', from: 1, to: 3, term: 2 }])
    assert.deepEqual(told(after(s, acknowledge(3, LAST))), [])
  })

  test('to who lacks entries: TimeoutNow when it has the last of them', () => {
    const s = after(leader(), begin(4))
    assert.deepEqual([stateOf(s), told(s)], [['catchingUp', 4], []])
    const nearly = after(s, acknowledge(4, LAST - 1))
    assert.deepEqual([stateOf(nearly), told(nearly)], [['catchingUp', 4], []])
    const other = after(nearly, acknowledge(2, LAST))
    assert.deepEqual([stateOf(other), told(other)], [['catchingUp', 4], []])
    const all = after(other, acknowledge(4, LAST))
    assert.deepEqual([stateOf(all), told(all)], [['handedOff', 4], [4]])
  })

  test('that takes an election timeout is given up', () => {
    for (const to of [3, 4]) assert.deepEqual(stateOf(after(leader(), begin(to), abandonTransfer)), ['idle', null])
  })

  test('that is not under way cannot end', () => {
    for (const reduce of [abandonTransfer, cancelTransfer, reviewTransfer, acknowledge(4, LAST)]) {
      const s = after(leader(), reduce)
      assert.deepEqual([stateOf(s), s.lease], [['idle', null], leader().lease])
    }
  })

  test('to nobody that votes does not begin', () => {
    for (const to of [5, 9, 1]) {
      assert.ok(!electable(leader(), to))
      assert.deepEqual(beginTransfer(leader(), to), {})
    }
  })
})

describe('while a handover is under way, a request', () => {
  test('for the same target is that very handover', () => {
    for (const to of [3, 4]) {
      const s = after(leader(), begin(to))
      assert.deepEqual([electable(s, to), sameTarget(s, to), cancels(s, to)], [false, true, false])
      const again = after(s, begin(to))
      assert.deepEqual([stateOf(again), told(again), again.lease], [stateOf(s), [], s.lease])
    }
  })

  test('for nobody by name is that very handover, if its target is the best', () => {
    const s = after(leader(), begin(3))
    assert.deepEqual([electable(s, null), sameTarget(s, null)], [false, true])
    assert.ok(electable(after(leader(), begin(4)), null), 'another is better')
  })

  test('for another target replaces it', () => {
    const s = after(leader(), begin(4))
    assert.deepEqual([electable(s, 3), sameTarget(s, 3)], [true, false])
    const second = after(s, begin(3))
    assert.deepEqual([stateOf(second), told(second)], [['handedOff', 3], [3]])
    const third = after(second, begin(2))
    assert.deepEqual([stateOf(third), told(third)], [['handedOff', 2], [2]])
    const fourth = after(third, begin(4))
    assert.deepEqual([stateOf(fourth), told(fourth)], [['catchingUp', 4], []])
  })

  test('for the leader itself takes it back', () => {
    for (const to of [3, 4]) {
      const s = after(leader(), begin(to))
      assert.deepEqual([electable(s, 1), sameTarget(s, 1), cancels(s, 1)], [false, false, true])
      const back = after(s, cancelTransfer)
      assert.deepEqual([stateOf(back), told(back)], [['idle', null], []])
    }
    assert.ok(!cancels(leader(), 1), 'nothing is under way')
  })

  test('for a learner or a stranger changes nothing', () => {
    const s = after(leader(), begin(4))
    for (const to of [5, 9]) assert.deepEqual([electable(s, to), sameTarget(s, to), cancels(s, to)], [false, false, false])
    assert.deepEqual(beginTransfer(s, 9), {})
  })
})

describe('a change of configuration', () => {
  const changed = (conf: ConfState) => (s: RoleContext) => reviewTransfer({ ...s, conf })
  const reviewed = (conf: ConfState): readonly unknown[] => stateOf(after(leader(), begin(3), changed(conf)))

  test('ends the handover to who was removed or demoted', () => {
    assert.deepEqual(reviewed(votersOnly([1, 2, 4])), ['idle', null])
    assert.deepEqual(reviewed({ ...votersOnly([1, 2, 4]), learners: [3] }), ['idle', null])
  })

  test('leaves the handover to who still votes', () => {
    assert.deepEqual(reviewed(votersOnly([1, 3])), ['handedOff', 3])
    assert.deepEqual(reviewed({ ...votersOnly([1, 2]), votersOutgoing: [1, 2, 3] }), ['handedOff', 3])
  })
})

describe('the lease', () => {
  const heard = (round: number) => (s: RoleContext) => ({ lease: stepLease(s.lease, { type: 'quorumHeard', round }) })

  test('is waived with the first aim, and stays so with the second', () => {
    assert.ok(leaseCovers(leader().lease, 7))
    assert.equal(after(leader(), begin(4)).lease.value, 'waived')
    assert.equal(after(leader(), begin(4), begin(3)).lease.value, 'waived')
  })

  test('comes back with a round begun later, if nobody was told', () => {
    const s = after(leader(), begin(4), begun(2), abandonTransfer)
    assert.equal(s.lease.value, 'unconfirmed')
    assert.equal(after(s, heard(9)).lease.value, 'unconfirmed')
    assert.ok(leaseCovers(after(s, heard(10)).lease, 10))
  })

  test('does not come back in this reign, if anybody was told', () => {
    for (const end of [abandonTransfer, cancelTransfer])
      for (const path of [[begin(3)], [begin(3), begin(4)]]) {
        const s = after(leader(), ...path, begun(2), end)
        const later = after(s, begin(4), cancelTransfer, begun(2), heard(11))
        assert.deepEqual([s.lease.value, leaseCovers(later.lease, 0)], ['forfeited', false])
      }
  })
})
