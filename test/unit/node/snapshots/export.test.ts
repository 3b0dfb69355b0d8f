/** A state exported and imported again: what is the same is made once, what is damaged is named, and views are closed. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { deflateRawSync } from 'node:zlib'
import { utf8 } from '../../../../src/base/bytes.ts'
import { FlotillaError } from '../../../../src/base/errors.ts'
import { prng } from '../../../../src/base/prng.ts'
import { SNAPSHOT_CRAFT } from '../../../../src/node/snapshots/craft.ts'
import { exportState, reuseOwn } from '../../../../src/node/snapshots/export.ts'
import { dropChunk, importRows } from '../../../../src/node/snapshots/import.ts'
import { packChunk } from '../../../../src/node/snapshots/packing.ts'
import type { StateMachine } from '../../../../src/ports/state-machine.ts'
import type { TableWrite } from '../../../../src/ports/table.ts'
import { kv } from '../../../../src/statemachines/kv/kv.ts'
import { MemorySpool } from '../../../../src/storage/memory/spool.ts'
import { chunkHash, decodeManifest, type Manifest, type ManifestChunk, manifestId } from '../../../../src/wire/manifest.ts'
import { code } from '../../../contract/store-samples.ts'
import {
  CountingSpool,
  EPOCH,
  exported,
  GROUP,
  imported,
  makeTable,
  rowOf,
  rowsOf,
  shown,
  TEXTUAL,
  watched,
} from './sample-state.ts'

const KINDS: readonly (readonly [string, StateMachine])[] = [
  ['rows', kv()],
  ['own', TEXTUAL],
]

for (const [format, stateMachine] of KINDS) {
  test(`a state exported as ${format} is the same state when it is imported`, async () => {
    const rows = rowsOf(1500)
    const { table } = await makeTable(rows)
    const spool = new MemorySpool()
    const { manifest, bytes, id } = await exported(table, spool, stateMachine)
    assert.deepEqual(shown(await imported(manifest, spool, stateMachine)), shown(rows))
    const { chunks, ...head } = manifest
    const { membership } = table
    assert.deepEqual(head, { group: GROUP, epoch: EPOCH, kind: 'kv', format, index: 1, term: 2, membership })
    assert.ok(chunks.length > 5)
    assert.deepEqual(decodeManifest(bytes), manifest)
    assert.deepEqual(spool.manifest(GROUP, 'outgoing'), bytes)
    assert.equal(manifestId(bytes), id)
    const raw = chunks.reduce((sum, chunk) => sum + chunk.bytes, 0)
    assert.ok(spool.bytes() < 0.8 * raw, 'chunks are compressed')
  })

  test(`an empty state exported as ${format} has no chunks`, async () => {
    const { table } = await makeTable()
    const spool = new MemorySpool()
    const { manifest } = await exported(table, spool, stateMachine)
    assert.deepEqual(manifest.chunks, [])
    assert.deepEqual(await imported(manifest, spool, stateMachine), [])
  })

  test(`a later export as ${format} makes only the chunks that changed, and drops those nobody names`, async () => {
    const { table } = await makeTable(rowsOf(3000))
    const spool = new CountingSpool()
    const first = await exported(table, spool, stateMachine)
    assert.equal(spool.puts, first.manifest.chunks.length)
    table.apply(2, [rowOf(1234, 500, 1)])
    const second = await exported(table, spool, stateMachine)
    assert.ok(spool.puts - first.manifest.chunks.length <= 8, `${spool.puts} puts`)
    assert.notEqual(second.id, first.id)
    const named = new Set(second.manifest.chunks.map(({ hash }) => Buffer.from(hash).toString('hex')))
    for (const { hash } of first.manifest.chunks)
      assert.equal(spool.has(GROUP, hash), named.has(Buffer.from(hash).toString('hex')))
    assert.deepEqual(
      shown(await imported(second.manifest, spool, stateMachine)),
      shown([...table.range('default', {})].map(toWrite)),
    )
  })
}

const toWrite = ([key, value]: readonly [Uint8Array, Uint8Array]): TableWrite => ({ family: 'default', key, value })

test('chunks that are kept for another reason stay, also when the export fails', async () => {
  const spool = new MemorySpool()
  const { table } = await makeTable(rowsOf(1000))
  const first = await exported(table, spool)
  table.apply(2, rowsOf(1000, 300, 7))
  const options = { stateMachine: kv(), group: GROUP, epoch: EPOCH, term: 2, spool, isKept: () => true }
  const failing = { ...options.stateMachine, snapshot: (): never => assert.fail('it fails') }
  await assert.rejects(exportState({ ...options, stateMachine: failing, view: table.snapshot() }))
  const second = await exportState({ ...options, view: table.snapshot() })
  assert.notEqual(second.id, first.id)
  for (const { hash } of first.manifest.chunks) assert.ok(spool.has(GROUP, hash))
})

test('two nodes with the same state have the same manifest, whatever their histories were', async () => {
  const { table } = await makeTable(rowsOf(800))
  const other = await makeTable(rowsOf(400, 200, 9))
  other.table.apply(2, [...rowsOf(900, 100, 3)])
  other.table.apply(3, [
    ...rowsOf(800),
    ...Array.from({ length: 100 }, (_, i) => ({ family: 'default', key: rowOf(800 + i).key })),
  ])
  table.apply(3, [])
  const ids = await Promise.all([table, other.table].map(async (one) => (await exported(one, new MemorySpool())).id))
  assert.equal(ids[0], ids[1])
})

test('a second export while nothing was applied reads and writes nothing', async () => {
  const { table } = await makeTable(rowsOf(500))
  const spool = new CountingSpool()
  const first = await exported(table, spool)
  const { puts, kept } = spool
  const view = watched({ ...table.snapshot(), range: () => assert.fail('the state was read') })
  const again = await exportState({ view, stateMachine: kv(), group: GROUP, epoch: EPOCH, term: 2, spool })
  assert.deepEqual([again.id, spool.puts, spool.kept], [first.id, puts, kept])
  assert.ok(view.closed > 0)
})

test('an export whose manifest is kept but whose chunks are not all there makes those that are missing', async () => {
  const { table } = await makeTable(rowsOf(1000))
  const spool = new CountingSpool()
  const { manifest, id } = await exported(table, spool)
  const lost = manifest.chunks[2] as ManifestChunk
  await spool.sweep(GROUP, (hash) => !Buffer.from(hash).equals(lost.hash))
  spool.puts = 0
  assert.equal((await exported(table, spool)).id, id)
  assert.equal(spool.puts, 1)
})

test('chunks that an incoming manifest names stay when a state is exported', async () => {
  const spool = new MemorySpool()
  const { table } = await makeTable(rowsOf(300, 300, 5))
  const wanted = await exported(table, spool)
  await spool.keepManifest(GROUP, 'incoming', wanted.bytes)
  const own = await makeTable(rowsOf(300))
  own.table.apply(2, [])
  await exported(own.table, spool)
  for (const { hash } of wanted.manifest.chunks) assert.ok(spool.has(GROUP, hash))
  await spool.keepManifest(GROUP, 'incoming', undefined)
  own.table.apply(3, [])
  await exported(own.table, spool)
  assert.ok(!wanted.manifest.chunks.some(({ hash }) => spool.has(GROUP, hash)))
})

test('the view is closed once it is read, before the last chunk is kept, and on an error; then nothing is left behind', async () => {
  const { table } = await makeTable(rowsOf(1000))
  const view = watched(table.snapshot())
  let closedAtManifest = 0
  const spool = new (class extends MemorySpool {
    override async keepManifest(): Promise<void> {
      closedAtManifest = view.closed
    }
  })()
  await exportState({ view, stateMachine: kv(), group: GROUP, epoch: EPOCH, term: 2, spool })
  assert.ok(closedAtManifest > 0)

  const full = new CountingSpool({ bytesMax: 1_000_000 }) // for a part of the state
  const noise = prng(1)
  const value = (): Uint8Array => Uint8Array.from({ length: 5000 }, () => noise.between(0, 256))
  const large = await makeTable(rowsOf(300).map((row) => ({ ...row, value: value() })))
  const other = watched(large.table.snapshot())
  const options = { stateMachine: kv(), group: GROUP, epoch: EPOCH, term: 2 }
  await assert.rejects(exportState({ ...options, view: other, spool: full }), code('BUSY'))
  assert.ok(other.closed > 0 && full.puts > 20)
  assert.deepEqual([full.bytes(), full.manifest(GROUP, 'outgoing')], [0, undefined])

  const third = watched(table.snapshot())
  const breathe = (): Promise<void> => Promise.reject(new FlotillaError('CLOSED', 'enough'))
  const many = await makeTable(rowsOf(20_000, 50))
  const fourth = watched(many.table.snapshot())
  await assert.rejects(exportState({ ...options, view: fourth, spool: new MemorySpool(), breathe }), code('CLOSED'))
  assert.ok(fourth.closed > 0)
  const broken: StateMachine = {
    ...TEXTUAL,
    snapshot: () => {
      throw new Error('no')
    },
  }
  await assert.rejects(exportState({ ...options, view: third, stateMachine: broken, spool: new MemorySpool() }), /no/)
  assert.ok(third.closed > 0)
})

/** A spool in which one chunk holds other bytes than it should. */
async function withDamage(manifest: Manifest, spool: MemorySpool, packed: Uint8Array | undefined): Promise<string> {
  const { hash } = manifest.chunks[3] as ManifestChunk
  await spool.sweep(GROUP, (one) => !Buffer.from(one).equals(hash))
  if (packed !== undefined) await spool.put(GROUP, [{ hash, bytes: packed }])
  return Buffer.from(hash).toString('hex')
}

