/** Losses, damage and lies on the way of a snapshot: nothing wrong is installed, nothing is given to strangers, and nobody falls. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sameBytes } from '../../../../src/base/bytes.ts'
import { FlotillaError } from '../../../../src/base/errors.ts'
import { SNAPSHOT_TIMING } from '../../../../src/node/snapshots/group.ts'
import type { Sender } from '../../../../src/wire/envelope.ts'
import { chunkHash, decodeManifest, encodeManifest, manifestId } from '../../../../src/wire/manifest.ts'
import { decodePiece, encodeSnapshotRequest, type SnapshotRequest } from '../../../../src/wire/snapshots.ts'
import { type FakeCraft, fakeCraft } from './fake-craft.ts'
import { hookedSpool } from './hooked-spool.ts'
import { EPOCH, type Stage } from './stage.ts'
import { CHUNKS, catchUp, groupOf, stageOf, valuesOf } from './two-nodes.ts'

test('every third letter is lost, and it arrives', async () => {
  let letters = 0
  const stage = stageOf(['a', 'b'], {
    loses: ({ subject, to }) =>
      (subject.includes('.snap.') || subject.startsWith('_INBOX')) && to !== 'overhearing' && ++letters % 3 === 0,
    insists: true,
  })
  stage.offer(2)
  await stage.until(() => stage.actor('b').installed.length > 0)
  assert.deepEqual(valuesOf(stage.actor('b')), CHUNKS)
})

test('chunks that are damaged on the way are not believed, and fetched again', async () => {
  const spool = hookedSpool()
  const stage = stageOf(['a', 'b'], { spool: (name) => (name === 'a' ? spool : hookedSpool()) })
  let given = 0
  spool.give = (bytes) => (++given % 3 === 0 ? bytes.map((byte) => byte ^ 255) : bytes)
  stage.offer(2)
  await stage.until(() => stage.actor('b').installed.length > 0)
  assert.deepEqual(valuesOf(stage.actor('b')), CHUNKS)
})

test('a source whose chunks are all wrong is left for another', async () => {
  const spool = hookedSpool()
  const stage = stageOf(['a', 'b', 'c'], { spool: (name) => (name === 'a' ? spool : hookedSpool()) })
  stage.offer(3)
  await stage.until(() => stage.actor('c').installed.length > 0)
  catchUp(stage, 3)
  spool.give = (bytes) => bytes.map((byte) => byte ^ 255)
  stage.offer(2)
  await stage.until(() => stage.actor('b').installed.length > 0)
  assert.deepEqual(valuesOf(stage.actor('b')), CHUNKS)
  assert.ok(stage.chunkPulls('c') > 15)
})

test('with nobody who has it right it is given up, and nothing is installed', async () => {
  const spool = hookedSpool()
  const stage = stageOf(['a', 'b'], { spool: (name) => (name === 'a' ? spool : hookedSpool()) })
  spool.give = (bytes) => bytes.map((byte) => byte ^ 255)
  stage.offer(2)
  await stage.until(() => stage.actor('b').abandoned.length > 0)
  assert.equal(stage.actor('b').installed.length, 0)
  await stage.until(() => stage.actor('a').told.length > 0)
  assert.deepEqual(stage.actor('a').told, [{ peer: 2, outcome: 'failed' }])
  spool.give = null
  stage.offer(2)
  await stage.until(() => stage.actor('b').installed.length > 0)
  const { exports } = stage.actor('a').craft as FakeCraft
  assert.equal(exports, 2 + SNAPSHOT_TIMING.repeatsMax) // what was damaged at the source is made again, so often for each wish of the leader
})

test('a state of which chunks are missing at the source is made again', async () => {
  const stage = stageOf(['a', 'b'], { insists: true })
  stage.offer(3)
  await stage.until(() => stage.actor('a').news.some(({ state }) => state === 'offering'))
  const [first] = CHUNKS
  await stage.actor('a').spool.sweep('g', (hash) => !sameBytes(hash, chunkHash(first as Uint8Array)))
  stage.offer(2)
  await stage.until(() => stage.actor('b').installed.length > 0)
  assert.equal((stage.actor('a').craft as FakeCraft).exports, 2)
})

const OTHERS: Readonly<Record<string, Parameters<typeof altered>[0]>> = {
  'of another founding': (manifest) => ({ ...manifest, epoch: 'founders.other' }),
  'of another state machine': (manifest) => ({ ...manifest, kind: 'kv' }),
  'of another index than was offered': (manifest) => ({ ...manifest, index: 99 }),
  'of another term than was offered': (manifest) => ({ ...manifest, term: 4 }),
  'of another group': (manifest) => ({ ...manifest, group: 'other' }),
  'of other members than were offered': (manifest) => {
    const { membership } = manifest
    return { ...manifest, membership: { ...membership, conf: { ...membership.conf, voters: [1, 2] } } }
  },
}

/** A craft whose manifests say one thing to their own node, and another to the one that fetches them. */
function altered(alter: (manifest: ReturnType<typeof decodeManifest>) => ReturnType<typeof decodeManifest>) {
  const craft = fakeCraft(() => CHUNKS)
  const lie = (bytes: Uint8Array): Uint8Array => encodeManifest(alter(decodeManifest(bytes)))
  return {
    onA: {
      ...craft,
      exportState: async (input: Parameters<typeof craft.exportState>[0]) => ({ ...(await craft.exportState(input)) }),
    },
    onB: { ...craft, decodeManifest: (bytes: Uint8Array) => decodeManifest(lie(bytes)) },
  }
}

