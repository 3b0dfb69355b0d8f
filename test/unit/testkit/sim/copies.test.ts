/** What disks hold of what is committed, and what replicas are given, as the watch over a simulated world sees it. Knows no world. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TracedState, TracedStep } from '../../../../src/ports/trace.ts'
import type { RaftState } from '../../../../src/protocol/state.ts'
import { votersOnly } from '../../../../src/protocol/types.ts'
import { Copies } from '../../../../src/testkit/sim/copies.ts'

/** A watch over three peers of one group, on machines of their own names, of which those named have what is committed. */
function watchOver(holders: readonly string[] = []) {
  const seen: string[] = []
  const copies = new Copies(
    (machine) => (machine === 'gone' ? null : holders.includes(machine)),
    ({ invariant }) => seen.push(invariant),
  )
  for (const [i, machine] of ['a', 'b', 'c'].entries()) copies.began({ machine, group: 'g', peer: i + 1 }, stateAt({ commit: 0 }))
  const commit = (type: string, index = 5, voters: readonly number[] = [1, 2, 3]): void =>
    copies.stepped({ machine: 'a', group: 'g', peer: 1 }, { ...stepTo(index, voters), cause: { type } })
  return { seen, copies, commit }
}

interface Shape {
  readonly commit: number
  readonly applied?: number
  readonly voters?: readonly number[]
}

/** As much of a leader of term 2 as the watch looks at. */
function stateAt({ commit, applied = 0, voters = [1, 2, 3] }: Shape): TracedState {
  const raft = { conf: votersOnly(voters), term: 2, commit, applied, log: { termAt: () => 2, durableIndex: 0, lastIndex: 0 } }
  return { role: 'leader', states: [], raft: raft as unknown as RaftState }
}

const stepTo = (commit: number, voters: readonly number[] = [1, 2, 3]): Pick<TracedStep, 'before' | 'after'> => ({
  before: stateAt({ commit: 0, voters }),
  after: stateAt({ commit, applied: commit, voters }),
})

const command = (index: number) => ({ index, term: 2, kind: 'command', data: new Uint8Array() }) as const

test('what is committed by counting is on the disks of a majority', () => {
  for (const cause of ['AppendEntriesReply', 'storage.persisted']) {
    const two = watchOver(['a', 'c'])
    two.commit(cause)
    assert.deepEqual(two.seen, [])
    const one = watchOver(['a'])
    one.commit(cause)
    assert.deepEqual(one.seen, ['COMMITTED_IS_DURABLE'])
  }
})

test('what a leader is told by others, or what was known before, was counted elsewhere', () => {
  const told = watchOver(['a'])
  told.commit('HeartbeatReply')
  told.commit('AppendEntriesReply')
  assert.deepEqual(told.seen, [])
  told.commit('AppendEntriesReply', 6)
  assert.deepEqual(told.seen, ['COMMITTED_IS_DURABLE'])
})

test('what a peer is told to be on its disk is there', () => {
  const { seen, copies } = watchOver(['a'])
  const log = { termAt: () => 2, durableIndex: 3 }
  const told = { ...stateAt({ commit: 0 }), raft: { ...stateAt({ commit: 0 }).raft, log } as unknown as RaftState }
  const cause = { type: 'storage.persisted' }
  copies.stepped({ machine: 'a', group: 'g', peer: 1 }, { before: told, after: told, cause })
  assert.deepEqual(seen, [])
  copies.stepped({ machine: 'b', group: 'g', peer: 2 }, { before: told, after: told, cause })
  assert.deepEqual(seen, ['PERSISTED_IS_ON_DISK'])
})

