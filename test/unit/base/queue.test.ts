/** Queues as values: what a list would do, and no view sees what was added to another. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Queue } from '../../../src/base/queue.ts'

const step = fc.oneof(
  fc.record({ view: fc.nat(), added: fc.array(fc.nat(), { maxLength: 5 }) }),
  fc.record({ view: fc.nat(), dropped: fc.nat(6) }),
)

test('a queue is what a list would be, whichever of its views is added to or dropped from', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const views: (readonly [Queue<number>, readonly number[]])[] = [[Queue.empty<number>(), []]]
      for (const one of steps) {
        const [queue, list] = views[one.view % views.length] as (typeof views)[number]
        if ('added' in one) views.push([queue.append(one.added), [...list, ...one.added]])
        else views.push([queue.drop(one.dropped), list.slice(one.dropped)])
      }
      for (const [queue, list] of views) {
        assert.deepEqual([queue.all, queue.length], [list, list.length])
        assert.deepEqual(queue.take(3), list.slice(0, 3))
        const odd = list.findIndex((item) => item % 2 === 1)
        assert.equal(
          queue.countWhile((item) => item % 2 === 0),
          odd < 0 ? list.length : odd,
        )
      }
    }),
  )
})

test('what two groups put into an empty queue stays apart', () => {
  const empty = Queue.empty<string>()
  const [one, other] = [empty.append(['a']), empty.append(['b'])]
  assert.deepEqual([one.all, other.all, empty.all], [['a'], ['b'], []])
})
