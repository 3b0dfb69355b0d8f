/** Snapshots between nodes: what is offered arrives, once, from whoever has it; what is wrong does not. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fakeCraft, someChunks } from './fake-craft.ts'
import { type FakeGroup, Stage } from './stage.ts'

const CHUNKS = someChunks(20)

/** Nodes of which `a` leads and is at entry 100. */
function stageOf(names: readonly string[], options: Partial<ConstructorParameters<typeof Stage>[0]> = {}): Stage {
  const stage = new Stage({ craft: () => fakeCraft(() => CHUNKS), ...options })
  for (const name of names) stage.start(name)
  groupOf(stage, 'a').applied = 100
  return stage
}

const groupOf = (stage: Stage, name: string, group = 'g'): FakeGroup => stage.actor(name).groups.get(group) as FakeGroup

/** The follower's own acknowledgement has reached its leader. */
const catchUp = (stage: Stage, peer: number): void => {
  groupOf(stage, 'a').standings.set(peer, { progress: { value: 'replicate' } })
}

test('what a leader offers is fetched, installed and acknowledged', async () => {
  const stage = stageOf(['a', 'b'])
  stage.offer(2, 42)
  await stage.until(() => stage.actor('b').installed.length > 0)
  const [done] = stage.actor('b').installed
  assert.equal(done?.manifest.index, 100) // the state as of now, not the least that would do
  assert.deepEqual(
    done?.rows.map(({ value }) => value),
    CHUNKS,
  )
  catchUp(stage, 2)
  await stage.until(() => stage.actor('a').told.length > 0)
  assert.deepEqual(stage.actor('a').told, [{ peer: 2, outcome: 'finished' }])
  assert.deepEqual(stage.actor('b').abandoned, [])
  assert.equal(stage.pulls.filter(({ what }) => what === 'chunk').length, 20)
})
