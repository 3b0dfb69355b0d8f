/** Kills: wherever the process of a store is stopped, nothing acknowledged is lost, nothing is applied twice, and it goes on. On real processes. */

import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { live, type Point, pointsOf } from './points.ts'
import { traceLife, withDirectory } from './states.ts'
import { tell } from './story.ts'
import { sayIfSkipped } from './trace.ts'

/** Points that are tried, of all that there are: every so-and-so-many-th. */
const POINTS = Number(process.env.FLOTILLA_CRASH_POINTS ?? 30)

/** One in which everything happens. */
const STORY = { seed: 14, length: 40 }
const BAD_MAX = 5

/** Lives the story up to the point, is killed there, and lives it on to its end; what was bad about it. */
const tryPoint = (point: Point): Promise<string | null> =>
  withDirectory(async (dir) => {
    const life = { ...STORY, dir: join(dir, 'store') }
    const killed = await live({ ...life, acknowledged: 0 }, join(dir, 'said'), point)
    if (killed.ended || killed.bad !== null) return `it was not killed: ${killed.bad ?? 'it ended'}`
    const { ended, bad } = await live({ ...life, acknowledged: killed.acknowledged }, join(dir, 'said'))
    return ended ? null : `killed behind step ${killed.acknowledged}: ${bad ?? 'died'}`
  })

describe('a process that is killed', { skip: sayIfSkipped('CRASH POINTS'), concurrency: 2 }, async () => {
  const { points, missed } = await withDirectory(async (dir) => pointsOf(await traceLife(dir, STORY), join(dir, 'store')))
  const step = Math.max(1, Math.ceil(points.length / POINTS))

  test('lives a story in which everything happens', () => {
    const { steps } = tell(STORY.seed, STORY.length)
    const kinds = new Set(steps.map((step) => step.do))
    assert.equal(kinds.size, 8, [...kinds].join())
    const writes = steps.flatMap((step) => (step.do === 'write' ? step.batch : []))
    assert.ok(
      writes.some(({ truncate }) => truncate),
      'a log is cut off',
    )
  })

  test('can be stopped before nearly every call that changes a file or makes a promise', (t) => {
    t.diagnostic(`${points.length} points, ${missed} calls without one`)
    assert.ok(points.length > 200 && missed < points.length / 10, `${points.length} points, ${missed} calls without one`)
  })

  for (const half of [0, 1]) {
    test(`at every ${step}th of ${points.length} points, comes back with what it promised and lives on: half ${half + 1}`, async () => {
      const bad: string[] = []
      for (let number = half * step; number < points.length && bad.length < BAD_MAX; number += 2 * step) {
        const point = points[number] as Point
        const verdict = await tryPoint(point)
        if (verdict !== null) bad.push(`point ${number}, before ${point.name} ${point.nth} of ${point.file}: ${verdict}`)
      }
      assert.deepEqual(bad, [])
    })
  }
})
