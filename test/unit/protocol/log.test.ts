/** The log case by case, and its tail against a plain array. The log against a plain array is in log-model.test.ts. */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { InvariantError } from '../../../src/base/assert.ts'
import { TAIL_BYTES_MAX } from '../../../src/base/limits.ts'
import { Log } from '../../../src/protocol/log.ts'
import { Tail } from '../../../src/protocol/tail.ts'
import type { Entry, LogIndex } from '../../../src/protocol/types.ts'
import { Disk, entriesOf, entryOf } from '../../harness/disk.ts'

/** A log over a disk that holds these terms. */
function stored(terms: readonly number[]): Log {
  const disk = Disk.holding(terms)
  const { truncated, lastIndex, runs, reader } = disk.recall(1, [1])
  return Log.from({ truncated, lastIndex, runs, reader })
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

  test('knows what a disk lacks when its beginning moved', () => {
    const before = stored([1, 1, 1])
    const longer = before.append(entriesOf([1, 1], 4))
    const indexes = (log: Log): LogIndex[] => log.since(before).map((entry) => entry.index)
    assert.deepEqual(indexes(before.compact(3)), [])
    assert.deepEqual(indexes(longer.compact(2)), [4, 5])
    assert.deepEqual(indexes(longer.restore({ index: 4, term: 1 })), [5], 'the snapshot stands for 4')
    assert.deepEqual(indexes(longer.restore({ index: 5, term: 1 })), [])
    for (const position of [
      { index: 2, term: 2 },
      { index: 3, term: 2 },
      { index: 9, term: 2 },
      { index: 9, term: 1 },
    ]) {
      const restored = before.restore(position)
      assert.deepEqual(indexes(restored), [], 'no old entry is to be written')
      const { index } = position
      assert.deepEqual(indexes(restored.append(entriesOf([2, 2], index + 1))), [index + 1, index + 2])
    }
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
    assert.throws(() => log.compact(3), breaks('LOG_COMPACTED_BEYOND_DISK'))
    assert.throws(() => log.append(entriesOf([2], 3)).compact(3), breaks('LOG_COMPACTED_BEYOND_DISK'), 'it is not on disk yet')
    const compacted = log.compact(2)
    assert.throws(() => compacted.slice(2, 3, 1), breaks('LOG_SLICE_OUTSIDE'), 'it is cut off')
    assert.throws(() => compacted.truncate(2), breaks('LOG_TRUNCATED_BELOW_START'))
    assert.throws(() => compacted.restore({ index: 1, term: 1 }), breaks('LOG_RESTORED_BELOW_START'))
    assert.throws(() => compacted.restore({ index: 2, term: 3 }), breaks('LOG_RESTORED_BELOW_START'))
  })

  test('is left alone by what changes nothing', () => {
    const log = stored([1, 1, 2]).compact(2)
    assert.equal(log.compact(2), log)
    assert.equal(log.compact(1), log)
    assert.equal(log.restore({ index: 2, term: 1 }), log)
    assert.equal(log.settle(9), log)
  })

  test('lets memory go of what is cut off', () => {
    const log = stored([])
      .append(entriesOf([1, 1, 2]))
      .persisted({ index: 3, term: 2 })
    const compacted = log.compact(2)
    assert.deepEqual(
      [compacted.firstIndex, compacted.termAt(1), compacted.termAt(2), compacted.lastTerm, compacted.runs],
      [3, undefined, 1, 2, [{ from: 3, term: 2 }]],
    )
    assert.deepEqual(compacted.slice(3, 4, 1e9), entriesOf([2], 3))
    const heavy = Array.from(
      { length: 12 },
      (_, i): Entry => ({ term: 2, index: i + 4, kind: 'command', data: new Uint8Array(TAIL_BYTES_MAX / 8) }),
    )
    const light = log.append(heavy).persisted({ index: 15, term: 2 }).compact(14)
    assert.equal(light.forget(15), light, 'only one of the heavy ones is left')
    const restored = log.restore({ index: 9, term: 4 })
    assert.deepEqual([restored.lastIndex, restored.lastTerm, restored.durableIndex, restored.runs], [9, 4, 9, []])
    assert.deepEqual(restored.append(entriesOf([4], 10)).slice(10, 11, 1e9), entriesOf([4], 10))
    for (const position of [
      { index: 9, term: 4 },
      { index: 2, term: 1 },
    ]) {
      const snapshot = { ...position, data: new Uint8Array(9) }
      assert.deepEqual(log.restore(snapshot).truncated, position, 'the position is kept, not the snapshot')
    }
  })

  test('is durable as far as a snapshot stands for it, and no further', () => {
    const log = stored([1]).append(entriesOf([1, 1, 1], 2))
    const restored = log.restore({ index: 3, term: 1 })
    assert.deepEqual([log.durableIndex, restored.durableIndex, restored.lastIndex], [1, 3, 4])
    assert.equal(restored.persisted({ index: 4, term: 1 }).durableIndex, 4)
    const all = log.persisted({ index: 4, term: 1 })
    assert.equal(all.restore({ index: 3, term: 1 }).durableIndex, 4)
    const emptied = all.restore({ index: 3, term: 2 })
    assert.equal(emptied.append(entriesOf([2], 4)).persisted({ index: 4, term: 1 }).durableIndex, 3, 'a late word')
  })

  test('knows which configurations have not taken effect', () => {
    const config = (index: LogIndex): Entry => ({ ...entryOf(1, index, 'c'), kind: 'configuration' })
    const { truncated, lastIndex, runs, reader } = Disk.holding([1, 1, 1]).recall(1, [1])
    assert.deepEqual(Log.from({ truncated, lastIndex, runs, reader }).configurations, [])
    const log = Log.from({ truncated, lastIndex, runs, reader, configurations: [2] }).append([
      config(4),
      entryOf(1, 5, 'x'),
      config(6),
    ])
    assert.deepEqual(log.configurations, [2, 4, 6])
    assert.deepEqual(log.settle(1).configurations, [2, 4, 6])
    assert.deepEqual(log.settle(4).configurations, [6])
    assert.deepEqual(log.truncate(6).configurations, [2, 4])
    assert.deepEqual(log.truncate(4).configurations, [2])
    assert.deepEqual(log.compact(2).configurations, [4, 6])
    assert.deepEqual(log.restore({ index: 4, term: 1 }).configurations, [6])
    assert.deepEqual(log.restore({ index: 4, term: 2 }).configurations, [])
    assert.deepEqual(log.configurations, [2, 4, 6], 'the old value stays true')
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