for (const [what, alter] of Object.entries(OTHERS))
  test(`a manifest ${what} is not taken, and not asked for again`, async () => {
    const { onA, onB } = altered(alter)
    const stage = stageOf(['a', 'b'], { craft: (name) => (name === 'a' ? onA : onB) })
    stage.offer(2)
    await stage.until(() => stage.actor('b').abandoned.length > 0)
    assert.equal(stage.chunkPulls(), 0)
    assert.equal(stage.actor('b').spool.manifest('g', 'incoming'), undefined)
  })

test('a manifest that is not the one that was offered is asked of another', async () => {
  const lying = fakeCraft(() => CHUNKS)
  const stage = stageOf(['a', 'b', 'c'], {
    craft: (name) => (name === 'b' ? { ...lying, manifestId: idOf } : fakeCraft(() => CHUNKS)),
  })
  let wrong = 1
  function idOf(bytes: Uint8Array): string {
    return wrong-- > 0 ? 'f'.repeat(32) : manifestId(bytes)
  }
  stage.offer(2)
  await stage.until(() => stage.actor('b').installed.length > 0)
  assert.deepEqual(valuesOf(stage.actor('b')), CHUNKS)
})

test('a manifest that is always another is given up', async () => {
  const lying = { ...fakeCraft(() => CHUNKS), manifestId: () => 'f'.repeat(32) }
  const stage = stageOf(['a', 'b'], { craft: (name) => (name === 'b' ? lying : fakeCraft(() => CHUNKS)) })
  stage.offer(2)
  await stage.until(() => stage.actor('b').abandoned.length > 0)
  assert.equal(stage.pulls.filter(({ from }) => from === 'a').length, 11)
})

test('an offer that is none is abandoned, and no word is said to anybody', async () => {
  const stage = stageOf(['a', 'b'])
  const { desk } = stage.actor('b')
  const conf = groupOf(stage, 'b').table.membership.conf
  for (const data of [new Uint8Array(), new Uint8Array(50).fill(7)])
    desk.take(groupOf(stage, 'b'), { index: 7, term: 5, conf, data }, 'a')
  await stage.turns()
  assert.deepEqual(stage.actor('b').abandoned, [7, 7])
  assert.deepEqual(stage.pulls, [])
})

const B: Sender = { cluster: 'demo', node: 'b', store: 'store-b', boot: 1, run: 'run' }

/** A stage where `a` has a state, and how to ask it for a piece as anybody. Answers the code of the refusal, or the length. */
async function asked(): Promise<{
  stage: Stage
  id: string
  ask: (request: SnapshotRequest | Uint8Array, from?: string) => Promise<unknown>
}> {
  const stage = stageOf(['a'])
  stage.offer(2)
  await stage.until(() => stage.actor('a').spool.manifest('g', 'outgoing') !== undefined)
  const id = manifestId(stage.actor('a').spool.manifest('g', 'outgoing') as Uint8Array)
  const guest = stage.hub.connect('guest')
  const ask = async (request: SnapshotRequest | Uint8Array, from = 'b'): Promise<unknown> => {
    const data = request instanceof Uint8Array ? request : encodeSnapshotRequest(request)
    const answer = guest.request(`flotilla.demo.snap.a.${from}`, data, { timeoutMs: 1000 })
    await stage.pass(200)
    try {
      return decodePiece((await answer).data).length
    } catch (error) {
      return error instanceof FlotillaError ? error.code : error
    }
  }
  return { stage, id, ask }
}

