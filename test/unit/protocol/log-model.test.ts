/** The log against a plain array: random edits on any older value, what a disk would lack, and no older value ever changes. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Log } from '../../../src/protocol/log.ts'
import type { Entry, LogIndex, LogPosition, Term } from '../../../src/protocol/types.ts'
import { entryOf, runsOf } from '../../harness/disk.ts'

/** A log without cleverness. */
interface Model {
  readonly truncated: LogPosition
  readonly entries: readonly Entry[]
  readonly durable: LogIndex
  /** Configurations that have not taken effect. */
  readonly open: ReadonlySet<Entry>
}

/** A value of the log, what it should be, and the value it was made from. */
interface View {
  readonly log: Log
  readonly model: Model
  readonly parent: View | null
}

const edit = fc.record({
  kind: fc.constantFrom(
    'append' as const,
    'append' as const,
    'replace' as const,
    'compact' as const,
    'restore' as const,
    'outdate' as const,
    'settle' as const,
    'persist' as const,
    'misreport' as const,
  ),
  /** Of which of the newest values, mostly of the newest. */
  back: fc.oneof({ arbitrary: fc.constant(1), weight: 4 }, { arbitrary: fc.integer({ min: 1, max: 6 }), weight: 1 }),
  /** How far, how many. */
  size: fc.integer({ min: 0, max: 5 }),
  /** Whether entries are of the term before or of a new one. */
  risen: fc.boolean(),
  configuration: fc.boolean(),
})
type Edit = typeof edit extends fc.Arbitrary<infer E> ? E : never

const lastOf = ({ truncated, entries }: Model): LogPosition => entries.at(-1) ?? truncated

/** Names every entry, and draws terms so that equal (index, term) are equal entries, as Log Matching wants. */
class Drawer {
  #term: Term = 1
  #word = 0

  newTerm(): Term {
    return ++this.#term
  }

  entries(from: LogIndex, term: Term, { size, configuration }: Edit): Entry[] {
    return Array.from({ length: size }, (_, i) => {
      const entry = entryOf(term, from + i, `w${++this.#word}`)
      return configuration && i % 2 === 0 ? { ...entry, kind: 'configuration' as const } : entry
    })
  }
}

const withEntries = (model: Model, added: readonly Entry[]): Model => ({
  ...model,
  entries: [...model.entries, ...added],
  open: new Set([...model.open, ...added.filter((entry) => entry.kind === 'configuration')]),
})

const begunAt = (model: Model, truncated: LogPosition): Model => ({
  ...model,
  truncated: { index: truncated.index, term: truncated.term },
  entries: model.entries.filter((entry) => entry.index > truncated.index),
  durable: Math.max(model.durable, truncated.index),
})

/** What an edit makes of the log, and of the model. */
function edited({ log, model }: View, one: Edit, draw: Drawer): readonly [Log, Model] {
  const { truncated, entries, durable } = model
  const last = lastOf(model)
  const near = Math.max(truncated.index, last.index - one.size) // an index not far from the end
  switch (one.kind) {
    case 'append': {
      // an older value was continued by another leader already
      const term = one.risen || one.back > 1 ? draw.newTerm() : Math.max(1, last.term)
      const added = draw.entries(last.index + 1, term, one)
      return [log.append(added), withEntries(model, added)]
    }
    case 'replace': {
      const kept = { ...model, entries: entries.filter((entry) => entry.index <= near), durable: Math.min(durable, near) }
      const added = draw.entries(near + 1, draw.newTerm(), { ...one, size: one.size + 1 })
      return [log.truncate(near + 1).append(added), withEntries(kept, added)]
    }
    case 'compact': {
      const index = Math.min(durable, near)
      const position = entries.find((entry) => entry.index === index) ?? truncated
      return [log.compact(index), begunAt(model, position)]
    }
    case 'restore': {
      const position = entries.find((entry) => entry.index === near) ?? truncated
      return [log.restore({ index: position.index, term: position.term }), begunAt(model, position)]
    }
    case 'outdate': {
      const index = one.risen ? last.index + 1 + one.size : Math.max(near, truncated.index + 1)
      const position = { index, term: draw.newTerm() }
      return [log.restore(position), { truncated: position, entries: [], durable: index, open: new Set() }]
    }
    case 'settle':
      return [log.settle(near), { ...model, open: new Set([...model.open].filter((entry) => entry.index > near)) }]
    case 'persist': {
      const position = entries.find((entry) => entry.index === near) ?? truncated
      return [log.persisted(position), { ...model, durable: Math.max(durable, position.index) }]
    }
    case 'misreport':
      return [log.persisted({ index: near + 1, term: draw.newTerm() }), model]
  }
}

