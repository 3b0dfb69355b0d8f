/** The spool on disk: what a dead process leaves, damage, a disk that fails, and space given back. What every spool promises is in test/contract. */

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { FlotillaError } from '../../../src/base/errors.ts'
import type { Logger } from '../../../src/ports/logger.ts'
import { type LmdbSpool, openSpool, type SpoolOptions } from '../../../src/storage/lmdb/spool.ts'
import type { Commit } from '../../../src/storage/lmdb/writer.ts'
import { chunk, chunks, held } from '../../contract/spool-suite.ts'

interface Bench {
  readonly dir: string
  readonly warnings: string[]
  open(options?: SpoolOptions): LmdbSpool
}

/** Runs a test with a directory of its own. */
const withBench = (run: (bench: Bench) => Promise<void>) => async () => {
  const root = await mkdtemp(join(tmpdir(), 'flotilla-spool-'))
  const warnings: string[] = []
  const opened: LmdbSpool[] = []
  const warn = (_: unknown, message: string): void => void warnings.push(message)
  const logger: Logger = { debug() {}, info() {}, warn, error: warn }
  const dir = join(root, 'spool')
  const open = (options: SpoolOptions = {}): LmdbSpool => {
    const spool = openSpool(dir, { logger, ...options })
    opened.push(spool)
    return spool
  }
  try {
    await run({ dir, warnings, open })
  } finally {
    for (const spool of opened) await spool.close()
    await rm(root, { recursive: true })
  }
}

const code = (expected: string) => (thrown: unknown) => thrown instanceof FlotillaError && thrown.code === expected

/** The files of the only room there is. */
function roomOf(dir: string): { readonly data: string; readonly boot: string } {
  const rooms = readdirSync(dir)
  assert.equal(rooms.length, 1, `rooms: ${rooms.join(' ')}`)
  return { data: join(dir, rooms[0] as string, 'data.mdb'), boot: join(dir, rooms[0] as string, 'boot') }
}

/** Opens what is left, and finds it empty but of use. */
async function beginsAnew({ open, warnings, dir }: Bench): Promise<void> {
  const before = warnings.length
  const spool = open()
  assert.deepEqual(held(spool, 'kv', chunks(50)), [])
  assert.equal(spool.bytes(), 0)
  assert.equal(spool.manifest('kv', 'incoming'), undefined)
  assert.equal(warnings.length, before + 1, warnings.join('; '))
  await spool.put('kv', chunks(50))
  await spool.close()
  roomOf(dir)
  const again = open()
  assert.equal(held(again, 'kv', chunks(50)).length, 50)
  await again.close()
}

/** A process that runs this and kills itself. */
async function dieAfter(work: string): Promise<void> {
  const code = `
    import { openSpool } from ${JSON.stringify(new URL('../../../src/storage/lmdb/spool.js', import.meta.url).href)}
    import { chunks } from ${JSON.stringify(new URL('../../contract/spool-suite.js', import.meta.url).href)}
    ${work}
    process.kill(process.pid, 'SIGKILL')`
  const child = spawn(process.execPath, ['--input-type=module', '--eval', code], { stdio: ['ignore', 'ignore', 'inherit'] })
  const [, signal] = await once(child, 'exit')
  assert.equal(signal, 'SIGKILL')
}

async function fill({ open }: Bench, bytes = 100): Promise<void> {
  const spool = open()
  await spool.put('kv', chunks(50, bytes))
  await spool.keepManifest('kv', 'incoming', Uint8Array.of(1, 2, 3))
  await spool.close()
}

test(
  'a process that is killed leaves what was kept',
  withBench(async (bench) => {
    await dieAfter(`
      const spool = openSpool(${JSON.stringify(bench.dir)})
      await spool.put('kv', chunks(50))
      await spool.keepManifest('kv', 'incoming', Uint8Array.of(7))`)
    const spool = bench.open()
    assert.equal(held(spool, 'kv', chunks(50)).length, 50)
    assert.deepEqual([...(spool.manifest('kv', 'incoming') ?? [])], [7])
    assert.deepEqual(bench.warnings, [])
  }),
)

test(
  'what another boot of the system has written is not opened: it was not flushed',
  withBench(async (bench) => {
    await fill(bench)
    writeFileSync(roomOf(bench.dir).boot, 'another')
    await beginsAnew(bench)
  }),
)

test(
  'what ended the process while it was opened is not opened again',
  withBench(async (bench) => {
    await fill(bench)
    const kill = "() => process.kill(process.pid, 'SIGKILL')"
    await dieAfter(`openSpool(${JSON.stringify(bench.dir)}, { wrapCommit: ${kill} })`)
    await beginsAnew(bench)
  }),
)

test(
  'a file that is cut off, is no LMDB file, or has a damaged page at its beginning is made anew',
  withBench(async (bench) => {
    const damages: ((path: string) => void)[] = [
      (path) => truncateSync(path, statSync(path).size - 8192),
      (path) => truncateSync(path, 100),
      (path) => truncateSync(path, 0),
      (path) => writeFileSync(path, 'not a database, though long enough to look like one. '.repeat(1000)),
      (path) => damage(path, 24),
      (path) => damage(path, 4096 + 24),
      (path) => damage(path, 48),
    ]
    for (const harm of damages) {
      await fill(bench, 5000)
      harm(roomOf(bench.dir).data)
      await beginsAnew(bench)
      await rm(bench.dir, { recursive: true })
    }
  }),
)

/** Turns the bits of one byte. */
function damage(path: string, at: number): void {
  const bytes = readFileSync(path)
  bytes[at] = ~(bytes[at] as number)
  writeFileSync(path, bytes)
}

