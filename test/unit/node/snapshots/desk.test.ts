/** Snapshots between nodes: what is offered arrives, once, in the order of newness, and both ends know how far it is. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FlotillaError } from '../../../../src/base/errors.ts'
import { encodeOffer } from '../../../../src/wire/snapshots.ts'
import { type FakeCraft, fakeCraft, someChunks } from './fake-craft.ts'
import { hookedSpool } from './hooked-spool.ts'
import { MEMBERSHIP, offerTo } from './stage.ts'
import { CHUNKS, catchUp, groupOf, stageOf, valuesOf } from './two-nodes.ts'

test('what a leader offers is fetched, installed and acknowledged', async () => {
  const stage = stageOf(['a', 'b'])
  stage.offer(2, 42)
  await stage.until(() => stage.actor('b').installed.length > 0)
  assert.equal(stage.actor('b').installed[0]?.manifest.index, 100) // the state as of now, not the least that would do
  assert.deepEqual(valuesOf(stage.actor('b')), CHUNKS)
  assert.deepEqual(stage.actor('a').told, [])
  catchUp(stage, 2)
  await stage.until(() => stage.actor('a').told.length > 0)
  assert.deepEqual(stage.actor('a').told, [{ peer: 2, outcome: 'finished' }])
  assert.deepEqual(stage.actor('b').abandoned, [])
  assert.equal(stage.chunkPulls(), 20)
})

test('a state without chunks is a state, too', async () => {
  const stage = stageOf(['a', 'b'], { craft: () => fakeCraft(() => []) })
  stage.offer(2)
  await stage.until(() => stage.actor('b').installed.length > 0)
  assert.deepEqual(valuesOf(stage.actor('b')), [])
})

test('both ends pass through the states of their charts, and tell', async () => {
  const stage = stageOf(['a', 'b'])
  stage.offer(2)
  await stage.until(() => stage.actor('b').installed.length > 0)
  catchUp(stage, 2)
  await stage.until(() => stage.actor('a').told.length > 0)
  const states = (name: string): string[] => stage.actor(name).news.map(({ state }) => state)
  assert.deepEqual(states('b'), ['deciding', 'fetching', 'pulling', 'verifying', 'installing', 'done'])
  assert.deepEqual(states('a'), ['exporting', 'offering', 'streaming', 'awaitingInstall', 'done'])
  assert.ok(stage.actor('a').news.every(({ group, side, node }) => group === 'g' && side === 'sending' && node === 'b'))
})

test('progress is told on both sides, in bytes, per cent and rate', async () => {
  const stage = stageOf(['a', 'b'], { bytesPerSecond: 5000 })
  stage.offer(2)
  await stage.pass(2500)
  const [to] = stage.actor('a').desk.progress('g')
  const [from] = stage.actor('b').desk.progress('g')
  assert.ok(to && from)
  assert.deepEqual([to.side, to.peer, to.node, to.index, to.bytesTotal, to.chunks], ['sending', 2, 'b', 100, 20_000, 20])
  assert.deepEqual([from.side, from.node, from.state, from.bytesTotal], ['receiving', 'a', 'pulling', 20_000])
  for (const { bytes, percent, bytesPerSecond } of [to, from]) {
    assert.ok(bytes >= 8000 && bytes <= 16_000, String(bytes))
    assert.equal(percent, bytes / 200)
    assert.ok(bytesPerSecond > 4000 && bytesPerSecond < 7500, String(bytesPerSecond))
  }
  assert.deepEqual(stage.actor('a').desk.progress('other'), [])
})

test('a limit in bytes per second is kept', async () => {
  const stage = stageOf(['a', 'b'], { bytesPerSecond: 2000 })
  stage.offer(2)
  await stage.pass(8000)
  assert.equal(stage.actor('b').installed.length, 0)
  await stage.pass(4000)
  assert.equal(stage.actor('b').installed.length, 1)
})

test('followers of one group share an export, and so do later ones as long as the log goes on from it', async () => {
  const stage = stageOf(['a', 'b', 'c'])
  const craft = stage.actor('a').craft as FakeCraft
  stage.offer(2)
  stage.offer(3)
  await stage.until(() => ['b', 'c'].every((name) => stage.actor(name).installed.length > 0))
  assert.equal(craft.exports, 1)
  for (const peer of [2, 3]) catchUp(stage, peer)
  await stage.until(() => stage.actor('a').told.length === 2)
  Object.assign(groupOf(stage, 'a'), { applied: 200, start: { index: 100, term: 5 } })
  groupOf(stage, 'b').applied = 0
  groupOf(stage, 'a').standings.set(2, { progress: { value: 'snapshot' } })
  stage.offer(2, 90)
  await stage.until(() => stage.actor('b').installed.length === 2)
  assert.equal(craft.exports, 1)
  catchUp(stage, 2)
  await stage.until(() => stage.actor('a').told.length === 3)
  Object.assign(groupOf(stage, 'a'), { start: { index: 101, term: 5 } })
  groupOf(stage, 'b').applied = 0
  groupOf(stage, 'a').standings.set(2, { progress: { value: 'snapshot' } })
  stage.offer(2, 90)
  await stage.until(() => stage.actor('b').installed.length === 3)
  assert.equal(craft.exports, 2)
  assert.equal(stage.actor('b').installed.at(-1)?.manifest.index, 200)
})

test('a later snapshot brings only the chunks that changed', async () => {
  let chunks = [...CHUNKS]
  const stage = stageOf(['a', 'b'], { craft: () => fakeCraft(() => chunks) })
  stage.offer(2)
  await stage.until(() => stage.actor('b').installed.length > 0)
  catchUp(stage, 2)
  await stage.until(() => stage.actor('a').told.length > 0)
  chunks = [...CHUNKS.slice(0, 17), ...someChunks(3, 9)]
  Object.assign(groupOf(stage, 'a'), { applied: 300, start: { index: 250, term: 5 } })
  groupOf(stage, 'a').standings.set(2, { progress: { value: 'snapshot' } })
  stage.offer(2, 250)
  await stage.until(() => stage.actor('b').installed.length > 1)
  assert.equal(stage.chunkPulls(), 23)
  assert.deepEqual(valuesOf(stage.actor('b')), chunks)
})

test('what our own state has of it is not fetched', async () => {
  const stage = stageOf(['a', 'b'], {
    craft: () =>
      fakeCraft(
        () => CHUNKS,
        () => CHUNKS.slice(0, 15),
      ),
  })
  groupOf(stage, 'b').applied = 10
  stage.offer(2)
  await stage.until(() => stage.actor('b').installed.length > 0)
  assert.equal(stage.chunkPulls(), 5)
  assert.deepEqual(valuesOf(stage.actor('b')), CHUNKS)
})

test('an export that fails is told to the leader, after a rest', async () => {
  const stage = stageOf(['a', 'b'])
  const craft = stage.actor('a').craft as FakeCraft
  craft.failWith = new FlotillaError('UNAVAILABLE', 'not now')
  stage.offer(2)
  await stage.pass(900)
  assert.deepEqual(stage.actor('a').told, [])
  await stage.pass(200)
  assert.deepEqual(stage.actor('a').told, [{ peer: 2, outcome: 'failed' }])
  craft.failWith = null
  stage.offer(2)
  await stage.until(() => stage.actor('b').installed.length > 0)
})

test('who is offered something and never heard of is offered it again, and then reported', async () => {
  const stage = stageOf(['a', 'b'])
  let offers = 0
  stage.actor('b').desk.take = () => {
    offers++
  }
  stage.offer(2)
  await stage.pass(3000 * 6 + 500)
  assert.deepEqual(stage.actor('a').told, [])
  await stage.pass(2000)
  assert.deepEqual(stage.actor('a').told, [{ peer: 2, outcome: 'failed' }])
  assert.equal(offers, 6)
  assert.equal(stage.actor('a').desk.holds('g'), null)
})

test('a leader that leads no more, or whose follower is none any more, says nothing of it', async () => {
  for (const change of [{ term: 8 }, { leads: false }, { standings: new Map() }]) {
    const stage = stageOf(['a', 'b'])
    await stage.stop('b')
    stage.offer(2)
    await stage.pass(600)
    Object.defineProperties(groupOf(stage, 'a'), Object.getOwnPropertyDescriptors(change))
    await stage.pass(600)
    assert.deepEqual(stage.actor('a').desk.progress('g'), [])
    await stage.pass(5000)
    assert.deepEqual(stage.actor('a').told, [])
  }
})

test('a second wish for the same follower changes nothing, unless it is of a later term or of a later index', async () => {
  const stage = stageOf(['a', 'b'])
  const { desk, craft } = stage.actor('a')
  stage.offer(2)
  await stage.pass(100)
  stage.offer(2)
  await stage.until(() => stage.actor('b').installed.length > 0)
  assert.equal(stage.actor('a').news.filter(({ state }) => state === 'exporting').length, 1)
  Object.assign(groupOf(stage, 'a'), { term: 8 })
  desk.offer(groupOf(stage, 'a'), offerTo(2, 1, 8))
  assert.equal(stage.actor('a').news.filter(({ state }) => state === 'exporting').length, 2)
  Object.assign(groupOf(stage, 'a'), { applied: 120 })
  desk.offer(groupOf(stage, 'a'), offerTo(2, 110, 8))
  await stage.until(() => stage.actor('b').installed.length > 1)
  assert.equal((craft as FakeCraft).exports, 2)
})

test('two offers in a row: the newer takes the place of the older, and fetches what that one had not', async () => {
  const spool = hookedSpool()
  const stage = stageOf(['a', 'b'], { spool: (name) => (name === 'b' ? spool : hookedSpool()), bytesPerSecond: 2000 })
  let kept = 0
  spool.onPut = () => {
    if (++kept !== 7) return
    Object.assign(groupOf(stage, 'a'), { applied: 130 })
    stage.offer(2, 120)
  }
  stage.offer(2)
  await stage.until(() => stage.actor('b').installed.length > 0)
  assert.deepEqual(
    stage.actor('b').installed.map(({ manifest }) => manifest.index),
    [130],
  )
  assert.deepEqual(valuesOf(stage.actor('b')), CHUNKS)
  assert.ok(stage.chunkPulls() <= 24, String(stage.chunkPulls()))
  assert.deepEqual(stage.actor('b').abandoned, [])
  assert.ok(stage.actor('b').news.some(({ index, state }) => index === 100 && state === 'dropped'))
})

test('a newer one takes the place of one that is being installed: its rows end with an error', async () => {
  const ends: string[] = []
  let go = (): void => {}
  const stage = stageOf(['a', 'b'], {
    install: async (actor, manifest, rows) => {
      try {
        for await (const _ of rows)
          if (manifest.index === 100)
            await new Promise<void>((resolve) => {
              go = resolve
            })
        actor.installed.push({ manifest, rows: [] })
      } catch (error) {
        ends.push(String((error as FlotillaError).code))
        throw error
      }
    },
  })
  stage.offer(2)
  await stage.until(() => stage.actor('b').news.some(({ state }) => state === 'installing'))
  await stage.turns(5)
  Object.assign(groupOf(stage, 'a'), { applied: 130 })
  stage.offer(2, 120)
  await stage.until(() => stage.actor('b').installed.length > 0)
  go()
  await stage.turns(5)
  assert.deepEqual(ends, ['CLOSED'])
  assert.deepEqual(stage.actor('b').abandoned, [])
})

test('an older offer is ignored, and the newer goes on', async () => {
  const stage = stageOf(['a', 'b'])
  const { desk } = stage.actor('b')
  stage.offer(2)
  await stage.until(() => stage.actor('b').news.some(({ state }) => state === 'pulling'))
  const offer = { manifest: 'e'.repeat(32), manifestBytes: 100, chunks: 1, bytes: 10 }
  desk.take(groupOf(stage, 'b'), { index: 90, term: 5, conf: MEMBERSHIP.conf, data: encodeOffer(offer) }, 'a')
  await stage.until(() => stage.actor('b').installed.length > 0)
  assert.equal(stage.actor('b').installed[0]?.manifest.index, 100)
  assert.deepEqual(stage.actor('b').abandoned, [90])
  assert.ok(stage.actor('b').news.every(({ index, state }) => index === 100 && state !== 'dropped'))
})
