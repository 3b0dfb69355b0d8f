/** The log and its tail, against a plain array: random edits, and no older value ever changes. */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { InvariantError } from '../../../src/base/assert.ts'
import { TAIL_BYTES_MAX } from '../../../src/base/limits.ts'
import { Log } from '../../../src/protocol/log.ts'
import { Tail } from '../../../src/protocol/tail.ts'
import type { Entry, LogIndex } from '../../../src/protocol/types.ts'
import { Disk, entriesOf, entryOf, runsOf } from '../../harness/disk.ts'

/** A log over a disk that holds these terms. */
function stored(terms: readonly number[]): Log {
  const disk = Disk.holding(terms)
  const { truncated, lastIndex, runs, reader } = disk.recall(1, [1])
  return Log.from({ truncated, lastIndex, runs, reader })
}

const all = (log: Log): Entry[] => {
  const found: Entry[] = []
  while (found.length < log.lastIndex) found.push(...log.slice(found.length + 1, log.lastIndex + 1, Number.POSITIVE_INFINITY))
  return found
}

const breaks = (name: string) => (error: unknown) => error instanceof InvariantError && error.invariant === name

describe('the tail', () => {
  const edit = fc.oneof(
    fc.record({ kind: fc.constant('append' as const), count: fc.integer({ min: 0, max: 5 }) }),
    fc.record({ kind: fc.constant('truncate' as const), count: fc.integer({ min: 0, max: 6 }) }),
    fc.record({ kind: fc.constant('drop' as const), count: fc.integer({ min: 0, max: 6 }) }),
    fc.record({ kind: fc.constant('back' as const), count: fc.integer({ min: 1, max: 6 }) }),
  )

  test('is an array that remembers: whatever is done, every view keeps what it showed', () => {
    fc.assert(
      fc.property(fc.array(edit, { maxLength: 40 }), (edits) => {
        let word = 0
        const views: { readonly tail: Tail; readonly model: readonly Entry[] }[] = [{ tail: Tail.empty(1), model: [] }]
        for (const { kind, count } of edits) {
          const { tail, model } = views.at(kind === 'back' ? -Math.min(count, views.length) : -1) as (typeof views)[number]
          const end = tail.first + tail.length
          if (kind === 'append' || kind === 'back') {
            const added = Array.from({ length: count }, (_, i) => entryOf(1, end + i, `w${++word}`))
            views.push({ tail: tail.append(added), model: [...model, ...added] })
          } else if (kind === 'truncate') {
            const from = Math.max(tail.first, end - count)
            views.push({ tail: tail.truncate(from), model: model.slice(0, from - tail.first) })
          } else {
            const first = Math.min(end, tail.first + count)
            views.push({ tail: tail.dropBefore(first), model: model.slice(first - tail.first) })
          }
        }
        for (const { tail, model } of views) {
          assert.deepEqual(tail.slice(tail.first, tail.first + tail.length), model)
          assert.equal(tail.at(tail.first + tail.length), undefined)
          for (const [i, entry] of model.entries()) assert.equal(tail.at(tail.first + i), entry)
        }
      }),
    )
  })
})

