/** What a desk of snapshots holds itself to: so many at a time, the log for so long, what is kept for so long, and nothing after its end. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addGroup, catchUp, groupOf, stageOf } from './two-nodes.ts'

test('a node sends to four followers at a time; the others are told after a rest', async () => {
  const stage = stageOf(['a'])
  const groups = ['g1', 'g2', 'g3', 'g4', 'g5']
  for (const group of groups) addGroup(stage, group)
  for (const group of groups) stage.offer(2, 1, group)
  assert.deepEqual(
    groups.map((group) => stage.actor('a').desk.progress(group).length),
    [1, 1, 1, 1, 0],
  )
  await stage.pass(1100)
  assert.deepEqual(stage.actor('a').told, [{ peer: 2, outcome: 'failed' }])
})

test('a node receives two at a time; the others are declined, and fetched later', async () => {
  const stage = stageOf(['a', 'b'], { bytesPerSecond: 4000 })
  const groups = ['g1', 'g2', 'g3']
  for (const group of groups) addGroup(stage, group)
  for (const group of groups) stage.offer(2, 1, group)
  await stage.until(() => stage.actor('b').installed.length === 2)
  assert.deepEqual(stage.actor('b').abandoned, [100])
  await stage.until(() => stage.actor('a').told.length === 1)
  assert.deepEqual(stage.actor('a').told, [{ peer: 2, outcome: 'failed' }])
  stage.offer(2, 1, stage.actor('a').news.find(({ state }) => state === 'declined')?.group)
  await stage.until(() => stage.actor('b').installed.length === 3)
})

test('the log is held for a follower on its way, and not for ever', async () => {
  const stage = stageOf(['a'], { timing: { holdMs: 5000, offerTimeoutMs: 60_000 } })
  const { desk } = stage.actor('a')
  assert.equal(desk.holds('g'), null)
  stage.offer(2)
  assert.equal(desk.holds('g'), 100)
  await stage.pass(1000)
  Object.assign(groupOf(stage, 'a'), { applied: 150 })
  stage.offer(3, 120)
  await stage.pass(1000)
  assert.equal(desk.holds('g'), 100)
  await stage.pass(3100)
  assert.equal(desk.holds('g'), 150)
  await stage.pass(1000)
  assert.equal(desk.holds('g'), null)
})

test('what nobody fetches any more is thrown away after a while', async () => {
  const stage = stageOf(['a', 'b'])
  stage.offer(2)
  await stage.until(() => stage.actor('b').installed.length > 0)
  catchUp(stage, 2)
  await stage.until(() => stage.actor('a').told.length > 0)
  await stage.pass(1000)
  assert.ok(stage.actor('a').spool.bytes() > 0 && stage.actor('b').spool.bytes() > 0)
  stage.clock.advance(600_000)
  await stage.turns()
  for (const name of ['a', 'b']) {
    assert.equal(stage.actor(name).spool.bytes(), 0)
    assert.equal(stage.actor(name).spool.manifest('g', name === 'a' ? 'outgoing' : 'incoming'), undefined)
  }
})

test('what somebody still fetches is not thrown away', async () => {
  const stage = stageOf(['a', 'b', 'c'], { timing: { keepMs: 3000 }, bytesPerSecond: 4000 })
  stage.offer(2)
  await stage.until(() => stage.actor('b').installed.length > 0)
  catchUp(stage, 2)
  await stage.until(() => stage.actor('a').told.length > 0)
  stage.offer(3)
  await stage.pass(4000)
  assert.ok(stage.actor('a').spool.bytes() > 0)
  await stage.until(() => stage.actor('c').installed.length > 0)
  assert.equal(stage.actor('a').news.filter(({ state }) => state === 'offering').length, 2)
})

test('when the disk runs low, what nobody fetches is thrown away at once, and what somebody fetches is not', async () => {
  const stage = stageOf(['a', 'b', 'c'], { bytesPerSecond: 4000 })
  addGroup(stage, 'g2')
  stage.offer(2)
  await stage.until(() => stage.actor('b').installed.length > 0)
  catchUp(stage, 2)
  await stage.until(() => stage.actor('a').told.length > 0)
  stage.offer(3, 1, 'g2')
  await stage.until(() => stage.actor('c').spool.bytes() > 0)
  for (const { desk } of stage.actors.values()) {
    desk.lent('g2', 'unknown') // so that it is to be cleaned some day
    desk.makeRoom()
  }
  await stage.turns()
  const kept = (name: string, side: 'outgoing' | 'incoming') =>
    ['g', 'g2'].map((group) => stage.actor(name).spool.manifest(group, side) !== undefined)
  assert.deepEqual(
    [kept('a', 'outgoing'), kept('b', 'incoming'), kept('c', 'incoming')],
    [
      [false, true],
      [false, false],
      [false, true],
    ],
  )
  assert.equal(stage.actor('b').spool.bytes(), 0)
  await stage.until(() => stage.actor('c').installed.length > 0)
  assert.equal(stage.chunkPulls(), 40, 'what was under way did not begin anew')
  stage.offer(3)
  await stage.until(() => stage.actor('c').installed.length > 1)
})

test('what an earlier run kept is thrown away, too, unless it is wanted', async () => {
  const stage = stageOf(['a', 'b'])
  stage.offer(2)
  await stage.until(() => stage.actor('b').installed.length > 0)
  await stage.stop('a')
  stage.start('a').desk.open(['g'])
  stage.clock.advance(600_000)
  await stage.turns()
  assert.equal(stage.actor('a').spool.bytes(), 0)
})

test('a group that has left takes everything along', async () => {
  const stage = stageOf(['a', 'b'], { bytesPerSecond: 2000 })
  stage.offer(2)
  await stage.pass(2000)
  for (const name of ['a', 'b']) stage.actor(name).desk.forget('g')
  await stage.pass(10_000)
  for (const name of ['a', 'b']) {
    assert.deepEqual(stage.actor(name).desk.progress('g'), [])
    assert.equal(
      stage.actor(name).spool.manifest('g', 'outgoing') ?? stage.actor(name).spool.manifest('g', 'incoming'),
      undefined,
    )
  }
  assert.equal(stage.actor('a').spool.bytes(), 0)
  assert.deepEqual([...stage.actor('a').told, ...stage.actor('b').abandoned], [])
})

test('after the close nothing happens any more', async () => {
  const stage = stageOf(['a', 'b'], { bytesPerSecond: 2000 })
  stage.offer(2)
  await stage.pass(2000)
  const before = stage.chunkPulls()
  for (const name of ['a', 'b']) await stage.actor(name).desk.close()
  stage.offer(2)
  await stage.pass(60_000)
  assert.ok(stage.chunkPulls() <= before + 4)
  assert.deepEqual([...stage.actor('a').told, ...stage.actor('b').abandoned], [])
  assert.equal(stage.actor('b').installed.length, 0)
})
