/** What every spool promises, as tests. Run once per adapter; knows only the port, and how an adapter's process is made to die. */

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, test } from 'node:test'
import { FlotillaError } from '../../src/base/errors.ts'
import type { Spool, SpooledChunk } from '../../src/ports/spool.ts'

/** A place for spools, of which one is open at a time. */
export interface SpoolBench {
  /** Opens the spool; of at most so many bytes of chunks, when said. */
  open(bytesMax?: number): Promise<Spool>
  /** Ends the process that has it open, or something like it, and opens it again. */
  restart(): Promise<Spool>
  dispose(): Promise<void>
}

/** A chunk of so many bytes, the same for the same seed. */
export function chunk(seed: number | string, bytes = 100): SpooledChunk {
  const hash = createHash('sha256').update(`chunk ${seed}`).digest().subarray(0, 16)
  return { hash: new Uint8Array(hash), bytes: new Uint8Array(bytes).fill(hash[0] as number) }
}

/** Chunks of these seeds. */
export const chunks = (count: number, bytes?: number): SpooledChunk[] => Array.from({ length: count }, (_, i) => chunk(i, bytes))

/** Which of these chunks a spool has, by their place in the list. */
export const held = (spool: Spool, group: string, list: readonly SpooledChunk[]): number[] =>
  list.flatMap(({ hash }, i) => (spool.has(group, hash) ? [i] : []))

const busy = (thrown: unknown): boolean => thrown instanceof FlotillaError && thrown.code === 'BUSY' && thrown.retryable

type WithSpool = (run: (spool: Spool, bench: SpoolBench) => Promise<void>, bytesMax?: number) => () => Promise<void>

function chunkTests(withSpool: WithSpool): void {
  test(
    'a chunk that was put is there with its bytes, in its group alone',
    withSpool(async (spool) => {
      const [a, b, empty] = [chunk('a'), chunk('b', 70_000), chunk('c', 0)]
      assert.equal(spool.has('kv', a.hash), false)
      assert.equal(spool.get('kv', a.hash), undefined)
      await spool.put('kv', [a, b, empty])
      for (const { hash, bytes } of [a, b, empty]) {
        assert.equal(spool.has('kv', hash), true)
        assert.deepEqual(new Uint8Array(spool.get('kv', hash) ?? []), bytes)
        assert.equal(spool.has('k', hash), false)
        assert.equal(spool.get('kv2', hash), undefined)
      }
      assert.equal(spool.bytes(), 70_100)
    }),
  )

  test(
    'bytes that are given or taken may be written over',
    withSpool(async (spool) => {
      const { hash, bytes } = chunk('a')
      const given = { hash: hash.slice(), bytes: bytes.slice() }
      const putting = spool.put('kv', [given])
      await putting
      given.hash.fill(0)
      given.bytes.fill(0)
      assert.deepEqual(new Uint8Array(spool.get('kv', hash) ?? []), bytes)
      spool.get('kv', hash)?.fill(0)
      assert.deepEqual(new Uint8Array(spool.get('kv', hash) ?? []), bytes)
    }),
  )

  test(
    'a chunk that is there already counts once, however often it is put',
    withSpool(async (spool) => {
      await spool.put('kv', [chunk('a'), chunk('a')])
      await Promise.all([spool.put('kv', [chunk('a')]), spool.put('kv', [chunk('a'), chunk('b')])])
      assert.equal(spool.bytes(), 200)
      await spool.put('kv2', [chunk('a')])
      assert.equal(spool.bytes(), 300)
      await spool.put('kv', [])
      assert.equal(spool.bytes(), 300)
    }),
  )
}

function sweepTests(withSpool: WithSpool): void {
  test(
    'a sweep drops the chunks of its group that are not to be kept, and no others',
    withSpool(async (spool) => {
      const list = chunks(2500, 10)
      for (const group of ['a', 'kv', 'kv2', 'kva', 'z']) await spool.put(group, list)
      const kept = new Set(list.filter((_, i) => i % 3 === 0).map(({ hash }) => Buffer.from(hash).toString('hex')))
      await spool.sweep('kv', (hash) => kept.has(Buffer.from(hash).toString('hex')))
      assert.deepEqual(
        held(spool, 'kv', list),
        list.flatMap((_, i) => (i % 3 === 0 ? [i] : [])),
      )
      for (const group of ['a', 'kv2', 'kva', 'z']) assert.equal(held(spool, group, list).length, list.length)
      assert.equal(spool.bytes(), (4 * 2500 + kept.size) * 10)
      for (const group of ['a', 'kv', 'kv2', 'kva', 'z', 'none']) await spool.sweep(group, () => false)
      assert.equal(spool.bytes(), 0)
    }),
  )

  test(
    'a sweep leaves the manifests, and what is put afterwards is there',
    withSpool(async (spool) => {
      await spool.keepManifest('kv', 'outgoing', Uint8Array.of(1))
      await spool.put('kv', [chunk('a')])
      await spool.sweep('kv', () => false)
      assert.deepEqual([...(spool.manifest('kv', 'outgoing') ?? [])], [1])
      await spool.put('kv', [chunk('a')])
      assert.equal(spool.has('kv', chunk('a').hash), true)
      assert.equal(spool.bytes(), 100)
    }),
  )
}

