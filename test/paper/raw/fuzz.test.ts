/** Whatever arrives, in whatever role: no word of it throws, breaks a peer, or bends a rule. FLOTILLA_FUZZ sets how many messages. */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { encodeChange } from '../../../src/protocol/confchange.ts'
import type { Message, MessageType } from '../../../src/protocol/messages.ts'
import type { PeerId } from '../../../src/protocol/types.ts'
import { leading, RawBench, type RawBenchOptions } from '../../harness/raw-bench.ts'

const MESSAGES = Number(process.env.FLOTILLA_FUZZ ?? 10_000)
const LENGTH = 50

const LOG = [1, 1, 2, 2, 3]
const HELD: RawBenchOptions = { log: LOG, commit: 3, conf: { learners: [4] } }

/** A peer in each role, in terms of 3 and 4, with five entries of which three are committed; peer 5 was removed, 6 never was one. */
const ROLES: Readonly<Record<string, (options: RawBenchOptions) => RawBench>> = {
  follower: (options) => new RawBench({ ...HELD, ...options }),
  learner: (options) => new RawBench({ ...HELD, ...options, voters: [2, 3], conf: { learners: [1, 4] } }),
  'no member': (options) => new RawBench({ ...options, voters: [] }),
  'pre-candidate': (options) => new RawBench({ ...HELD, ...options, preVote: true }).campaign(),
  candidate: (options) => new RawBench({ ...HELD, ...options, preVote: false }).campaign(),
  leader: (options) => leading({ ...HELD, ...options }),
  'leader of a joint configuration': (options) => leading({ ...HELD, ...options, conf: { votersOutgoing: [1, 2, 4] } }),
}

const SMALL = fc.integer({ min: 0, max: 9 })
const NEVER = fc.oneof(
  fc.constantFrom<unknown>(
    -1,
    1.5,
    2 ** 53,
    2 ** 60,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    -0,
    null,
    undefined,
    '3',
    true,
    7n,
    [],
  ),
  fc.anything(),
)
/** A number as it may be, nearly always: or one that is absurd, or none at all. */
const number = fc.oneof(
  { weight: 12, arbitrary: SMALL },
  { weight: 1, arbitrary: fc.maxSafeNat() },
  { weight: 1, arbitrary: NEVER },
)
const flag = fc.oneof({ weight: 12, arbitrary: fc.boolean() as fc.Arbitrary<unknown> }, { weight: 1, arbitrary: NEVER })
const bytes = fc.oneof(
  { weight: 12, arbitrary: fc.uint8Array({ maxLength: 4 }) as fc.Arbitrary<unknown> },
  { weight: 1, arbitrary: NEVER },
)
const from = fc.oneof(
  { weight: 12, arbitrary: fc.integer({ min: 2, max: 6 }) as fc.Arbitrary<unknown> },
  { weight: 2, arbitrary: number },
)
const to = fc.oneof({ weight: 20, arbitrary: fc.constant<unknown>(1) }, { weight: 1, arbitrary: number })
const term = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: 1, max: 8 }) as fc.Arbitrary<unknown> },
  { weight: 1, arbitrary: number },
)
const noTerm = fc.oneof({ weight: 8, arbitrary: fc.constant<unknown>(0) }, { weight: 1, arbitrary: number })

const peers = fc.uniqueArray(fc.integer({ min: 1, max: 5 }), { maxLength: 3 })
const change = fc
  .record({
    transition: fc.constantFrom('auto' as const, 'jointImplicit' as const, 'jointExplicit' as const),
    steps: fc.array(
      fc.record({
        type: fc.constantFrom('AddNode' as const, 'AddLearner' as const, 'RemoveNode' as const),
        peer: fc.integer({ min: 1, max: 5 }),
      }),
      { maxLength: 2 },
    ),
    context: fc.constant(''),
  })
  .map((one) => encodeChange(one))

/** Entries one after the other, from an index and a term on; now and then out of order, or not entries. */
const entries = fc
  .record({
    first: SMALL,
    base: SMALL,
    more: fc.array(fc.tuple(fc.integer({ min: 0, max: 1 }), fc.boolean(), fc.oneof(fc.uint8Array({ maxLength: 2 }), change)), {
      maxLength: 4,
    }),
  })
  .map(({ first, base, more }) => {
    let at = base
    const list = more.map(([step, configures, data], i) => {
      at += step
      return { index: first + i + 1, term: at, kind: configures ? 'configuration' : 'command', data }
    })
    return { prevIndex: first, prevTerm: base, entries: list as unknown }
  })
const appendBody = fc.oneof(
  { weight: 6, arbitrary: entries },
  {
    weight: 1,
    arbitrary: fc.record({
      ...{ prevIndex: number, prevTerm: number },
      entries: fc.array(fc.record({ index: number, term: number, kind: fc.constantFrom('command', 'noop', 'x'), data: bytes }), {
        maxLength: 3,
      }),
    }),
  },
)
const conf = fc.record({ voters: peers, votersOutgoing: peers, learners: peers, learnersNext: peers, autoLeave: flag })
const plainConf = peers
  .filter((voters) => voters.length > 0)
  .map((voters) => ({ voters, votersOutgoing: [], learners: [], learnersNext: [], autoLeave: false }))
const snapshot = fc.record({ index: number, term: number, conf: fc.oneof(conf as fc.Arbitrary<unknown>, plainConf), data: bytes })
const tickets = fc.oneof(
  { weight: 9, arbitrary: fc.array(SMALL, { maxLength: 3 }) as fc.Arbitrary<unknown> },
  { weight: 1, arbitrary: NEVER },
)

