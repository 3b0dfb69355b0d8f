/** A polling feed: one reading at a time, news only, and no reading waited for without end. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type NodeView, pollingFeed } from '../../../src/inspector/feed.ts'
import type { Cancel, Clock } from '../../../src/ports/clock.ts'
import { calm, nodeStatus, seen } from '../../web/fake-cluster.ts'

/** Time that passes when told to. */
class HandClock implements Clock {
  readonly #timers = new Set<{ at: number; callback: () => void }>()
  #now = 0

  get pending(): number {
    return this.#timers.size
  }

  now(): number {
    return this.#now
  }

  after(ms: number, callback: () => void): Cancel {
    const timer = { at: this.#now + ms, callback }
    this.#timers.add(timer)
    return () => this.#timers.delete(timer)
  }

  /** Passes time, then lets every promise that is ready run. */
  async pass(ms: number): Promise<void> {
    this.#now += ms
    for (const timer of [...this.#timers].filter(({ at }) => at <= this.#now)) {
      this.#timers.delete(timer)
      timer.callback()
    }
    await new Promise((resolve) => setImmediate(resolve))
  }
}

/** A feed whose readings are answered by hand. */
function handFeed() {
  const clock = new HandClock()
  const asked: ((views: readonly NodeView[] | Error) => void)[] = []
  const read = () =>
    new Promise<readonly NodeView[]>((resolve, reject) =>
      asked.push((answer) => (answer instanceof Error ? reject(answer) : resolve(answer))),
    )
  const feed = pollingFeed({ read, everyMs: 100, deadlineMs: 1000, clock })
  let news = 0
  feed.watch(() => news++)
  return {
    feed,
    clock,
    asked,
    news: () => news,
    answer: async (views: readonly NodeView[] | Error) => {
      asked.at(-1)?.(views)
      await clock.pass(0)
    },
  }
}

test('asks at once, and again so long after each answer', async () => {
  const { feed, clock, asked, answer } = handFeed()
  await clock.pass(0)
  assert.equal(asked.length, 1)
  await clock.pass(500)
  assert.equal(asked.length, 1, 'the first is still under way')
  await answer(calm())
  assert.deepEqual(feed.current(), calm())
  await clock.pass(99)
  assert.equal(asked.length, 1)
  await clock.pass(1)
  assert.equal(asked.length, 2)
})

test('tells of changes only; the passing of uptime is none', async () => {
  const { clock, answer, news } = handFeed()
  await clock.pass(0)
  await answer(calm())
  assert.equal(news(), 1)
  await clock.pass(100)
  await answer(calm().map((view) => ({ ...view, status: { ...nodeStatus(view.node, view.status?.groups), uptimeMs: 9999 } })))
  assert.equal(news(), 1)
  await clock.pass(100)
  await answer([seen('a')])
  assert.equal(news(), 2)
})

test('after a failed reading the nodes are known, but none is alive', async () => {
  const { feed, clock, answer, news } = handFeed()
  await clock.pass(0)
  await answer(calm())
  await clock.pass(100)
  await answer(new Error('no route'))
  assert.deepEqual(
    feed.current().map((view) => [view.node, view.alive]),
    [
      ['a', false],
      ['b', false],
      ['c', false],
    ],
  )
  assert.equal(news(), 2)
})

test('a reading that takes too long is given up; its late answer changes nothing and stops nothing', async () => {
  const { feed, clock, asked, answer } = handFeed()
  await clock.pass(0)
  await answer(calm())
  await clock.pass(100)
  await clock.pass(1000)
  assert.ok(feed.current().every((view) => !view.alive))
  asked[1]?.([])
  await clock.pass(0)
  assert.equal(feed.current().length, 3)
  await clock.pass(100)
  assert.equal(asked.length, 3)
})

test('once closed it neither asks nor tells', async () => {
  const { feed, clock, asked, answer, news } = handFeed()
  await clock.pass(0)
  await answer(calm())
  feed.close()
  await clock.pass(5000)
  assert.deepEqual([asked.length, news(), clock.pending], [1, 1, 0])
})

test('an answer that comes after closing is of no interest', async () => {
  const { feed, clock, asked, answer } = handFeed()
  await clock.pass(0)
  feed.close()
  await answer(calm())
  await clock.pass(5000)
  assert.deepEqual([asked.length, feed.current().length, clock.pending], [1, 0, 0])
})
