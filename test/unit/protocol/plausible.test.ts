/** What a peer listens to: every message that can be, and nothing that cannot; whatever it is, no word of it throws. */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { TERM_JUMP_MAX } from '../../../src/base/limits.ts'
import { appendEntries, logMatches } from '../../../src/protocol/append.ts'
import { comesFromLeader, hasNoTerm, type Message } from '../../../src/protocol/messages.ts'
import { reasonToDrop } from '../../../src/protocol/plausible.ts'
import type { RaftState } from '../../../src/protocol/state.ts'
import { type Entry, votersOnly } from '../../../src/protocol/types.ts'
import { BYTES, CONF, entry, GOOD, type MessageOf, PEER, SNAPSHOT } from './sample-letters.ts'

const MESSAGES: readonly Message[] = Object.values(GOOD)
const append = (more: Partial<MessageOf<'AppendEntries'>>): Message => ({ ...GOOD.AppendEntries, ...more })
const install = (more: object, term = 4): Message => ({ ...GOOD.InstallSnapshot, term, snapshot: { ...SNAPSHOT, ...more } })
const reason = (arrived: unknown, change: Partial<RaftState> = {}): string | null => reasonToDrop({ ...PEER, ...change }, arrived)
const passes = (arrived: unknown, change: Partial<RaftState> = {}): void => assert.equal(reason(arrived, change), null)

describe('taken in', () => {
  for (const m of MESSAGES) test(m.type, () => passes(m))

  test('letters about votes that say nothing of commitment', () => {
    for (const { commit: _, commitTerm: __, ...m } of [GOOD.PreVote, GOOD.PreVoteReply, GOOD.RequestVote, GOOD.RequestVoteReply])
      passes(m)
  })

  test('a vote request without priority', () => {
    for (const { priority: _, ...m } of [GOOD.PreVote, GOOD.RequestVote]) passes(m)
  })

  test('fields nobody knows', () => passes({ ...GOOD.TimeoutNow, colour: 'red' }))

  test('appends: empty, from the start, beyond our log, larger buffers', () => {
    passes(append({ entries: [] }))
    passes(append({ prevIndex: 0, prevTerm: 0, entries: [entry(1, 1), entry(2, 1), entry(3, 1), entry(4, 2)] }))
    passes(append({ prevIndex: 90, prevTerm: 4, commit: 1000, entries: [entry(91, 4, { data: Buffer.from('x') })] }))
  })

  test('snapshots: of plain voters, of what we hold, of what is cut off', () => {
    passes(install({ conf: votersOnly([1]) }))
    passes(install({ index: 6, term: 3 }))
    passes(install({ index: 2, term: 4 }))
  })

  test('what a leader of ours says, also again, and what leaders of other terms say', () => {
    for (const m of MESSAGES.filter(comesFromLeader)) {
      passes(m, { leader: 2 })
      passes({ ...m, term: 5 }, { leader: 3 })
    }
  })

  test('what does not come from a leader, whoever leads', () => {
    for (const m of MESSAGES.filter((one) => !comesFromLeader(one))) passes(m, { leader: 3 })
  })

  test('a term as far ahead as it may be; further, where nobody leads', () => {
    passes({ ...GOOD.Heartbeat, term: 4 + TERM_JUMP_MAX }, { leader: 3 })
    passes({ ...GOOD.Heartbeat, term: 2 ** 52 })
  })

  test('what was not committed may be replaced', () => passes(append({ prevIndex: 6, prevTerm: 3, entries: [entry(7, 4)] })))

  test('a deposed leader that never learned what was committed: it has to hear of our term', () => {
    passes(append({ term: 3, prevIndex: 4, prevTerm: 2, entries: [entry(5, 3)] }))
    passes(install({ index: 5, term: 1 }, 3))
  })
})

/** Of no use where a number, a peer, a truth value, bytes, a list or a record is wanted. */
const NEVER: readonly unknown[] = [null, 'x', Number.NaN, 1.5, -1, 2 ** 53, Number.POSITIVE_INFINITY, 7n, () => 1, Symbol('s')]
const NO_LISTS: readonly unknown[] = [{}, 'ab', 3, new Set([1]), { length: 0 }]

const asksOrVotes = (m: Message): boolean => /Vote/.test(m.type)