function boundTests(withSpool: WithSpool): void {
  test(
    'a full spool refuses with BUSY what is above its bound and keeps nothing of it, and takes more once there is room',
    withSpool(async (spool) => {
      await spool.put('kv', chunks(6, 100))
      await assert.rejects(spool.put('kv2', [chunk('x', 300), chunk('y', 300)]), busy)
      assert.equal(spool.has('kv2', chunk('x').hash), false)
      assert.equal(spool.bytes(), 600)
      await spool.put('kv', [...chunks(6, 100), chunk('z', 400)]) // those that are there need no room
      await assert.rejects(spool.put('kv', [chunk('y', 1)]), busy)
      await spool.sweep('kv', () => false)
      await spool.put('kv2', [chunk('x', 500), chunk('y', 500)])
      assert.equal(spool.bytes(), 1000)
    }, 1000),
  )
}

function manifestTests(withSpool: WithSpool): void {
  test(
    'one manifest is kept for each side of a group, until there is another or none',
    withSpool(async (spool) => {
      const kept = (): (number[] | null)[] =>
        (['outgoing', 'incoming'] as const).flatMap((side) =>
          ['kv', 'kv2'].map((group) => {
            const manifest = spool.manifest(group, side)
            return manifest ? [...manifest] : null
          }),
        )
      assert.deepEqual(kept(), [null, null, null, null])
      await spool.keepManifest('kv', 'outgoing', Uint8Array.of(1, 2))
      await spool.keepManifest('kv', 'incoming', Uint8Array.of(3))
      await spool.keepManifest('kv2', 'incoming', new Uint8Array(0))
      assert.deepEqual(kept(), [[1, 2], null, [3], []])
      await spool.keepManifest('kv', 'outgoing', Uint8Array.of(4))
      await spool.keepManifest('kv', 'incoming', undefined)
      await spool.keepManifest('none', 'incoming', undefined)
      assert.deepEqual(kept(), [[4], null, null, []])
    }),
  )
}

function restartTests(withSpool: WithSpool): void {
  test(
    'chunks and manifests that were kept outlive the process',
    withSpool(async (spool, bench) => {
      const list = chunks(1200, 50)
      const manifest = new Uint8Array(3_000_000).map((_, i) => i % 251)
      await spool.put('kv', list)
      await spool.keepManifest('kv', 'incoming', manifest)
      await spool.keepManifest('kv', 'outgoing', Uint8Array.of(9))
      await spool.keepManifest('kv', 'outgoing', undefined)
      await spool.sweep('kv', (hash) => Buffer.from(hash).equals((list[7] as SpooledChunk).hash) === false)
      const again = await bench.restart()
      assert.equal(again.bytes(), 1199 * 50)
      assert.equal(held(again, 'kv', list).length, 1199)
      assert.equal(again.has('kv', (list[7] as SpooledChunk).hash), false)
      assert.deepEqual(new Uint8Array(again.get('kv', (list[8] as SpooledChunk).hash) ?? []), list[8]?.bytes)
      assert.deepEqual(new Uint8Array(again.manifest('kv', 'incoming') ?? []), manifest)
      assert.equal(again.manifest('kv', 'outgoing'), undefined)
    }),
  )
}

/** Declares the contract tests for one adapter. */
export function spoolSuite(name: string, makeBench: () => Promise<SpoolBench>): void {
  const withSpool: WithSpool = (run, bytesMax) => async () => {
    const bench = await makeBench()
    try {
      await run(await bench.open(bytesMax), bench)
    } finally {
      await bench.dispose()
    }
  }
  describe(`spool contract: ${name}`, () => {
    chunkTests(withSpool)
    sweepTests(withSpool)
    boundTests(withSpool)
    manifestTests(withSpool)
    restartTests(withSpool)
  })
}
