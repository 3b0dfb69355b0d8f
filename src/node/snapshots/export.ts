/**
 * A state as a manifest and chunks in the spool: read promptly out of a view that stands still, while the group goes on. Knows nothing of who fetches it.
 *
 * ```
 *   view ──► rows, or bytes of the state machine ──► chunks ──► hash ──► compress, two at a time ──► spool
 *     closed at the end of it                                    └── is it there already? then nothing more
 * ```
 */

import { CHUNKS_MAX } from '../../base/limits.ts'
import type { Spool } from '../../ports/spool.ts'
import type { StateMachine } from '../../ports/state-machine.ts'
import type { TableSnapshot } from '../../ports/table.ts'
import {
  chunkHash,
  decodeManifest,
  encodeManifest,
  type Manifest,
  type ManifestChunk,
  manifestId,
  tooManyChunks,
} from '../../wire/manifest.ts'
import { ByteChunker, RowChunker } from './chunking.ts'
import type { ExportedState, ExportInput, ReuseInput } from './group.ts'
import { Pace } from './pace.ts'
import { Packer } from './packing.ts'
import { encodeRows } from './rows.ts'
import type { Tools } from './tools.ts'

/** A state to be exported, and what there is to do it with. Nothing else is kept, and nobody waits for a turn, unless it says so. */
export interface ExportOptions extends Omit<ExportInput, 'isKept' | 'breathe'>, Partial<Pick<ExportInput, 'isKept' | 'breathe'>> {
  readonly tools?: Tools
}

/** What was exported: all of its chunks are in the spool, as is the manifest. */
export interface Exported extends ExportedState {
  readonly id: string
}

/** Bytes of a state machine's own that are cut between two looks at the clock. */
const PORTION_BYTES = 64 * 1024

/**
 * Exports a state; one at a time of a group. What is in the spool already is not made again: a second export while nothing was applied reads and writes
 * nothing, and one after a few changes writes a few chunks. Chunks that no manifest of the group names any more are dropped; on an error those that were made
 * for nothing, while the manifest before stays. Rejects with `TOO_LARGE` for a state of too many chunks, as the spool does (`BUSY`), or with what the state
 * machine throws.
 */
export async function exportState(options: ExportOptions): Promise<Exported> {
  const { view, group, spool, isKept } = options
  try {
    const before = keptManifest(spool, group, 'outgoing')
    if (before !== null && isCurrent(before.manifest, options)) return before
    const manifest = { ...headOf(options), chunks: await packState(options) }
    const bytes = encodeManifest(manifest)
    await spool.keepManifest(group, 'outgoing', bytes)
    await sweepSpool(spool, group, isKept)
    return { manifest, bytes, id: manifestId(bytes) }
  } catch (thrown) {
    await sweepSpool(spool, group, isKept).catch(() => {}) // what was made for nothing; the next export tries again
    throw thrown
  } finally {
    view.close()
  }
}

/** Everything of a manifest but the chunks. */
function headOf({ view, stateMachine, group, epoch, term }: ExportOptions): Omit<Manifest, 'chunks'> {
  const { kind } = stateMachine
  return { group, epoch, kind, format: formatOf(stateMachine), index: view.applied, term, membership: view.membership }
}

const formatOf = (stateMachine: StateMachine): Manifest['format'] => (stateMachine.snapshot ? 'own' : 'rows')

/** A manifest that the spool keeps; null when there is none, or it is not understood (that of another version, perhaps). */
function keptManifest(spool: Spool, group: string, side: 'outgoing' | 'incoming'): Exported | null {
  const bytes = spool.manifest(group, side)
  if (bytes === undefined) return null
  try {
    return { manifest: decodeManifest(bytes), bytes, id: manifestId(bytes) }
  } catch {
    return null
  }
}

/** Whether a manifest speaks of the very state there is now, and all of its chunks are there. */
function isCurrent(manifest: Manifest, options: ExportOptions): boolean {
  const { group, spool } = options
  const now = encodeManifest({ ...headOf(options), chunks: manifest.chunks })
  if (manifestId(now) !== manifestId(encodeManifest(manifest))) return false
  return manifest.chunks.every(({ hash }) => spool.has(group, hash))
}