/** A watch over three peers of which only the first has what is committed; the second had five entries of term 2, and may have said so. */
function afterLoss() {
  const holders = ['a', 'b']
  const { seen, copies, commit } = watchOver(holders)
  const told = (index: number, { term = 2, raftTerm = 2, cause = 'storage.persisted' } = {}): void => {
    const before = stateAt({ commit: 0 })
    const log = { termAt: () => term, durableIndex: index, lastIndex: index }
    const after = { ...before, raft: { ...before.raft, term: raftTerm, log } as unknown as RaftState }
    copies.stepped({ machine: 'b', group: 'g', peer: 2 }, { before, after, cause: { type: cause } })
  }
  told(5, { cause: 'AppendEntries' }) // what it says of its disk leaves before its steps show it
  holders.pop()
  copies.excuse('b')
  const filled = (...[index, terms]: Parameters<typeof told>): void => {
    holders.push('b')
    told(index, terms)
    holders.pop()
  }
  return { seen, copies, commit, filled }
}

test('a disk that was lost or replaced after it had acknowledged is no one’s fault', () => {
  const { seen, commit } = afterLoss()
  commit('AppendEntriesReply')
  assert.deepEqual(seen, [])
})

test('what it had not acknowledged it cannot have lost', () => {
  const { seen, commit } = afterLoss()
  commit('AppendEntriesReply', 6)
  assert.deepEqual(seen, ['COMMITTED_IS_DURABLE'])
})

test('it is excused until it has what counts of that again, be it that of a later leader', () => {
  for (const [index, terms] of [[5], [6], [1, { term: 3, raftTerm: 3 }]] as const) {
    const { seen, commit, filled } = afterLoss()
    filled(index, terms)
    commit('AppendEntriesReply')
    assert.deepEqual(seen, ['COMMITTED_IS_DURABLE'])
  }
})

test('part of it is not all of it, nor is what an older leader had sent, nor a second loss the end of the first', () => {
  for (const [index, terms] of [[4], [9, { term: 1, raftTerm: 3 }]] as const) {
    const { seen, copies, commit, filled } = afterLoss()
    filled(index, terms)
    commit('AppendEntriesReply', 3)
    copies.excuse('b')
    commit('AppendEntriesReply', 4)
    assert.deepEqual(seen, [])
  }
  const { seen, copies, commit } = afterLoss()
  copies.began({ machine: 'b', group: 'g', peer: 2 }, stateAt({ commit: 0 }))
  copies.excuse('b')
  commit('AppendEntriesReply')
  assert.deepEqual(seen, [])
})

test('a machine lacks something until its peer is filled again, or another peer begins there', () => {
  const { copies, filled } = afterLoss()
  copies.began({ machine: 'b', group: 'g', peer: 2 }, stateAt({ commit: 0 })) // as of old: nobody has noticed
  assert.deepEqual(
    ['a', 'b', 'c'].map((machine) => copies.lacks(machine)),
    [false, true, false],
  )
  filled(6)
  assert.equal(copies.lacks('b'), false)
  const other = afterLoss()
  assert.equal(other.copies.lacks('b'), true)
  other.copies.began({ machine: 'b', group: 'g', peer: 4 }, stateAt({ commit: 0 }))
  assert.equal(other.copies.lacks('b'), false)
})

test('who comes in its place as a new peer is not excused for what it loses itself', () => {
  const { seen, copies, commit } = afterLoss()
  copies.began({ machine: 'b', group: 'g', peer: 4 }, stateAt({ commit: 0 }))
  commit('AppendEntriesReply', 5, [1, 3, 4])
  assert.deepEqual(seen, ['COMMITTED_IS_DURABLE'])
})

test('a replica is given every entry once, behind the one before; a restart goes on from what was saved, a snapshot from its end', () => {
  const { seen, copies } = watchOver()
  const mover = { machine: 'a', group: 'g', peer: 1 }
  copies.applied(mover, command(1))
  copies.applied(mover, command(2))
  copies.began(mover, stateAt({ commit: 2, applied: 1 }))
  copies.applied(mover, command(2))
  copies.stepped(mover, { ...stepTo(7), cause: { type: 'snapshot.installed' } })
  copies.applied(mover, command(8))
  assert.deepEqual(seen, [])
  copies.applied(mover, command(8))
  copies.applied(mover, command(10))
  assert.deepEqual(seen, ['APPLIED_IN_ORDER', 'APPLIED_IN_ORDER'])
})