/** A log over a disk that never changes: what is appended is in memory as long as it is not cut off. */
function rooted(terms: readonly Term[], configurations: boolean): View {
  const truncated = { index: 3, term: 1 }
  const entries = terms.map((term, i): Entry => {
    const entry = entryOf(term, 4 + i, `stored ${i}`)
    return configurations && i % 2 === 1 ? { ...entry, kind: 'configuration' } : entry
  })
  const reader = { entries: (lo: LogIndex, hi: LogIndex) => entries.filter(({ index }) => index >= lo && index < hi) }
  const open = new Set(entries.filter((entry) => entry.kind === 'configuration'))
  const model: Model = { truncated, entries, durable: 3 + terms.length, open }
  const stored = { truncated, lastIndex: 3 + terms.length, runs: runsOf(entries), reader }
  const log = Log.from(configurations ? { ...stored, configurations: [...open].map(({ index }) => index) } : stored)
  return { log, model, parent: null }
}

/** All that can be asked. */
function assertSame({ log, model }: View): void {
  const { truncated, entries, durable, open } = model
  const last = lastOf(model)
  assert.deepEqual(log.truncated, truncated)
  assert.deepEqual([log.firstIndex, log.lastIndex, log.lastTerm], [truncated.index + 1, last.index, last.term])
  assert.equal(log.durableIndex, durable)
  assert.deepEqual(log.runs, runsOf(entries))
  assert.deepEqual(
    log.configurations,
    entries.filter((entry) => open.has(entry)).map(({ index }) => index),
  )
  const read: Entry[] = []
  for (let from = log.firstIndex; from <= log.lastIndex; from = log.firstIndex + read.length) {
    const some = log.slice(from, log.lastIndex + 1, Number.POSITIVE_INFINITY) // from disk first, then from memory
    assert.equal(some[0]?.index, from)
    read.push(...some)
  }
  assert.deepEqual(read, entries)
  const held = (index: LogIndex): Term | undefined =>
    index === truncated.index ? truncated.term : entries.find((entry) => entry.index === index)?.term
  for (let index = Math.max(0, truncated.index - 1); index <= last.index + 1; index++) {
    assert.equal(log.termAt(index), held(index))
    for (const term of new Set([0, 1, ...entries.map((entry) => entry.term)])) {
      const naive = entries.findLast((entry) => entry.index <= index && entry.term <= term) ?? truncated
      const expected = index < truncated.index ? { index, term: 0 } : { index: naive.index, term: naive.term }
      assert.deepEqual(log.lastAtMost(index, term), expected)
    }
  }
}

/** A disk that holds `before` needs just what `before` does not have. */
function assertWritten(before: View, { log, model }: View): void {
  const had = ({ index, term }: Entry): boolean =>
    before.model.entries.some((entry) => entry.index === index && entry.term === term) || index <= before.model.truncated.index
  assert.deepEqual(
    log.since(before.log),
    model.entries.filter((entry) => !had(entry)),
  )
}

test('the log is an array that remembers: whatever is done, every value stays what it was', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 1 }), { maxLength: 6 }),
      fc.boolean(),
      fc.array(edit, { maxLength: 25 }),
      (rises, configurations, edits) => {
        const draw = new Drawer()
        let term = 1
        const terms = rises.map((rise) => (term = rise === 1 ? draw.newTerm() : term))
        const views: View[] = [rooted(terms, configurations)]
        for (const one of edits) {
          const parent = views.at(-Math.min(one.back, views.length)) as View
          const [log, model] = edited(parent, one, draw)
          const view = { log, model, parent }
          for (let before: View | null = parent; before; before = before.parent) assertWritten(before, view)
          views.push(view)
        }
        for (const view of views) assertSame(view)
      },
    ),
    { numRuns: 300 },
  )
})
