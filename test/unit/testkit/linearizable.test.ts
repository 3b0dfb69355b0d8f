/** Histories that are known to be good or bad, and what is said of them. */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { checkLinearizable } from '../../../src/testkit/linearizable.ts'
import { kvModel } from '../../../src/testkit/models/kv.ts'
import { story } from './stories.ts'

const GOOD: Readonly<Record<string, string>> = {
  'nothing at all': '',
  'one after the other': 'a: |put k 1| |get k 1| |del k| |get k -|',
  'a read beside a write may see it or not': `
    a: |   put k 1   |
    b: |get k -| |get k 1|`,
  'a read that ends before the write does may see it': `
    a: |      put k 1      |
    b:   |get k 1|`,
  'concurrent writes come in either order': `
    a: |put k 1|
    b: |put k 2|
    c:            |get k 1| |get k 1|`,
  'concurrent writes flip for concurrent readers': `
    a: |      put k 1       |
    b: |      put k 2       |
    c: |get k 1| |get k 2|`,
  'a value seen again was written again': `
    a: |put k 1| |put k 2|           |put k 1|
    b:                     |get k 2|            |get k 1|`,
  'an unknown write that takes effect late': `
    a: |put k 1~
    b:            |put k 2| |get k 2|  |get k 1|`,
  'an unknown write that never takes effect': `
    a: |put k 1~
    b:            |get k -| |put k 2|  |get k 2|`,
  'unknown writes of which some were seen': `
    a: |put k 1~   |put k 2~    |put k 3~
    b:                                      |get k 1| |get k 3|`,
  'an unknown compare-and-set that was done': `
    a: |put k 1| |cas k 1 2~
    b:                        |get k 1| |get k 2| |cas k 2 3|`,
  'an unknown compare-and-set that came too late': `
    a: |put k 1| |cas k 1 2~
    b:                        |put k 5| |get k 5| |get k 5|`,
  'an unknown write that is needed later, and another one in its place now': `
    a: |put k 1~
    b: |cas k - 1~
    c:              |get k 1| |put k 2| |get k 2| |get k 1|`,
  'a compare-and-set that is refused tells what is there': `
    a: |put k 1| |cas k 2 3 no 1| |cas k - 3 no 1| |cas k 1 -| |cas k 1 2 no -| |cas k - 7| |get k 7|`,
  'one of two concurrent compare-and-sets wins': `
    a: |put k 0| |cas k 0 1     |
    b:           |cas k 0 2 no 1|`,
  'keys that have nothing to do with each other': `
    a: |put j 1|           |get k -|
    b:           |put k 2~            |get k 2|`,
  'a batch is seen whole': `
    a: |batch put j 1, put k 1|
    b:   |scan ..| |get j 1|    |scan .. j=1 k=1|`,
  'the last write of a batch for a key counts': 'a: |batch put k 1, put k 2, del j, put j 3| |get k 2| |get j 3|',
  'a page that ends early says nothing of what is behind': `
    a: |put a 1| |put b 2| |put c 3|
    b:                                |scan .. limit 1 a=1 next b| |scan .. limit 2 reverse c=3 b=2 next b|
    c:                                |put c 4~`,
  'pages of one scan are moments of their own': `
    a: |put a 1| |put b 1|                                |batch put a 2, put b 2|
    b:                       |scan .. limit 1 a=1 next b|                          |scan b.. b=2|`,
  'an unknown batch that is seen late': `
    a: |batch put j 1, put k 1~
    b:                           |get j -| |get k -| |get j 1| |get k 1|`,
}

const BAD: Readonly<Record<string, string>> = {
  'a stale read': 'a: |put k 1| |put k 2| |get k 1|',
  'a read of what nobody wrote': 'a: |put k 1| |get k 2|',
  'a read of what is written later': 'a: |get k 1| |put k 1|',
  'an acknowledged write that is lost': 'a: |put k 1| |get k -|',
  'a deleted value that is there': 'a: |put k 1| |del k| |get k 1|',
  'reads that go back': `
    a: |           put k 1           |
    b:   |get k 1|
    c:               |get k -|`,
  'reads that disagree on the order of writes': `
    a: |put k 1|
    b: |put k 2|
    c:            |get k 1| |get k 2|
    d:            |get k 2| |get k 1|`,
  'a lost update': `
    a: |put k 0| |cas k 0 1|
    b:           |cas k 0 2|`,
  'a compare-and-set done twice': `
    a: |put k 1| |cas k 1 2| |put k 1| |get k 1| |get k 2|`,
  'an unknown compare-and-set that is done twice': `
    a: |put k 1| |cas k 1 2~
    b:                       |get k 2| |cas k 2 1| |get k 1| |get k 2|`,
  'an unknown write that takes effect twice': `
    a: |put k 1~
    b:           |get k 1| |put k 2| |get k 2| |get k 1|`,
  'an unknown write seen before it began': `
    a:            |put k 1~
    b: |get k 1|`,
  'an unknown write that is undone': `
    a: |put k 1~
    b:            |get k 1| |get k -|`,
  'order in real time, between clients': `
    a: |put k 1|
    b:            |put k 2|
    c:                       |get k 1|
    d:                                  |get k 2|`,
  'a refused compare-and-set that ought to have been done': 'a: |put k 1| |cas k 1 2 no 1|',
  'a refusal that names another value': 'a: |put k 1| |put k 2| |cas k 3 4 no 1|',
  'create-only, done twice': `
    a: |cas k - 1|
    b: |cas k - 2|`,
  'a batch that is seen in part': `
    a: |put j 0| |put k 0| |       batch put j 1, put k 1       |
    b:                        |scan .. j=1 k=0|`,
  'a batch that is seen in part, by two reads': `
    a: |put j 0| |put k 0| |      batch put j 1, put k 1       |
    b:                        |get j 1| |get k 0|`,
  'an unknown batch that is done in part': `
    a: |put j 0| |put k 0| |batch put j 1, put k 1~
    b:                                               |get k 1| |get j 0|`,
  'pages that disagree on the order of writes to two keys': `
    a: |put j 1  |
    b: |put k 1  |
    c:             |scan .. j=1 k=1|
    d: |scan .. j=1|
    e: |scan .. k=1|`,
  'two batches of which each wins one key': `
    a: |batch put j 1, put k 1|
    b: |batch put j 2, put k 2|
    c:                          |get j 1| |get k 2|`,
  'a page without a row that is there': 'a: |put a 1| |put b 1| |scan .. b=1|',
  'a page that leaves a row out between two': 'a: |put a 1| |put b 1| |put c 1| |scan .. limit 2 a=1 c=1|',
  'a page that ends though there is more': 'a: |put a 1| |put b 1| |scan .. limit 1 a=1|',
  'a page that goes on with a row that is not there': 'a: |put a 1| |put c 1| |scan .. limit 1 a=1 next b|',
  'a page with a row that nobody wrote': 'a: |scan .. x=1|',
  'rows in the wrong order': 'a: |put a 1| |put b 1| |scan .. b=1 a=1|',
}