describe('the log', () => {
  test('is an array of terms that never fall', () => {
    const step = fc.record({
      cut: fc.integer({ min: 0, max: 4 }),
      add: fc.integer({ min: 0, max: 4 }),
      up: fc.integer({ min: 0, max: 2 }),
    })
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 1 }), { maxLength: 8 }),
        fc.array(step, { maxLength: 20 }),
        (rises, steps) => {
          let term = 1
          const start = rises.map((rise) => (term += rise))
          let log = stored(start)
          let model = entriesOf(start)
          for (const { cut, add, up } of steps) {
            const from = Math.max(1, model.length + 1 - cut)
            log = log.truncate(from)
            model = model.slice(0, from - 1)
            term = (model.at(-1)?.term ?? 1) + up
            const added = entriesOf(new Array<number>(add).fill(term), from)
            log = log.append(added)
            model = [...model, ...added]
            assertSame(log, model)
          }
        },
      ),
    )
  })

  test('asks the disk for what has left memory, and memory for what is not on disk', () => {
    const log = stored([1, 1, 1]).append(entriesOf([1, 1], 4))
    const indexes = (lo: number) => log.slice(lo, 6, 1e9).map((entry) => entry.index)
    assert.deepEqual(indexes(2), [2, 3], 'first what the disk has')
    assert.deepEqual(indexes(4), [4, 5])
  })

  test('lets go of applied entries when they weigh too much, and never of what is not durable or not applied', () => {
    const heavy = TAIL_BYTES_MAX / 8
    const entries = Array.from(
      { length: 12 },
      (_, i): Entry => ({ term: 1, index: i + 1, kind: 'command', data: new Uint8Array(heavy) }),
    )
    const reads: number[] = []
    const reader = {
      entries: (lo: number, hi: number) => {
        reads.push(lo)
        return entries.slice(lo - 1, hi - 1)
      },
    }
    const log = Log.from({ truncated: { index: 0, term: 0 }, lastIndex: 0, runs: [], reader }).append(entries)
    const inMemory = (some: Log): number => {
      reads.length = 0
      for (const { index } of entries) some.slice(index, index + 1, 1e9)
      return entries.length - reads.length
    }
    assert.equal(inMemory(log.forget(12)), 12, 'nothing is durable')
    const durable = log.persisted({ index: 12, term: 1 })
    assert.equal(inMemory(durable.forget(2)), 10, 'only two are applied')
    assert.ok(inMemory(durable.forget(12)) <= 4, 'what stays weighs at most half of the bound')
  })

  test('serves entries up to so many bytes, and at least one', () => {
    const log = stored([]).append([1, 2, 3].map((index) => ({ term: 1, index, kind: 'command', data: new Uint8Array(100) })))
    for (const [bytes, count] of [
      [0, 1],
      [116, 1],
      [231, 1],
      [232, 2],
      [1000, 3],
    ] as const)
      assert.equal(log.slice(1, 4, bytes).length, count, `${bytes} bytes`)
    assert.deepEqual(log.slice(2, 2, 1000), [])
  })

  test('is up to date by term first, then by length (§5.4.1)', () => {
    const log = stored([1, 2, 2])
    for (const [index, term, upToDate] of [
      [9, 1, false],
      [2, 2, false],
      [3, 2, true],
      [4, 2, true],
      [1, 3, true],
    ] as const)
      assert.equal(log.isUpToDate(index, term), upToDate)
  })

  test('counts as durable only what was written and not replaced since', () => {
    const log = stored([1]).append(entriesOf([1, 1], 2))
    assert.equal(log.durableIndex, 1)
    assert.equal(log.persisted({ index: 2, term: 1 }).durableIndex, 2)
    assert.equal(log.persisted({ index: 2, term: 9 }).durableIndex, 1, 'another entry was written there')
    const replaced = log
      .persisted({ index: 3, term: 1 })
      .truncate(2)
      .append(entriesOf([2], 2))
    assert.equal(replaced.durableIndex, 1)
    assert.equal(replaced.persisted({ index: 3, term: 1 }).durableIndex, 1, 'a late word')
  })

  test('knows what a disk lacks', () => {
    const before = stored([1, 1, 1])
    const indexes = (log: Log): LogIndex[] => log.since(before).map((entry) => entry.index)
    assert.deepEqual(indexes(before), [])
    assert.deepEqual(indexes(before.append(entriesOf([1, 2], 4))), [4, 5])
    assert.deepEqual(indexes(before.truncate(2).append(entriesOf([2], 2))), [2])
    assert.deepEqual(indexes(before.truncate(2).append(entriesOf([2, 2, 2], 2))), [2, 3, 4])
  })

  test('lets durable, applied entries leave memory once there are many', () => {
    const many = stored([]).append(entriesOf(new Array<number>(10_000).fill(1)))
    assert.equal(many.forget(10_000), many, 'nothing is durable yet')
    const log = many.persisted({ index: 10_000, term: 1 }).forget(9_000)
    assert.notEqual(log, many)
    assert.throws(() => log.slice(1, 10, 1e9), /not all on the disk/, 'they are asked of the disk now')
    assert.equal(log.slice(9_500, 9_600, 1e9).length, 100)
  })

  test('refuses what would break it', () => {
    const log = stored([1, 2])
    assert.throws(() => log.append(entriesOf([2], 4)), breaks('LOG_HAS_A_GAP'))
    assert.throws(() => log.append(entriesOf([1], 3)), breaks('LOG_TERM_FELL'))
    assert.throws(() => log.truncate(0), breaks('LOG_TRUNCATED_BELOW_START'))
    assert.throws(() => log.slice(0, 2, 1), breaks('LOG_SLICE_OUTSIDE'))
    assert.throws(() => log.slice(1, 4, 1), breaks('LOG_SLICE_OUTSIDE'))
  })

  test('begins behind what was cut off', () => {
    const reader = { entries: () => [] }
    const log = Log.from({ truncated: { index: 5, term: 2 }, lastIndex: 7, runs: [{ from: 6, term: 3 }], reader })
    assert.deepEqual(
      [log.firstIndex, log.termAt(4), log.termAt(5), log.termAt(6), log.termAt(8)],
      [6, undefined, 2, 3, undefined],
    )
    assert.deepEqual(
      [log.lastAtMost(7, 2), log.lastAtMost(4, 9)],
      [
        { index: 5, term: 2 },
        { index: 4, term: 0 },
      ],
    )
    const empty = Log.from({ truncated: { index: 5, term: 2 }, lastIndex: 5, runs: [], reader })
    assert.deepEqual([empty.lastTerm, empty.append(entriesOf([2], 6)).lastTerm], [2, 2])
  })
})

/** The same entries, the same terms, the same answers to §5.3's question. */
function assertSame(log: Log, model: readonly Entry[]): void {
  assert.deepEqual(
    all(log).map(({ index, term }) => [index, term]),
    model.map(({ index, term }) => [index, term]),
  )
  assert.deepEqual([log.lastIndex, log.lastTerm], [model.length, model.at(-1)?.term ?? 0])
  assert.deepEqual(log.runs, runsOf(model))
  for (let index = 0; index <= model.length + 1; index++) {
    assert.equal(log.termAt(index), index === 0 ? 0 : model[index - 1]?.term)
    for (let term = 0; term <= 6; term++) {
      const naive = model.findLast((entry) => entry.index <= index && entry.term <= term)
      assert.deepEqual(log.lastAtMost(index, term), { index: naive?.index ?? 0, term: naive?.term ?? 0 })
    }
  }
}