test('a chunk that is damaged or missing is named, after the rows before it; dropped, it can be fetched again', async () => {
  const { table } = await makeTable(rowsOf(1500))
  const source = new MemorySpool()
  const { manifest } = await exported(table, source)
  const { hash, bytes } = manifest.chunks[3] as ManifestChunk
  const good = source.get(GROUP, hash) as Uint8Array
  const damages: (readonly [string, Uint8Array | undefined])[] = [
    ['missing', undefined],
    ['nothing', new Uint8Array(0)],
    ['cut off', good.subarray(0, good.length - 5)],
    ['noise', new Uint8Array(1000).fill(0x9b)],
    ['another chunk', source.get(GROUP, (manifest.chunks[4] as ManifestChunk).hash)],
    ['as many zeros', await packChunk(new Uint8Array(bytes))],
    ['too little', await packChunk(new Uint8Array(bytes - 1))],
    ['far too much', deflateRawSync(new Uint8Array(50_000_000))],
  ]
  for (const [what, packed] of damages) {
    const chunk = await withDamage(manifest, source, packed)
    let rows = 0
    let thrown: unknown = null
    try {
      for await (const _ of importRows({ manifest, spool: source, stateMachine: kv() })) rows++
    } catch (error) {
      thrown = error
    }
    code('CODEC_INVALID')(thrown)
    assert.equal((thrown as FlotillaError).details.chunk, chunk, what)
    assert.ok(rows > 0 && rows < 1500, what)
    if (what === 'far too much')
      assert.match((thrown as FlotillaError).message, /cannot be unpacked/, 'no further than it should')
    assert.equal(packed !== undefined && SNAPSHOT_CRAFT.isChunk(packed, { hash, bytes }), false, what)
    assert.equal(await dropChunk(source, GROUP, thrown), true)
    assert.equal(source.has(GROUP, hash), false)
  }
  await source.put(GROUP, [{ hash, bytes: good }])
  assert.equal(SNAPSHOT_CRAFT.isChunk(good, { hash, bytes }), true)
  assert.equal((await imported(manifest, source)).length, 1500)
  for (const length of [bytes - 1, bytes + 1]) {
    const lie = { ...manifest, chunks: manifest.chunks.map((one) => (one.hash === hash ? { hash, bytes: length } : one)) }
    await assert.rejects(imported(lie, source), code('CODEC_INVALID'), `said to have ${length} bytes, not ${bytes}`)
    assert.equal(SNAPSHOT_CRAFT.isChunk(good, { hash, bytes: length }), false)
  }
  assert.equal(await dropChunk(source, GROUP, new FlotillaError('CODEC_INVALID', 'of something else')), false)
})