test('pieces are given to members, by name, founding and store, and to nobody else', async () => {
  const { id, ask } = await asked()
  const good: SnapshotRequest = { type: 'manifest', sender: B, group: 'g', epoch: EPOCH, manifest: id, from: 0 }
  const whole = await ask(good)
  assert.ok(typeof whole === 'number' && whole > 400)
  assert.equal(await ask({ ...good, from: 10 }), whole - 10)
  assert.equal(await ask({ ...good, epoch: 'founders' }), whole) // the mark is not known there yet
  const { from: _, ...wishing } = { ...good, type: 'chunks' as const }
  const bad: readonly (readonly [SnapshotRequest | Uint8Array, string, string?])[] = [
    [{ ...good, from: whole }, 'CODEC_INVALID'],
    [{ ...good, from: 1_000_000 }, 'CODEC_INVALID'],
    [{ ...good, manifest: 'e'.repeat(32) }, 'UNAVAILABLE'],
    [{ ...good, group: 'other' }, 'UNKNOWN_GROUP'],
    [{ ...good, epoch: 'founders.other' }, 'STORE_MISMATCH'],
    [{ ...good, sender: { ...B, cluster: 'other' } }, 'STORE_MISMATCH'],
    [{ ...good, sender: { ...B, store: 'lost' } }, 'STORE_MISMATCH'],
    [{ ...good, sender: { ...B, node: 'c' } }, 'STORE_MISMATCH'], // says it is another than its subject
    [{ ...good, sender: { ...B, node: 'd', store: 'store-d' } }, 'STORE_MISMATCH', 'd'], // no member
    [{ ...good, sender: { ...B, node: 'a', store: 'store-a' } }, 'STORE_MISMATCH', 'a'], // ourselves
    [{ ...good, type: 'chunks', hashes: ['e'.repeat(32)] } as unknown as SnapshotRequest, 'CODEC_INVALID'], // has an offset
    [{ ...wishing, hashes: [] }, 'CODEC_INVALID'],
    [{ ...wishing, hashes: Array<string>(17).fill('e'.repeat(32)) }, 'CODEC_INVALID'],
    [new Uint8Array(), 'CODEC_INVALID'],
    [new Uint8Array(3000).fill(0xf1), 'CODEC_INVALID'],
  ]
  for (const [request, code, from] of bad) assert.equal(await ask(request, from), code, JSON.stringify(request))
})

test('of chunks, those that the manifest names and that are here', async () => {
  const { stage, id, ask } = await asked()
  const { chunks } = decodeManifest(stage.actor('a').spool.manifest('g', 'outgoing') as Uint8Array)
  const hash = Buffer.from(chunks[0]?.hash ?? []).toString('hex')
  const good: SnapshotRequest = { type: 'chunks', sender: B, group: 'g', epoch: EPOCH, manifest: id, hashes: [hash] }
  assert.equal(await ask(good), 1000)
  assert.equal(await ask({ ...good, hashes: ['e'.repeat(32)] }), 'CODEC_INVALID')
  assert.equal(await ask({ ...good, hashes: ['../etc'] }), 'CODEC_INVALID')
  await stage.actor('a').spool.sweep('g', () => false)
  assert.equal(await ask(good), 'UNAVAILABLE')
})

test('who asks too much at once is told to come again', async () => {
  const { stage, id } = await asked()
  const guest = stage.hub.connect('greedy')
  const request = encodeSnapshotRequest({ type: 'manifest', sender: B, group: 'g', epoch: EPOCH, manifest: id, from: 0 })
  const answers = Array.from({ length: 100 }, () => guest.request('flotilla.demo.snap.a.b', request, { timeoutMs: 1000 }))
  await stage.turns(60)
  const codes = await Promise.all(
    answers.map(async (answer) => {
      try {
        return typeof decodePiece((await answer).data)
      } catch (error) {
        return `${(error as FlotillaError).code} ${String((error as FlotillaError).details.afterMs)}`
      }
    }),
  )
  assert.equal(codes.filter((code) => code === 'object').length, 33) // one at once, and as many as may wait
  assert.equal(codes.filter((code) => code === 'BUSY 750').length, 67)
})

test('rubbish is counted, and everything goes on', async () => {
  const stage = stageOf(['a', 'b'])
  const guest = stage.hub.connect('guest')
  const shout = (): void => {
    for (const node of ['a', 'b'])
      for (const data of [new Uint8Array(), new Uint8Array(100_000).fill(0xf1), new TextEncoder().encode('{"type":"chunk"}')])
        guest.publish(`flotilla.demo.snap.${node}.c`, data)
  }
  shout()
  stage.offer(2)
  for (let i = 0; i < 10; i++) {
    await stage.turns(2)
    shout()
  }
  await stage.until(() => stage.actor('b').installed.length > 0)
  assert.deepEqual(valuesOf(stage.actor('b')), CHUNKS)
  assert.equal(stage.actor('a').refusals.all.CODEC_INVALID, 33)
})

test('a word of who is sent nothing, or of another snapshot, ends no transfer', async () => {
  const stage = stageOf(['a', 'b', 'c'], { bytesPerSecond: 4000 })
  stage.offer(2)
  await stage.pass(1000)
  const guest = stage.hub.connect('guest')
  const report = { type: 'report', group: 'g', epoch: EPOCH, state: 'failed', bytes: 0 } as const
  const id = manifestId(stage.actor('a').spool.manifest('g', 'outgoing') as Uint8Array)
  const say = (node: string, manifest: string): boolean =>
    guest.publish(
      `flotilla.demo.snap.a.${node}`,
      encodeSnapshotRequest({ ...report, manifest, sender: { ...B, node, store: `store-${node}` } }),
    )
  say('c', id)
  say('b', 'e'.repeat(32))
  await stage.pass(500)
  assert.equal(stage.actor('a').desk.progress('g')[0]?.state, 'streaming')
  say('b', id)
  await stage.pass(500)
  assert.deepEqual(stage.actor('a').desk.progress('g'), [])
})
