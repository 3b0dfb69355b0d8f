/** When logs are cut, and who is sent what: tables, and what holds after any history. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { FlotillaError } from '../../../src/base/errors.ts'
import { INFLIGHT_BYTES_MAX, LOG_BYTES_MIN, SNAPSHOT_OVERHEAD_BYTES } from '../../../src/base/limits.ts'
import {
  type CatchUpFacts,
  type CompactionPolicy,
  checkCompaction,
  compactionOf,
  DEFAULT_COMPACTION,
  type LogFacts,
  logOrSnapshot,
} from '../../../src/protocol/compaction.ts'

const MIB = 1024 * 1024
const POLICY: CompactionPolicy = { entries: 100, bytes: 128 * MIB, ratio: 2, keep: 20 }
const FACTS: LogFacts = { truncated: 1000, applied: 1100, logBytes: 1 * MIB }

const cutTo = (facts: Partial<LogFacts>, policy: Partial<CompactionPolicy> = {}): number | null =>
  compactionOf({ ...FACTS, ...facts }, { ...POLICY, ...policy })

test('the table of cuts', () => {
  const table: [string, number | null, Partial<LogFacts>, Partial<CompactionPolicy>?][] = [
    ['at the limit nothing is cut', null, {}],
    ['one entry more, and all but the tail goes', 1081, { applied: 1101 }],
    ['nothing was applied', null, { applied: 1000, logBytes: 0 }],
    ['a tail of half the limit at most', 1051, { applied: 1101 }, { keep: 1_000_000 }],
    ['no tail', 1101, { applied: 1101 }, { keep: 0 }],
    ['a limit of one entry', 1002, { applied: 1002 }, { entries: 1 }],
    ['bytes at the limit', null, { logBytes: 128 * MIB }],
    ['bytes above it', 1080, { logBytes: 128 * MIB + 1 }],
    ['bytes far above it: a shorter tail', 1095, { logBytes: 1280 * MIB }],
    ['one entry above it: no tail', 1001, { applied: 1001, logBytes: 144 * MIB }],
    ['the ratio at its limit', null, { logBytes: 64 * MIB, stateBytes: 32 * MIB }],
    ['the ratio above it', 1080, { logBytes: 64 * MIB + 1, stateBytes: 32 * MIB }],
    ['a small state, and a log that is small, too', null, { logBytes: LOG_BYTES_MIN, stateBytes: 0 }],
    ['a small state, and a log that is not', 1080, { logBytes: LOG_BYTES_MIN + 1, stateBytes: 0 }],
    ['a large state does not raise the limit of bytes', 1080, { logBytes: 144 * MIB, stateBytes: 1000 * MIB }],
    ['a snapshot on its way holds the log back', 1050, { applied: 1101, sending: 1050 }],
    ['one that ends behind the tail does not', 1081, { applied: 1101, sending: 1090 }],
    ['nothing goes beyond it', null, { applied: 1150, sending: 1000 }],
    ['at one and a half times the limit, too', 1050, { applied: 1150, sending: 1050 }],
    ['beyond that it is let go', 1131, { applied: 1151, sending: 1050 }],
    ['the same by bytes', 1010, { logBytes: 192 * MIB, sending: 1010 }],
    ['and beyond', 1080, { logBytes: 192 * MIB + 1, sending: 1010 }],
    ['one that is of no use any more', 1081, { applied: 1101, sending: 999 }],
  ]
  for (const [what, expected, facts, policy] of table) assert.equal(cutTo(facts, policy), expected, what)
})

const policies = fc.record(
  {
    entries: fc.integer({ min: 1, max: 200 }),
    bytes: fc.integer({ min: 1, max: 4 * MIB }),
    ratio: fc.integer({ min: 1, max: 1000 }).map((n) => n / 100),
    keep: fc.integer({ min: 0, max: 400 }),
  },
  { noNullPrototype: true },
)

const batch = fc.record({
  type: fc.constant('apply' as const),
  percent: fc.integer({ min: 0, max: 50 }),
  size: fc.integer({ min: 16, max: 100_000 }),
})
const step = fc.oneof(
  { weight: 12, arbitrary: batch },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('offer' as const) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('sent' as const) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('state' as const), bytes: fc.integer({ min: 0, max: 8 * MIB }) }) },
)
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

test('after any history applied − truncated is at most twice the limit, also between two questions, and what is not applied stays', () => {
  const run = (policy: CompactionPolicy, steps: readonly Step[]): void => {
    let [applied, truncated, stateBytes] = [0, 0, 0]
    let sending: number | undefined
    const sizes: number[] = []
    for (const one of steps) {
      if (one.type === 'apply') {
        const count = Math.floor((one.percent * policy.entries) / 100)
        for (let i = 0; i < count; i++) sizes[++applied] = one.size
      } else if (one.type === 'offer') sending = sending !== undefined && sending >= truncated ? sending : applied
      else if (one.type === 'sent') sending = undefined
      else stateBytes = one.bytes
      assert.ok(applied - truncated <= 2 * policy.entries, `${applied} − ${truncated}`)
      const logBytes = sizes.slice(truncated + 1).reduce((sum, bytes) => sum + bytes, 0)
      const cut = compactionOf({ applied, truncated, stateBytes, logBytes, ...(sending !== undefined && { sending }) }, policy)
      if (cut === null) continue
      assert.ok(cut > truncated && cut <= applied, `${truncated} < ${cut} ≤ ${applied}`)
      const isInTheWay = sending !== undefined && cut > sending && sending >= truncated
      const bytesMax = Math.min(policy.bytes, Math.max(LOG_BYTES_MIN, policy.ratio * stateBytes))
      const isFull = applied - truncated > 1.5 * policy.entries || logBytes > 1.5 * bytesMax
      if (isInTheWay) assert.ok(isFull, 'a snapshot was given up without need')
      truncated = cut
    }
  }
  fc.assert(fc.property(policies, fc.array(step, { maxLength: 60, size: 'max' }), run), { numRuns: 500 })
})

test('a cut once made leaves a log that is asked again only after half a limit more', () => {
  fc.assert(
    fc.property(policies, fc.integer({ min: 1, max: 5000 }), fc.integer({ min: 16, max: 5000 }), (policy, entries, size) => {
      const facts = { truncated: 0, applied: entries, logBytes: entries * size }
      const cut = compactionOf(facts, policy)
      if (cut === null) return
      const left = entries - cut
      assert.ok(left <= policy.entries / 2 && left * size <= policy.bytes / 2, `${left} entries left`)
      assert.equal(compactionOf({ ...facts, truncated: cut, logBytes: left * size }, policy), null)
    }),
  )
})

test('a policy that is none is refused', () => {
  checkCompaction(DEFAULT_COMPACTION)
  checkCompaction({ entries: 1, bytes: 1, ratio: 0.001, keep: 0 })
  const bad: Partial<CompactionPolicy>[] = [
    { entries: 0 },
    { entries: 1.5 },
    { entries: Number.NaN },
    { bytes: 0 },
    { bytes: Number.POSITIVE_INFINITY },
    { ratio: 0 },
    { ratio: Number.NaN },
    { keep: -1 },
    { keep: 0.5 },
  ]
  for (const change of bad) {
    const isRefusal = (thrown: unknown): boolean => thrown instanceof FlotillaError && thrown.code === 'CONFIG_INVALID'
    assert.throws(() => checkCompaction({ ...DEFAULT_COMPACTION, ...change }), isRefusal, JSON.stringify(change))
  }
})

const BEHIND: CatchUpFacts = {
  next: 500,
  isNew: false,
  truncated: 100,
  logBytes: 100 * MIB,
  snapshotIndex: 900,
  stateBytes: 10 * MIB,
}

test('the table of log or snapshot', () => {
  const dear = 10 * MIB + SNAPSHOT_OVERHEAD_BYTES
  const table: [string, 'log' | 'snapshot', Partial<CatchUpFacts>][] = [
    ['its next entry was cut off', 'snapshot', { next: 100, logBytes: 1, stateBytes: 1000 * MIB }],
    ['that was long ago', 'snapshot', { next: 1, isNew: true }],
    ['its next entry is the first that is left', 'log', { next: 101, logBytes: 1 }],
    ['the log costs as much as the state', 'log', { logBytes: dear }],
    ['the log costs more', 'snapshot', { logBytes: dear + 1 }],
    ['with the entries behind the snapshot it does not', 'log', { logBytes: dear + 1, tailBytes: 1 }],
    ['a window full of log is never too dear', 'log', { logBytes: INFLIGHT_BYTES_MAX, stateBytes: 0 }],
    ['more than a window', 'snapshot', { logBytes: INFLIGHT_BYTES_MAX + 1, stateBytes: 0 }],
    ['for who is new it can be', 'snapshot', { next: 101, isNew: true, logBytes: MIB, stateBytes: 1000 }],
    ['who is new gets a short log', 'log', { next: 101, isNew: true, logBytes: SNAPSHOT_OVERHEAD_BYTES, stateBytes: 0 }],
    ['who is new gets a log that costs less', 'log', { next: 101, isNew: true, logBytes: 9 * MIB }],
    ['the snapshot would bring it back', 'log', { snapshotIndex: 499 }],
    ['the snapshot ends at the next entry', 'snapshot', { snapshotIndex: 500 }],
  ]
  for (const [what, expected, facts] of table) assert.equal(logOrSnapshot({ ...BEHIND, ...facts }), expected, what)
  const { stateBytes: _, ...unknown } = BEHIND
  assert.equal(logOrSnapshot(unknown), 'log')
  assert.equal(logOrSnapshot({ ...unknown, next: 100 }), 'snapshot')
})

test('whatever the bytes are, an entry that was cut off is never sent, and a dearer state only instead of one', () => {
  const whole = fc.integer({ min: 0, max: 1000 })
  const bytes = fc.integer({ min: 0, max: 100 * MIB })
  const facts = fc.record({
    next: whole.map((n) => n + 1),
    isNew: fc.boolean(),
    truncated: whole,
    logBytes: bytes,
    snapshotIndex: whole,
    stateBytes: bytes,
    tailBytes: bytes,
  })
  fc.assert(
    fc.property(facts, (one) => {
      const choice = logOrSnapshot(one)
      if (one.next <= one.truncated) assert.equal(choice, 'snapshot')
      else if (choice === 'snapshot') assert.ok(one.logBytes > one.stateBytes + one.tailBytes && one.snapshotIndex >= one.next)
    }),
  )
})
