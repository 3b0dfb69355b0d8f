/** The rows of a state out of the chunks in the spool, each checked before anything of it is believed. Knows nothing of where the rows go. */

import { FlotillaError } from '../../base/errors.ts'
import type { Spool } from '../../ports/spool.ts'
import type { StateMachine } from '../../ports/state-machine.ts'
import type { TableWrite } from '../../ports/table.ts'
import type { Manifest } from '../../wire/manifest.ts'
import { type Breathe, Pace } from './pace.ts'
import { damaged, unpackChunk } from './packing.ts'
import { decodeRows } from './rows.ts'
import type { Tools } from './tools.ts'

/** A snapshot to be read; its chunks are in the spool. */
export interface ImportOptions {
  readonly manifest: Manifest
  readonly spool: Pick<Spool, 'get'>
  readonly stateMachine: StateMachine
  /** Lets the event loop have a turn; asked for every few milliseconds. */
  readonly breathe?: Breathe
  readonly tools?: Tools
}

/**
 * The rows of a snapshot. Throws `CODEC_INVALID` with the hash in `details.chunk` for a chunk that is damaged or missing: it is to be dropped and fetched
 * again, see {@link dropChunk}. Without it, `CODEC_INVALID` means that the whole state is not what its format asks for. `STORE_MISMATCH`: it is of another kind
 * of state machine; `UNKNOWN_FAMILY`: it has families that this one has not.
 */
export function importRows(options: ImportOptions): AsyncIterable<TableWrite> {
  const { manifest, stateMachine, breathe, tools } = options
  const isOwn = manifest.format === 'own'
  if (manifest.kind !== stateMachine.kind || isOwn !== (stateMachine.restore !== undefined))
    throw otherKind(manifest, stateMachine)
  const pace = new Pace(breathe, tools?.clock)
  const contents = contentsOf(options, pace)
  return stateMachine.restore?.(contents) ?? decodeRows(contents, stateMachine.families, pace)
}

/** Chunk after chunk, unpacked and checked. Throws as {@link importRows} does for a chunk. */
export async function* contentsOf(
  { manifest: { group, chunks }, spool }: Pick<ImportOptions, 'manifest' | 'spool'>,
  pace: Pace,
): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) {
    const packed = spool.get(group, chunk.hash)
    if (packed === undefined) throw damaged(chunk.hash, 'it is missing')
    yield unpackChunk(packed, chunk)
    await pace.keep()
  }
}

/** Drops the chunk that an error of {@link importRows} names, so that it is fetched again. False: the error names none. */
export async function dropChunk(spool: Spool, group: string, thrown: unknown): Promise<boolean> {
  if (!(thrown instanceof FlotillaError) || thrown.code !== 'CODEC_INVALID') return false
  const { chunk } = thrown.details
  if (typeof chunk !== 'string') return false
  await spool.sweep(group, (hash) => Buffer.from(hash).toString('hex') !== chunk)
  return true
}

/** Refusal of a snapshot that this state machine cannot have written. */
const otherKind = ({ group, kind, format }: Manifest, stateMachine: StateMachine): FlotillaError =>
  new FlotillaError('STORE_MISMATCH', `a snapshot of "${kind}" in format "${format}" is not for "${stateMachine.kind}"`, {
    group,
    kind,
    format,
  })