describe('each field of each message is checked:', () => {
  for (const m of MESSAGES)
    for (const [field, value] of Object.entries(m).filter(([name]) => name !== 'type'))
      test(`${m.type}.${field}`, () => {
        const lists = Array.isArray(value) ? NO_LISTS : [[], {}]
        const bad = typeof value === 'object' && !Array.isArray(value) ? NEVER : [...NEVER, ...lists]
        const missing = ['priority', 'commit', 'commitTerm'].includes(field) && asksOrVotes(m) ? [] : [undefined]
        for (const wrong of [...bad, ...missing, ...(typeof value === 'boolean' ? [0, 1] : [true])])
          assert.equal(reason({ ...m, [field]: wrong }), `${m.type} with a wrong ${field}`, String(wrong))
      })

  test('peers begin with 1', () => {
    assert.equal(reason({ ...GOOD.TimeoutNow, from: 0 }), 'TimeoutNow with a wrong from')
    assert.equal(reason({ ...GOOD.TransferLeader, target: 0 }), 'TransferLeader with a wrong target')
  })

  test('lists hold what they should, and have no holes', () => {
    for (const tickets of [[1, 1.5], ['1'], [2 ** 53], new Array(2)])
      for (const m of [GOOD.ReadIndex, GOOD.ReadIndexReply])
        assert.equal(reason({ ...m, tickets }), `${m.type} with a wrong tickets`)
    for (const data of [['x'], [BYTES, [1]], new Array(1)])
      assert.equal(reason({ ...GOOD.Propose, data }), 'Propose with a wrong data')
    assert.equal(reason({ ...GOOD.Propose, kind: 'constructor' }), 'Propose with a wrong kind')
  })
})

/** What is dropped beside wrong fields: the reason, and examples of it. */
const DROPPED: Readonly<Record<string, readonly (readonly [m: unknown, change?: Partial<RaftState>])[]>> = {
  'not an object': [[undefined], [null], [3], ['AppendEntries'], [Symbol('m')], [() => 1]],
  'of an unknown type': [
    [{}],
    [[]],
    [{ ...GOOD.TimeoutNow, type: 'Hello' }],
    [{ ...GOOD.TimeoutNow, type: '__proto__' }],
    [{ ...GOOD.TimeoutNow, type: 'term.higher' }],
    [{ ...GOOD.TimeoutNow, type: ['TimeoutNow'] }],
  ],
  'addressed to another peer': MESSAGES.map((m) => [{ ...m, to: 3 }]),
  'from ourselves': MESSAGES.map((m) => [{ ...m, from: 1 }]),
  'of term 0': MESSAGES.filter((m) => !hasNoTerm(m)).map((m) => [{ ...m, term: 0 }]),
  'with a term, where none belongs': MESSAGES.filter(hasNoTerm).map((m) => [{ ...m, term: 4 }]),
  'of a term too far ahead': [GOOD.Heartbeat, GOOD.PreVote, GOOD.HeartbeatReply].flatMap((m) => [
    [{ ...m, term: 5 + TERM_JUMP_MAX }, { leader: 3 }],
    [{ ...m, term: 2 ** 52 }, { leader: 1 }],
  ]),
  'from a second leader of our term': [
    ...MESSAGES.filter(comesFromLeader).map((m) => [m, { leader: 3 }] as const),
    ...MESSAGES.filter(comesFromLeader).map((m) => [m, { leader: 1 }] as const), // we lead
  ],
  'with a log ahead of its term': [
    [append({ prevTerm: 5 })],
    [{ ...GOOD.RequestVote, lastTerm: 5 }],
    [{ ...GOOD.PreVote, lastTerm: 6 }],
  ],
  'with a commit index beyond its log': [
    [{ ...GOOD.PreVote, commit: 9 }],
    [{ ...GOOD.RequestVote, commitTerm: 5 }],
    [{ ...GOOD.RequestVoteReply, commit: 7, commitTerm: 5 }],
  ],
  'a commit index against what is committed': [GOOD.PreVote, GOOD.PreVoteReply, GOOD.RequestVote, GOOD.RequestVoteReply].flatMap(
    (m) =>
      [[{ ...m, commit: 6, commitTerm: 2 }], [{ ...m, commit: 3, commitTerm: 2 }], [{ ...m, commit: 5, commitTerm: 0 }]] as const,
  ),
  'with an entry that is none': [
    [append({ entries: [entry(6, 3), null] as unknown as Entry[] })],
    [append({ entries: new Array(1) as Entry[] })],
    [append({ entries: ['ab'] as unknown as Entry[] })],
  ],
  'with entries out of order': [
    [append({ entries: [entry(7, 3)] })],
    [append({ entries: [entry(6, 3), entry(6, 3)] })],
    [append({ entries: [entry(6, 3), entry(8, 4)] })],
    [append({ entries: [entry(6, 3, { index: '6' })] })],
    [append({ prevIndex: 2 ** 52, entries: [entry(2 ** 52 + 1, 4)] })],
  ],
  'with an entry of a wrong term': [
    [append({ entries: [entry(6, 3), entry(7, 2)] })],
    [append({ entries: [entry(6, 1)] })],
    [append({ entries: [entry(6, 5)] })],
    [append({ prevIndex: 0, prevTerm: 0, entries: [entry(1, 0)] })],
    [append({ entries: [entry(6, 3.5)] })],
    [append({ entries: [entry(6, 3, { term: '3' })] })],
  ],
  'with an entry of an unknown kind': ['other', 'toString', null, {}].map((kind) => [
    append({ entries: [entry(6, 3, { kind })] }),
  ]),
  'with an entry without bytes': [undefined, 'x', [1], new ArrayBuffer(2)].map((data) => [
    append({ entries: [entry(6, 3, { data })] }),
  ]),
  'entries against what is committed': [
    [append({ entries: [entry(6, 2)] })],
    [append({ term: 9, prevIndex: 4, prevTerm: 2, entries: [entry(5, 2), entry(6, 4)] })],
    [append({ prevIndex: 2, prevTerm: 1, entries: [entry(3, 2), entry(4, 2)] })], // the last that is cut off: its term is known
  ],
  'snapshot with a wrong index': [0, -1, 1.5, '9', undefined].map((index) => [install({ index })]),
  'snapshot with a wrong term': [0, 2 ** 53, undefined].map((term) => [install({ term })]),
  'snapshot with a wrong data': ['x', [1], undefined].map((data) => [install({ data })]),
  'snapshot with a wrong conf': [
    ...[null, 'x', undefined, []].map((conf) => [install({ conf })] as const),
    ...['voters', 'votersOutgoing', 'learners', 'learnersNext'].flatMap((field) =>
      [undefined, 3, [0], ['1'], new Array(1), new Set([1])].map(
        (list) => [install({ conf: { ...CONF, [field]: list } })] as const,
      ),
    ),
    [install({ conf: { ...CONF, autoLeave: 1 } })],
    ...[
      { voters: [] },
      { voters: [1, 2, 2] },
      { votersOutgoing: [1, 1] },
      { learners: [5, 5] },
      { learnersNext: [3, 3] },
      { learners: [4] },
      { learners: [3] },
      { learnersNext: [2] },
    ].map((change) => [install({ conf: { ...CONF, ...change } })] as const),
  ],
  'with a snapshot ahead of its term': [[install({ term: 5 })]],
  'a snapshot against what is committed': [
    [install({ index: 6, term: 2 })],
    [install({ index: 3, term: 2 })],
    [install({ index: 5, term: 4 }, 8)],
  ],
}