describe('an order is found for', () => {
  for (const [title, drawing] of Object.entries(GOOD))
    test(title, () => {
      const judged = checkLinearizable(story(drawing), kvModel())
      assert.equal(judged.verdict, 'ok', judged.verdict === 'violation' ? judged.violation.lines.join('\n') : '')
    })
})

/** What needs no search, and the lines that tell why. */
const GLANCES: Readonly<Record<string, readonly string[]>> = {
  'a: |put k 1| |get k 2|': ['#1 a [13, 21] get default/k → "2"', 'but nobody had written "2" before it returned'],
  'a: |get k 1| |put k 1|': ['#0 a [3, 11] get default/k → "1"', 'but nobody had written "1" before it returned'],
  'a: |cas k 1 1|': [
    '#0 a [3, 13] compareAndSet default/k from "1" to "1" → swapped',
    'but nobody had written "1" before it returned',
  ],
  'a: |put k 1| |put k 2| |get k 1|': [
    ...['#2 a [23, 31] get default/k → "1"', 'was written by', '#0 a [3, 11] put default/k = "1" → done'],
    ...['but this came later, and had returned before it was looked at:', '#1 a [13, 21] put default/k = "2" → done'],
  ],
  'a: |put k 1| |get k -|': [
    ...['#1 a [13, 21] get default/k → nothing', 'as before all writes'],
    ...['but this came later, and had returned before it was looked at:', '#0 a [3, 11] put default/k = "1" → done'],
  ],
}

/** The write that began last is not the one that was over last. */
const OVERLAPPING = `
  a: |put k 1| |       put k 3        |
  b:               |put k 2|
  c:                                     |get k 1|`

describe('a glance sees', () => {
  for (const [drawing, expected] of Object.entries(GLANCES))
    test(drawing, () => {
      const lines = kvModel()
        .glance?.(story(` ${drawing}`.slice(1)))
        ?.lines.map((line) => line.trim())
      assert.deepEqual(lines, expected)
    })

  test('the write that began last before a read', () => {
    assert.match(kvModel().glance?.(story(OVERLAPPING))?.lines.at(-1) ?? '', /put default\/k = "2"/)
  })

  test('nothing where only a search does', () => {
    for (const name of ['reads that go back', 'a lost update', 'a batch that is seen in part'])
      assert.equal(kvModel().glance?.(story(BAD[name] as string)), null)
  })
})

test('a search tells how far it came, and what has no place then', () => {
  const judged = checkLinearizable(
    story(`
a: |put k 1| |cas k 1 2|
b:           |   cas k 1 3   |
c: |put j 1|   |get k 2| |get k 2|
d:                       |put k 4~`),
    kvModel(),
  )
  assert.ok(judged.verdict === 'violation')
  const { violation } = judged
  assert.deepEqual([violation.part, violation.operation.id, violation.order.map(({ id }) => id)], ['default/k', 2, [0, 1, 4, 5]])
  assert.deepEqual(violation.lines, [
    'no order of the operations on default/k:',
    'the longest order found has 4 operations:',
    '  #0 a [3, 11] put default/k = "1" → done',
    '  #1 a [13, 23] compareAndSet default/k from "1" to "2" → swapped',
    '  #4 c [15, 23] get default/k → "2"',
    '  #5 c [25, 33] get default/k → "2"',
    'then the state is default/k = "2"',
    'but this has no place before it returned:',
    '  #2 b [13, 29] compareAndSet default/k from "1" to "3" → swapped',
  ])
})

test('what nobody was told of a scan joins no keys', () => {
  const drawing = (end: string) => story(`a: |put a 1| |put b 1| |scan .. a=1 b=1${end}`)
  assert.equal(checkLinearizable(drawing('|'), kvModel()).parts, 1)
  assert.equal(checkLinearizable(drawing('~'), kvModel()).parts, 2)
})

describe('there is no order for', () => {
  for (const [title, drawing] of Object.entries(BAD))
    test(title, () => {
      const history = story(drawing)
      const { glance: _, ...model } = kvModel()
      assert.equal(checkLinearizable(history, model).verdict, 'violation', 'by the search alone')
      assert.equal(checkLinearizable(history, kvModel()).verdict, 'violation', 'with a glance first')
    })
})
