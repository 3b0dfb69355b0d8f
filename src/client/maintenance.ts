/** What an operator asks of one node: its state as a snapshot's pieces, its log, to cut that off, and a copy of its store. Knows requests, and nothing of files. */

import { concatBytes } from '../base/bytes.ts'
import { FlotillaError } from '../base/errors.ts'
import type { Transport } from '../ports/transport.ts'
import {
  type BackedUp,
  type Compacted,
  decodeBackedUp,
  decodeCompacted,
  decodePreparedState,
  decodeStoredLogPage,
  encodeBackupRequest,
  encodeCompactRequest,
  encodeStateRequest,
  encodeStoredLogRequest,
  type StoredLogPage,
} from '../wire/maintenance.ts'
import { LOG_PAGE_MAX } from '../wire/requests.ts'
import { decodePiece } from '../wire/snapshots.ts'
import type { Subjects } from '../wire/subjects.ts'

/** One piece is waited for so long, in milliseconds. */
const PIECE_MS = 5000

/** A piece is asked for so often before it is given up: one that was lost on the way comes the next time. */
const ATTEMPTS = 3

export interface MaintenanceTarget {
  readonly transport: Transport
  readonly subjects: Subjects
  readonly group: string
  readonly node: string
}

/** A state that can be fetched for a while. */
export interface LentState {
  readonly node: string
  /** As it travels. */
  readonly manifest: Uint8Array
  chunk(hash: Uint8Array): Promise<Uint8Array>
}

/**
 * Has a node make its state ready. `fresh`: only if it leads, and then with all that was acknowledged before. Rejects with `NOT_LEADER`, `TIMEOUT`, and as the
 * node refuses.
 */
export async function lendState(
  target: MaintenanceTarget,
  { fresh, timeoutMs }: { readonly fresh: boolean; readonly timeoutMs: number },
): Promise<LentState> {
  const { transport, subjects, group, node } = target
  const subject = subjects.node(node, 'snapshot')
  const ask = async (request: Parameters<typeof encodeStateRequest>[0], ms: number): Promise<Uint8Array> =>
    decodePiece((await transport.request(subject, encodeStateRequest(request), { timeoutMs: ms })).data).slice()
  const { manifest, bytes } = decodePreparedState(await ask({ type: 'prepare', group, fresh, timeoutMs }, timeoutMs))
  const parts: Uint8Array[] = []
  for (let from = 0; from < bytes; ) {
    const part = await again(() => ask({ type: 'manifest', group, manifest, from }, PIECE_MS))
    if (part.length === 0) throw new FlotillaError('CODEC_INVALID', 'the manifest ends too early', { group, from })
    parts.push(part)
    from += part.length
  }
  return {
    node,
    manifest: concatBytes(parts),
    chunk: (hash) => again(() => ask({ type: 'chunk', group, manifest, hash: Buffer.from(hash).toString('hex') }, PIECE_MS)),
  }
}

/** Has a node cut its log off behind what it has applied, but for so many entries. */
export async function compactLog(
  { transport, subjects, group, node }: MaintenanceTarget,
  { keep, timeoutMs }: { readonly keep: number; readonly timeoutMs: number },
): Promise<Compacted> {
  const request = encodeCompactRequest({ group, keep, timeoutMs })
  return decodeCompacted((await transport.request(subjects.node(node, 'compact'), request, { timeoutMs })).data)
}

/** Has a node copy its store, under that name, to where it keeps such copies. After a `TIMEOUT` it goes on with it. Rejects as the node's `backup` does. */
export async function backUpNode(
  { transport, subjects, node }: Omit<MaintenanceTarget, 'group'>,
  { name, timeoutMs }: { readonly name: string; readonly timeoutMs: number },
): Promise<BackedUp> {
  const asked = transport.request(subjects.node(node, 'backup'), encodeBackupRequest({ name }), { timeoutMs })
  return decodeBackedUp((await asked).data)
}

/**
 * The log of a node, `[from, to]`, as many entries as are there, page by page. A page may be asked for again, and may take so long each time. Rejects as the
 * node refuses, with `STORE_DAMAGED` at an entry that is damaged there.
 */
export async function* storedLog(
  { transport, subjects, group, node }: MaintenanceTarget,
  { from, to, timeoutMs }: { readonly from: number; readonly to: number; readonly timeoutMs: number },
): AsyncGenerator<StoredLogPage> {
  for (let next = from; next <= to; ) {
    const request = encodeStoredLogRequest({ group, from: next, limit: Math.min(to - next + 1, LOG_PAGE_MAX) })
    const page = await again(async () =>
      decodeStoredLogPage((await transport.request(subjects.node(node, 'log'), request, { timeoutMs })).data),
    )
    const end = page.entries.at(-1)?.index
    if (end === undefined || end < next) return
    yield { ...page, entries: page.entries.filter(({ index }) => index <= to) }
    next = end + 1
  }
}

async function again<T>(ask: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await ask()
    } catch (error) {
      if (attempt === ATTEMPTS || !(error instanceof FlotillaError) || error.code !== 'TIMEOUT') throw error
    }
  }
}
