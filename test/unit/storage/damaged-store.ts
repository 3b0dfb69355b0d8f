/** A store whose content is known to the byte, and what a damaged copy of it is good for. */

import { copyFile, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { utf8 } from '../../../src/base/bytes.ts'
import { FlotillaError } from '../../../src/base/errors.ts'
import type { NodeStore } from '../../../src/ports/store.ts'
import { openLmdb } from '../../../src/storage/lmdb/open.ts'
import { DATA_FILE } from '../../../src/storage/lmdb/precheck.ts'
import { SLOTS_FILE } from '../../../src/storage/lmdb/slots.ts'
import { BOOTSTRAP, entry } from '../../contract/store-samples.ts'

export const CLAIM = { cluster: 'test', node: 'a' }
const ALL = Number.MAX_SAFE_INTEGER

/** Entries of the sample's log, the rows of its table, and the term it ends in. */
const ENTRIES = 150
const ROWS = 60
const TERM = 5

const termOf = (index: number): number => Math.ceil((index * TERM) / ENTRIES)
const row = (i: number): string => `row ${i} ${'.'.repeat(i)}`
const sample = (index: number) => entry(index, termOf(index), `entry ${index} ${'#'.repeat(index)}`)

/** Makes the sample in many small writes, with a vote in each term, conflicts and another group, so that old states of all of it lie about in the file. */
export async function makeSample(dir: string): Promise<void> {
  const store = await openLmdb({ dir, ...CLAIM })
  for (const group of ['kv', 'other']) await store.open(group, BOOTSTRAP)
  for (let index = 1; index <= ENTRIES; index += 3) {
    const term = termOf(index + 2)
    await store.write([{ group: 'other', hardState: { term, vote: null, commit: 0 }, entries: [entry(1, term, 'other')] }])
    await store.write([{ group: 'kv', entries: [entry(index, termOf(index), 'of a leader that fell')] }])
    const commit = Math.max(0, index - 1)
    if (index % 30 === 1 && index > 1) store.table('kv').apply(index - 1, rowsBefore(index))
    const entries = [sample(index), sample(index + 1), sample(index + 2)]
    await store.write([{ group: 'kv', entries, hardState: { term, vote: 1 + (term % 3), commit } }])
  }
  store.table('kv').apply(ENTRIES, rowsBefore(ENTRIES))
  await store.write([{ group: 'kv', hardState: { term: TERM, vote: 1 + (TERM % 3), commit: ENTRIES } }])
  await store.close()
}

const rowsBefore = (index: number) =>
  Array.from({ length: Math.ceil((index * ROWS) / ENTRIES) }, (_, i) => ({
    family: 'default',
    key: utf8(`k${i}`),
    value: utf8(row(i)),
  }))

/** A copy to be damaged. */
export async function copySample(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true })
  for (const file of [DATA_FILE, SLOTS_FILE]) await copyFile(join(from, file), join(to, file))
}

/**
 * What a copy is good for: `sound` when all is there; the code of the error that tells of its damage; `rows missing`, which only a full check of the
 * file's pages would tell; or `WRONG …`, which must never be.
 */
export async function judge(dir: string): Promise<string> {
  let store: NodeStore | undefined
  try {
    store = await openLmdb({ dir, ...CLAIM })
    return await judgeOpen(store)
  } catch (thrown) {
    return thrown instanceof FlotillaError ? thrown.code : `threw ${String(thrown)}`
  } finally {
    await store?.close()
  }
}

async function judgeOpen(store: NodeStore): Promise<string> {
  const { hardState, lastIndex, applied } = await store.open('kv', BOOTSTRAP)
  const { term, vote } = hardState
  if (term !== TERM || vote !== 1 + (TERM % 3)) return `WRONG hard state ${JSON.stringify(hardState)}`
  if (lastIndex !== ENTRIES || applied !== ENTRIES) return `WRONG end ${lastIndex}, applied ${applied}`
  for (const { index, data } of store.reader('kv').entries(1, ENTRIES + 1, ALL))
    if (Buffer.compare(data, sample(index).data) !== 0) return `WRONG entry ${index}`
  let rows = 0
  for (const [key, value] of store.table('kv').range('default', {})) {
    const i = Number(Buffer.from(key).toString().slice(1))
    if (Buffer.from(value).toString() !== row(i)) return `WRONG row ${Buffer.from(key)}`
    rows++
  }
  const other = await store.open('other', BOOTSTRAP)
  if (other.hardState.term !== TERM || other.lastIndex !== 1) return `WRONG other ${JSON.stringify(other.hardState)}`
  return rows === ROWS ? 'sound' : 'rows missing'
}
