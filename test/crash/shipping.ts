/** A snapshot's whole way within one store: exported from one group, its chunks taken over by another, read back and installed. Knows no network. */

import assert from 'node:assert/strict'
import { EMPTY } from '../../src/base/bytes.ts'
import { exportState, sweepSpool } from '../../src/node/snapshots/export.ts'
import { importRows } from '../../src/node/snapshots/import.ts'
import type { StateMachine } from '../../src/ports/state-machine.ts'
import type { NodeStore, StagedState } from '../../src/ports/store.ts'
import { encodeManifest } from '../../src/wire/manifest.ts'
import { FAMILIES } from './effects.ts'
import { bootstrap, type Ship } from './story.ts'

/** Only its name and its families matter here. */
const MACHINE: StateMachine = {
  kind: bootstrap().kind,
  families: FAMILIES,
  check: () => {},
  apply: () => ({ writes: [], result: EMPTY }),
  query: () => EMPTY,
  topic: () => [],
}

/** Exports and receives; resolves when the rows are staged, and nothing of the rest is needed any more. */
export async function shipState(store: NodeStore, { from, to, at }: Ship): Promise<StagedState> {
  const { spool } = store
  const view = store.table(from).snapshot()
  const exported = await exportState({ view, stateMachine: MACHINE, group: from, epoch: 'crash', term: at.term, spool })
  const manifest = { ...exported.manifest, group: to }
  await spool.keepManifest(to, 'incoming', encodeManifest(manifest))
  for (const { hash } of manifest.chunks) {
    const bytes = spool.get(from, hash)
    assert.ok(bytes, 'an exported chunk is missing')
    await spool.put(to, [{ hash, bytes }])
  }
  const staged = await store.stage(to, importRows({ manifest, spool, stateMachine: MACHINE }))
  await spool.keepManifest(to, 'incoming', undefined)
  await sweepSpool(spool, to)
  return staged
}