describe('dropped:', () => {
  for (const [why, examples] of Object.entries(DROPPED))
    test(why, () => {
      for (const [m, change] of examples) assert.equal(reason(m, change), why, JSON.stringify(m))
    })
})

/** Small numbers meet each other often; the others are out of bounds. */
const number = fc.oneof({ weight: 9, arbitrary: fc.integer({ min: 0, max: 10 }) }, fc.constantFrom(-1, 0.5, 2 ** 53, Number.NaN))

const anyEntries = fc
  .tuple(
    fc.integer({ min: 0, max: 9 }),
    fc.array(fc.integer({ min: 0, max: 2 }), { maxLength: 6 }),
    fc.integer({ min: 0, max: 4 }),
  )
  .map(([prevIndex, steps, prevTerm]) => {
    let term = prevTerm
    const entries = steps.map((step, i) => {
      term += step
      return entry(prevIndex + 1 + i, term)
    })
    return { prevIndex, prevTerm, entries }
  })

const anything = fc.anything({
  withBigInt: true,
  withNullPrototype: true,
  withTypedArray: true,
  withSparseArray: true,
  withMap: true,
})

/** A message as it should be, with some of its fields replaced by others. */
const damaged = fc
  .tuple(fc.constantFrom(...MESSAGES), fc.array(fc.tuple(fc.nat(9), fc.oneof(number, anything)), { maxLength: 3 }))
  .map(([m, changes]) => {
    const names = Object.keys(m)
    return { ...m, ...Object.fromEntries(changes.map(([at, value]) => [names[at % names.length], value])) }
  })

describe('whatever arrives', () => {
  test('the answer is a reason or null', () => {
    fc.assert(
      fc.property(fc.oneof(anything, damaged, damaged), (arrived) => {
        const why = reasonToDrop(PEER, arrived)
        assert.ok(why === null || why.length > 0)
      }),
      { numRuns: 3000 },
    )
  })

  test('the log can take what was not dropped, and what is committed stays', () => {
    let taken = 0
    fc.assert(
      fc.property(anyEntries, fc.integer({ min: 4, max: 9 }), fc.constantFrom(3, 5, 6, 8), (body, term, commit) => {
        const s = { ...PEER, commit }
        const m = { ...GOOD.AppendEntries, ...body, term }
        if (reasonToDrop(s, m) !== null || !logMatches(s, m)) return
        const { log } = appendEntries(s, m)
        taken++
        for (let index = 3; index <= commit; index++) assert.equal(log?.termAt(index), PEER.log.termAt(index))
      }),
      { numRuns: 3000 },
    )
    assert.ok(taken > 50, `only ${taken} were taken`)
  })
})
