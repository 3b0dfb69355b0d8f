/** Keys with a wrong bit: the record is still there and nobody finds it. Whoever asks for it is told of damage, and never that it does not exist. */

import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { utf8 } from '../../../src/base/bytes.ts'
import { FlotillaError } from '../../../src/base/errors.ts'
import { prng } from '../../../src/base/prng.ts'
import type { NodeStore } from '../../../src/ports/store.ts'
import { openLmdb } from '../../../src/storage/lmdb/open.ts'
import { DATA_FILE } from '../../../src/storage/lmdb/precheck.ts'
import { SLOTS_FILE } from '../../../src/storage/lmdb/slots.ts'
import { BOOTSTRAP, put } from '../../contract/store-samples.ts'
import { CLAIM } from './damaged-store.ts'

const ROWS = 400
const PAGE = 4096
/** Kinds of pages, as their flags say. */
const BRANCH = 1
const LEAF = 2

const random = prng(4)
const KEYS = Array.from({ length: ROWS }, () => Array.from({ length: 12 }, () => random.between(0, 16).toString(16)).join(''))
let room = ''
let good: Buffer
let slots: Buffer

before(async () => {
  room = mkdtempSync(join(tmpdir(), 'flotilla-absence-'))
  const dir = join(room, 'good')
  const store = await openLmdb({ dir, ...CLAIM })
  await store.open('kv', BOOTSTRAP)
  await store.remember('store:b', 'somebody')
  store.table('kv').apply(
    1,
    KEYS.map((key) => put(key, `value of ${key}`)),
  )
  await store.write([])
  await store.close()
  good = readFileSync(join(dir, DATA_FILE))
  slots = readFileSync(join(dir, SLOTS_FILE))
})
after(() => rmSync(room, { recursive: true }))

/** Places of a text in keys of pages of that kind. */
function placesOf(text: string, kind: number): number[] {
  const found: number[] = []
  const needle = utf8(text)
  for (let at = good.indexOf(needle); at >= 0; at = good.indexOf(needle, at + 1))
    if (good.readUInt16LE(Math.floor(at / PAGE) * PAGE + 18) === kind) found.push(at)
  return found
}

/** What comes of asking a store with that bit turned: nothing wrong, the code of an error, or what is told that is not so. */
async function askedOf(at: number | null, bit: number, ask: (store: NodeStore) => string | null): Promise<string | null> {
  const dir = join(room, 'bad')
  rmSync(dir, { recursive: true, force: true })
  await mkdir(dir)
  const bytes = Buffer.from(good)
  if (at !== null) bytes[at] = (bytes[at] as number) ^ (1 << bit)
  writeFileSync(join(dir, DATA_FILE), bytes)
  writeFileSync(join(dir, SLOTS_FILE), slots)
  let store: NodeStore | undefined
  try {
    store = await openLmdb({ dir, ...CLAIM })
    await store.open('kv', BOOTSTRAP)
    return ask(store)
  } catch (thrown) {
    if (thrown instanceof FlotillaError) return thrown.code
    throw thrown
  } finally {
    await store?.close()
  }
}

/** Flips of the last places of some keys, where the order of keys seldom shows them. */
function* flips(kind: number, count: number): Generator<readonly [string, number, number]> {
  let left = count
  for (const key of KEYS) {
    for (const place of placesOf(key, kind)) {
      if (left-- <= 0) return
      yield [key, place + 5 + (left % 7), left % 3]
    }
  }
}

const TOLD = [null, 'STORE_DAMAGED', 'STORAGE_FAILED']

test('a row whose key has a wrong bit is told as damage by who asks for it, not as missing', async () => {
  let damaged = 0
  for (const [key, at, bit] of flips(LEAF, 40)) {
    const said = await askedOf(at, bit, (store) => (store.table('kv').get('default', utf8(key)) ? null : `${key} is missing`))
    assert.ok(TOLD.includes(said), String(said))
    if (said !== null) damaged++
  }
  assert.ok(damaged > 10, 'some of these pages are in use')
})

test('so it is by a view, and by a range that it has left', async () => {
  let damaged = 0
  for (const [key, at, bit] of flips(LEAF, 24)) {
    const said = await askedOf(at, bit, (store) => {
      const view = store.table('kv').snapshot()
      const range = [...view.range('default', { from: utf8(key), to: utf8(`${key}0`) })].length
      return view.get('default', utf8(key)) && range === 1 ? null : `${key} is missing`
    })
    assert.ok(TOLD.includes(said), String(said))
    if (said !== null) damaged++
  }
  assert.ok(damaged > 5)
})

test('a wrong bit in a key of an inner page is found before the file is used', async () => {
  let damaged = 0
  for (const [key, at, bit] of flips(BRANCH, 16)) {
    const said = await askedOf(at, bit, (store) => {
      for (const one of KEYS) if (!store.table('kv').get('default', utf8(one))) return `${one} is missing, by ${key}`
      return null
    })
    assert.ok(TOLD.includes(said), String(said))
    if (said !== null) damaged++
  }
  assert.ok(damaged > 0, 'some of these pages are in use')
})

test('a fact whose key has a wrong bit is not taken for one that never was', async () => {
  for (const at of placesOf('fact:store:b', LEAF))
    for (const offset of [8, 11])
      assert.ok(TOLD.includes(await askedOf(at + offset, 1, (store) => (store.recall('store:b') ? null : 'it is missing'))))
})

test('what was never there is not there', async () => {
  const said = await askedOf(null, 0, (store) => {
    for (const key of KEYS) if (store.table('kv').get('default', utf8(`${key}+`))) return 'it is there'
    assert.equal(store.table('kv').get('other', utf8('k')), undefined)
    return store.recall('store:c') === undefined ? null : 'it is known'
  })
  assert.equal(said, null)
})