test('chunks that are whole but not the rows of a state are refused without naming one', async () => {
  const spool = new MemorySpool()
  const contents = utf8('this is no stream of rows')
  const hash = chunkHash(contents)
  await spool.put(GROUP, [{ hash, bytes: await packChunk(contents) }])
  const { manifest } = await exported((await makeTable()).table, spool)
  await spool.put(GROUP, [{ hash, bytes: await packChunk(contents) }])
  const wrong = { ...manifest, chunks: [{ hash, bytes: contents.length }] }
  await assert.rejects(
    imported(wrong, spool),
    (thrown) => code('CODEC_INVALID')(thrown) && !(thrown as FlotillaError).details.chunk,
  )
})

test('a snapshot of another kind or format is refused before anything is read', async () => {
  const spool = new MemorySpool()
  const { manifest } = await exported((await makeTable(rowsOf(10))).table, spool)
  assert.throws(() => importRows({ manifest, spool, stateMachine: { ...kv(), kind: 'actors' } }), code('STORE_MISMATCH'))
  assert.throws(() => importRows({ manifest, spool, stateMachine: TEXTUAL }), code('STORE_MISMATCH'))
})

test('chunks of our own state that are wanted need not be fetched', async () => {
  const { table } = await makeTable(rowsOf(3000))
  const wanted = (await exported(table, new MemorySpool())).manifest
  const own = await makeTable(rowsOf(3000))
  own.table.apply(2, [rowOf(77, 300, 4), rowOf(2500, 90, 4)])
  const spool = new CountingSpool()
  const reuse = async (manifest: Manifest = wanted): Promise<readonly [number, number]> => {
    const view = watched(own.table.snapshot())
    return [await reuseOwn({ view, stateMachine: kv(), wanted: manifest, spool }), view.closed]
  }
  const [reused, closed] = await reuse()
  assert.ok(closed > 0)
  assert.ok(reused >= wanted.chunks.length - 10 && reused < wanted.chunks.length, `${reused} of ${wanted.chunks.length}`)
  assert.equal(wanted.chunks.filter(({ hash }) => spool.has(GROUP, hash)).length, reused)
  for (const one of wanted.chunks.filter(({ hash }) => spool.has(GROUP, hash)))
    assert.ok(SNAPSHOT_CRAFT.isChunk(spool.get(GROUP, one.hash) as Uint8Array, one))
  assert.equal(spool.puts, reused)
  const [again, closedAgain] = await reuse()
  assert.deepEqual([again, closedAgain > 0], [0, true])
  const [none, closedToo] = await reuse({ ...wanted, format: 'own' })
  assert.deepEqual([none, closedToo > 0], [0, true])
})

test('others have their turns while a state is exported, read and looked through', async () => {
  const { table } = await makeTable(rowsOf(20_000, 100))
  const spool = new MemorySpool()
  let breaths = 0
  const breathe = async (): Promise<void> => {
    breaths++
    await nextTurn()
  }
  const options = { stateMachine: kv(), spool, breathe }
  const { manifest } = await exportState({ ...options, view: table.snapshot(), group: GROUP, epoch: EPOCH, term: 2 })
  const first = breaths
  for await (const _ of importRows({ ...options, manifest }));
  const second = breaths
  await reuseOwn({ view: table.snapshot(), ...options, spool: new MemorySpool(), wanted: manifest })
  assert.ok(first > 0 && second > first && breaths > second, `${first} ${second} ${breaths}`)
})