/** Puts the chunks of a state into the spool, those that are missing there; all of them in order. */
async function packState({ view, stateMachine, group, spool, breathe, tools = {} }: ExportOptions): Promise<ManifestChunk[]> {
  const packer = new Packer(spool, group, tools.compressor)
  const chunks: ManifestChunk[] = []
  for await (const contents of stateChunks(view, stateMachine, new Pace(breathe, tools.clock))) {
    if (chunks.length === CHUNKS_MAX) throw tooManyChunks(group)
    const hash = chunkHash(contents)
    chunks.push({ hash, bytes: contents.length })
    if (!spool.has(group, hash)) await packer.add(hash, contents)
  }
  await packer.end()
  return chunks
}

/** The chunks of a state in order. Closes the view at the end, or when it is left. */
async function* stateChunks(view: TableSnapshot, stateMachine: StateMachine, pace: Pace): AsyncGenerator<Uint8Array> {
  try {
    if (stateMachine.snapshot) yield* ownChunks(stateMachine.snapshot(view), pace)
    else yield* rowChunks(view, stateMachine.families, pace)
  } finally {
    view.close()
  }
}

async function* rowChunks(view: TableSnapshot, families: readonly string[], pace: Pace): AsyncGenerator<Uint8Array> {
  const chunker = new RowChunker()
  for await (const rows of encodeRows(view, families, pace)) {
    for (const row of rows) for (const chunk of chunker.push(row)) yield chunk
  }
  yield* chunker.end()
}

async function* ownChunks(portions: AsyncIterable<Uint8Array>, pace: Pace): AsyncGenerator<Uint8Array> {
  const chunker = new ByteChunker()
  for await (const portion of portions) {
    for (let at = 0; at < portion.length; at += PORTION_BYTES) {
      yield* chunker.push(portion.subarray(at, at + PORTION_BYTES))
      await pace.keep()
    }
    await pace.keep()
  }
  yield* chunker.end()
}

/** Drops the chunks of a group that neither its outgoing nor its incoming manifest names, unless they are kept for another reason. */
export async function sweepSpool(spool: Spool, group: string, isKept: ExportOptions['isKept'] = () => false): Promise<void> {
  const named = new Set<string>()
  for (const side of ['outgoing', 'incoming'] as const) {
    for (const { hash } of keptManifest(spool, group, side)?.manifest.chunks ?? []) named.add(nameOf(hash))
  }
  await spool.sweep(group, (hash) => named.has(nameOf(hash)) || isKept(hash))
}

const nameOf = (hash: Uint8Array): string => Buffer.from(hash.buffer, hash.byteOffset, hash.length).toString('latin1')

/** What {@link reuseOwn} is given. */
export interface ReuseOptions extends Omit<ReuseInput, 'breathe'>, Partial<Pick<ReuseInput, 'breathe'>> {
  readonly tools?: Tools
}

/**
 * Puts the chunks of our own state that the wanted manifest names, too, into the spool, so that they are not fetched; says how many. To be called once the
 * wanted manifest is kept as incoming. Closes the view as soon as it is read.
 */
export async function reuseOwn({ view, stateMachine, wanted, spool, breathe, tools = {} }: ReuseOptions): Promise<number> {
  if (wanted.kind !== stateMachine.kind || wanted.format !== formatOf(stateMachine)) {
    view.close()
    return 0
  }
  const { group } = wanted
  const missing = new Set<string>()
  for (const { hash } of wanted.chunks) if (!spool.has(group, hash)) missing.add(nameOf(hash))
  const packer = new Packer(spool, group, tools.compressor)
  let reused = 0
  if (missing.size === 0) view.close()
  else {
    for await (const contents of stateChunks(view, stateMachine, new Pace(breathe, tools.clock))) {
      const hash = chunkHash(contents)
      if (!missing.delete(nameOf(hash))) continue
      reused++
      await packer.add(hash, contents)
      if (missing.size === 0) break
    }
  }
  await packer.end()
  return reused
}