test(
  'a damaged chunk is dropped when it is met, and can be put again; the others stay',
  withBench(async (bench) => {
    await fill(bench, 5000)
    const { data } = roomOf(bench.dir)
    const [third, fourth] = [chunk(3, 5000), chunk(4, 5000)]
    damage(data, readFileSync(data).indexOf(third.bytes) + 2000)
    const spool = bench.open()
    assert.deepEqual(new Uint8Array(spool.get('kv', fourth.hash) ?? []), fourth.bytes)
    assert.equal(spool.get('kv', third.hash), undefined)
    assert.match(bench.warnings.join(), /a chunk of a snapshot is damaged/)
    await spool.put('kv', [third]) // behind the drop
    assert.deepEqual(new Uint8Array(spool.get('kv', third.hash) ?? []), third.bytes)
    assert.equal(spool.bytes(), 50 * 5000)
    assert.deepEqual([...(spool.manifest('kv', 'incoming') ?? [])], [1, 2, 3])
  }),
)

test(
  'a damaged manifest is none, and the spool begins anew',
  withBench(async (bench) => {
    const spool = bench.open()
    await spool.put('kv', chunks(50))
    const manifest = new Uint8Array(20_000).map((_, i) => i % 253)
    await spool.keepManifest('kv', 'incoming', manifest)
    await spool.close()
    const { data } = roomOf(bench.dir)
    damage(data, readFileSync(data).indexOf(manifest) + 9000)
    const again = bench.open()
    assert.equal(again.manifest('kv', 'incoming'), undefined)
    assert.match(bench.warnings.join(), /the spool is broken/)
    assert.equal(again.bytes(), 0)
  }),
)

test(
  'a write that fails or hangs is refused with BUSY, and the spool begins anew: the node goes on',
  withBench(async (bench) => {
    let fault: 'none' | 'fail' | 'hang' = 'none'
    const wrapCommit =
      (commit: Commit): Commit =>
      async (changes) => {
        if (fault === 'fail') throw new Error('EIO: i/o error, write')
        return fault === 'hang' ? new Promise(() => {}) : commit(changes)
      }
    const spool = bench.open({ wrapCommit, watchdogMs: 100 })
    for (const kind of ['fail', 'hang'] as const) {
      await spool.put('kv', chunks(50))
      await spool.keepManifest('kv', 'outgoing', Uint8Array.of(1))
      fault = kind
      await assert.rejects(spool.put('kv', [chunk('more')]), code('BUSY'))
      fault = 'none'
      assert.deepEqual([held(spool, 'kv', chunks(50)), spool.bytes(), spool.manifest('kv', 'outgoing')], [[], 0, undefined])
    }
    await spool.put('kv', chunks(50))
    await spool.close()
    roomOf(bench.dir)
    assert.equal(held(bench.open(), 'kv', chunks(50)).length, 50)
  }),
)

test(
  'where no spool can be made nothing is kept and nothing breaks; once it can be made, it is',
  withBench(async (bench) => {
    writeFileSync(bench.dir, 'in the way')
    const spool = bench.open()
    assert.deepEqual([spool.has('kv', chunk(1).hash), spool.get('kv', chunk(1).hash), spool.bytes()], [false, undefined, 0])
    await assert.rejects(spool.put('kv', chunks(1)), code('BUSY'))
    await assert.rejects(
      spool.sweep('kv', () => false),
      code('BUSY'),
    )
    await rm(bench.dir)
    await spool.put('kv', chunks(1))
    assert.equal(spool.has('kv', chunk(0).hash), true)
  }),
)

test(
  'the space of the last chunk is given back, and the manifests stay',
  withBench(async (bench) => {
    const spool = bench.open({ idleFileBytes: 200_000 })
    await spool.put('kv', chunks(200, 5000))
    await spool.put('z', chunks(1, 5000))
    await spool.keepManifest('kv', 'outgoing', Uint8Array.of(1, 2))
    const large = roomOf(bench.dir).data
    assert.ok(statSync(large).size > 1_000_000)
    await spool.sweep('kv', () => false)
    assert.ok(existsSync(large), 'a chunk of another group is left')
    await spool.sweep('z', () => false)
    await spool.close()
    assert.ok(!existsSync(large))
    assert.ok(statSync(roomOf(bench.dir).data).size < 200_000)
    const again = bench.open()
    assert.deepEqual([...(again.manifest('kv', 'outgoing') ?? [])], [1, 2])
    assert.deepEqual(bench.warnings, [])
  }),
)

test(
  'the file does not grow while chunks come and go',
  withBench(async (bench) => {
    const spool = bench.open({ idleFileBytes: 100_000_000 })
    const sizes: number[] = []
    for (let round = 0; round < 12; round++) {
      const list = Array.from({ length: 40 }, (_, i) => chunk(`${round} ${i}`, 40_000))
      await spool.put('kv', list)
      await spool.sweep('kv', (hash) => list.some((one) => Buffer.from(one.hash).equals(hash)))
      sizes.push(statSync(roomOf(bench.dir).data).size)
    }
    assert.ok((sizes[11] as number) <= 1.5 * (sizes[3] as number), sizes.join(' '))
  }),
)

test(
  'a closed spool holds nothing, refuses what is put, and may be closed again',
  withBench(async (bench) => {
    const spool = bench.open()
    const putting = spool.put('kv', chunks(3))
    await Promise.all([spool.close(), spool.close(), putting])
    assert.equal(spool.has('kv', chunk(0).hash), false)
    await assert.rejects(spool.put('kv', chunks(1)), code('STORE_CLOSED'))
    assert.equal(held(bench.open(), 'kv', chunks(3)).length, 3)
  }),
)
