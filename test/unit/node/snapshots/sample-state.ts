/** States to be exported and what becomes of them: tables in memory, and a state machine with a format of its own. */

import { concatBytes, text, utf8 } from '../../../../src/base/bytes.ts'
import { FlotillaError } from '../../../../src/base/errors.ts'
import { exportState } from '../../../../src/node/snapshots/export.ts'
import { importRows } from '../../../../src/node/snapshots/import.ts'
import type { Spool, SpooledChunk } from '../../../../src/ports/spool.ts'
import type { StateMachine } from '../../../../src/ports/state-machine.ts'
import type { GroupBootstrap, NodeStore } from '../../../../src/ports/store.ts'
import type { Table, TableSnapshot, TableWrite } from '../../../../src/ports/table.ts'
import { votersOnly } from '../../../../src/protocol/types.ts'
import { kv } from '../../../../src/statemachines/kv/kv.ts'
import { MemorySpool } from '../../../../src/storage/memory/spool.ts'
import { memoryStore } from '../../../../src/storage/memory/store.ts'
import type { Manifest } from '../../../../src/wire/manifest.ts'

export const GROUP = 'kv'
export const EPOCH = '0123456789abcdef.00'
export const BOOTSTRAP: GroupBootstrap = { conf: votersOnly([1, 2, 3]), peers: { 1: 'a', 2: 'b', 3: 'c' }, kind: 'kv' }

/** A kv state machine whose state has a format of its own: rows as lines of text. */
export const TEXTUAL: StateMachine = {
  ...kv(),
  async *snapshot(view) {
    for (const [key, value] of view.range('default', {})) yield utf8(`${text(key)}\t${text(value)}\n`)
  },
  async *restore(chunks) {
    let rest: Uint8Array = new Uint8Array(0)
    for await (const chunk of chunks) {
      const lines = text(concatBytes([rest, chunk])).split('\n')
      rest = utf8(lines.pop() as string)
      for (const line of lines) {
        const [key, value] = line.split('\t')
        if (key === undefined || value === undefined) throw new FlotillaError('CODEC_INVALID', 'a line is no row')
        yield { family: 'default', key: utf8(key), value: utf8(value) }
      }
    }
  },
}

/** Rows with texts that compress as texts do, the same for the same seed. */
export const rowsOf = (count: number, bytes = 300, seed = 0): TableWrite[] =>
  Array.from({ length: count }, (_, i) => rowOf(i, bytes, seed))

export const rowOf = (i: number, bytes = 300, seed = 0): TableWrite => {
  let value = ''
  for (let n = 0; value.length < bytes; n++) value += `${((i * 7919 + seed * 104_729 + n * 31) >>> 0).toString(36)} `
  return { family: 'default', key: utf8(`row/${String(i).padStart(6, '0')}`), value: utf8(value) }
}

/** A group's table in memory. */
export async function makeTable(
  writes: readonly TableWrite[] = [],
): Promise<{ readonly store: NodeStore; readonly table: Table }> {
  const store = memoryStore({ cluster: 'test', node: 'a' })
  await store.open(GROUP, BOOTSTRAP)
  const table = store.table(GROUP)
  table.apply(1, writes)
  return { store, table }
}

/** A view that says whether it was closed. */
export function watched(view: TableSnapshot): TableSnapshot & { readonly closed: number } {
  let closed = 0
  return {
    applied: view.applied,
    membership: view.membership,
    get: (family, key) => view.get(family, key),
    range: (family, range) => view.range(family, range),
    close: () => {
      closed++
      view.close()
    },
    get closed() {
      return closed
    },
  }
}

/** A spool that counts what is put. */
export class CountingSpool extends MemorySpool {
  puts = 0
  kept = 0

  override async put(group: string, chunks: readonly SpooledChunk[]): Promise<void> {
    this.puts += chunks.length
    await super.put(group, chunks)
  }

  override async keepManifest(...args: Parameters<Spool['keepManifest']>): Promise<void> {
    this.kept++
    await super.keepManifest(...args)
  }
}

/** Exports what a table holds. */
export const exported = (table: Table, spool: Spool, stateMachine: StateMachine = kv()): ReturnType<typeof exportState> =>
  exportState({ view: table.snapshot(), stateMachine, group: GROUP, epoch: EPOCH, term: 2, spool })

/** All rows that come of a snapshot. */
export async function imported(manifest: Manifest, spool: Spool, stateMachine: StateMachine = kv()): Promise<TableWrite[]> {
  const rows: TableWrite[] = []
  for await (const row of importRows({ manifest, spool, stateMachine })) rows.push(row)
  return rows
}

/** Rows as text, to be compared. */
export const shown = (rows: readonly TableWrite[]): string[] =>
  rows.map(
    ({ family, key, value }) =>
      `${family}/${Buffer.from(key).toString('latin1')}=${value && Buffer.from(value).toString('latin1')}`,
  )