const voting = { lastIndex: number, lastTerm: number, priority: fc.option(number, { nil: undefined }) }

const BODIES: { readonly [T in MessageType]: fc.Arbitrary<object> } = {
  AppendEntries: fc.tuple(appendBody, fc.record({ commit: number })).map(([a, b]) => ({ ...a, ...b })),
  AppendEntriesReply: fc.record({ accepted: flag, index: number, hintIndex: number, hintTerm: number }),
  Heartbeat: fc.record({ commit: number, round: number }),
  HeartbeatReply: fc.record({ round: number }),
  PreVote: fc.record(voting),
  PreVoteReply: fc.record({ granted: flag }),
  RequestVote: fc.record({ ...voting, transfer: flag }),
  RequestVoteReply: fc.record({ granted: flag }),
  TimeoutNow: fc.constant({}),
  InstallSnapshot: fc.record({ snapshot }),
  Propose: fc.record({ kind: fc.constantFrom('command', 'configuration', 'noop', 'x'), data: fc.array(bytes, { maxLength: 2 }) }),
  ReadIndex: fc.record({ tickets }),
  ReadIndexReply: fc.record({ tickets, index: number }),
  TransferLeader: fc.record({ target: number }),
}
const FAVOURS: ReadonlySet<string> = new Set(['Propose', 'ReadIndex', 'ReadIndexReply', 'TransferLeader'])

const letters = Object.entries(BODIES).map(([type, body]) =>
  fc
    .tuple(fc.record({ from, to, term: FAVOURS.has(type) ? noTerm : term }), body)
    .map(([head, rest]): unknown => ({ type, ...head, ...rest })),
)
const arrived = fc.oneof(
  { weight: 40, arbitrary: fc.oneof(...letters) },
  { weight: 1, arbitrary: fc.anything() },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constantFrom('term.higher', 'conf.applied', 'storage.persisted', 'office.lost', 'x'),
      from,
      to,
      term,
    }),
  },
)

/** What a peer's own host may do in between. */
const DEEDS: readonly ((bench: RawBench) => void)[] = [
  (bench) => bench.tick(),
  (bench) => bench.tick(25),
  (bench) => bench.campaign(),
  (bench) => void bench.node.transferLeader(2),
  (bench) => bench.node.reportUnreachable(2),
  (bench) => bench.node.reportSnapshot(3, 'failed'),
  (bench) => bench.node.forgetLeader(),
  (bench) => bench.node.clockJumped(),
  (bench) => {
    const { applied, firstIndex, confState } = bench.status
    if (applied >= firstIndex && confState.voters.length > 0) bench.node.createSnapshot(applied, Buffer.of())
    if (applied > firstIndex) bench.node.compact(applied - 1)
  },
  (bench) => {
    if (bench.status.role === 'leader' && bench.status.transferee === null) bench.propose('x')
  },
]
const happening = fc.tuple(arrived, fc.option(fc.constantFrom(...DEEDS), { freq: 8, nil: null }))

/** What has to hold between what was and what is, and within what is, as far as anybody outside can see. */
function checkRules(bench: RawBench, before: RawBench['status']): void {
  const { broken, term: now, commit, applied, firstIndex, lastIndex, role, vote, leader, id, progress } = bench.status
  assert.equal(broken, null)
  assert.ok(now >= before.term && commit >= before.commit && applied >= before.applied, 'nothing goes back')
  assert.ok(
    firstIndex - 1 <= applied && applied <= commit && commit <= lastIndex,
    `${firstIndex} ${applied} ${commit} ${lastIndex}`,
  )
  if (now === before.term && before.vote !== null) assert.equal(vote, before.vote, 'one vote a term')
  if (now === before.term && before.leader !== null && leader !== null) assert.equal(leader, before.leader, 'one leader a term')
  if (role === 'leader') assert.deepEqual([vote, leader], [id, id])
  for (const { match, next } of Object.values(progress)) assert.ok(match < next && match <= lastIndex, `${match} ${next}`)
  const last = [...bench.disk.values()].at(-1)
  assert.ok(
    last === undefined || (last.index === lastIndex && last.term <= now),
    'the disk has the log, and none of a term to come',
  )
  for (const [i, one] of bench.applied.entries())
    assert.ok(i === 0 || one.index > (bench.applied[i - 1] as { index: PeerId }).index)
}

describe('any message', () => {
  const roles = Object.entries(ROLES)
  for (const [role, make] of roles) {
    for (const settings of [{}, { preVote: true, checkQuorum: true, leaseReads: true }]) {
      test(`to a ${role}${'preVote' in settings ? ', all safeguards on' : ''}: nothing throws, nothing breaks`, () => {
        const numRuns = Math.max(1, Math.ceil(MESSAGES / LENGTH / roles.length / 2))
        fc.assert(
          fc.property(fc.array(happening, { minLength: LENGTH, maxLength: LENGTH, size: 'max' }), (happenings) => {
            const bench = make(settings)
            for (const [letter, deed] of happenings) {
              const before = bench.status
              bench.node.step(letter as Message)
              bench.work()
              deed?.(bench)
              bench.work()
              checkRules(bench, before)
            }
          }),
          {
            numRuns,
            includeErrorInReport: true,
            ...(process.env.FLOTILLA_FUZZ_SEED && { seed: Number(process.env.FLOTILLA_FUZZ_SEED) }),
          },
        )
      })
    }
  }
})
