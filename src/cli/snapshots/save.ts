/** `flotilla snapshot save FILE`: the state of a group, from a running node or out of a stopped one's directory. */

import { resolve } from 'node:path'
import { FlotillaError } from '../../base/errors.ts'
import { lendState } from '../../client/maintenance.ts'
import { writeSnapshotFile } from '../../node/snapshots/file-writer.ts'
import { isChunk } from '../../node/snapshots/packing.ts'
import { rowsIn } from '../../node/snapshots/row-count.ts'
import { type SavedSnapshot, saveStored } from '../../node/snapshots/saving.ts'
import { checkAbsent } from '../../storage/whole-file.ts'
import { decodeManifest } from '../../wire/manifest.ts'
import { checkId, subjectsOf } from '../../wire/subjects.ts'
import { UsageError } from '../arguments.ts'
import type { Invocation } from '../command.ts'
import { withClient } from '../connection.ts'
import { asUsed, DONE } from '../failures.ts'
import { leaderOf } from '../leader.ts'
import { stoppedNodeOf, withStore } from '../stopped.ts'
import { withFile } from './show.ts'

/** Making a large state ready takes its time. */
const TIMEOUT_MS = 60_000

export async function saveFile(call: Invocation, file: string): Promise<number> {
  const { args } = call
  const path = resolve(file)
  asUsed(() => checkAbsent(path))
  const group = asUsed(() => checkId('group', args.text('group') ?? 'kv'))
  if (args.text('dir') === undefined) return tell(call, path, await saveRunning(call, path))
  if (args.text('node') !== undefined) throw new UsageError('--node asks a running node, --dir needs one that does not run')
  const node = stoppedNodeOf(call)
  return tell(call, path, await withStore(node, (store) => saveStored(store, group, path)))
}

/** The leader's state has everything that was acknowledged before; that of a node that is named is as far as it is. */
function saveRunning(call: Invocation, path: string): Promise<SavedSnapshot> {
  const named = call.args.text('node')
  if (call.args.text('id') !== undefined) throw new UsageError('--id goes with --dir')
  if (named !== undefined) asUsed(() => checkId('--node', named))
  return withClient(
    call,
    async (client, { cluster, group, timeoutMs }, transport) => {
      const node = named ?? (await leaderOf(client, group))
      const target = { transport, subjects: subjectsOf(cluster), group, node }
      const state = await lendState(target, { fresh: named === undefined, timeoutMs })
      const written = await writeSnapshotFile(path, {
        origin: { cluster, node, saved: new Date().toISOString() },
        manifest: state.manifest,
        async chunk(chunk) {
          const bytes = await state.chunk(chunk.hash)
          if (!isChunk(bytes, chunk)) throw new FlotillaError('CODEC_INVALID', `node '${node}' sent something else than a chunk`)
          return bytes
        },
      })
      return { ...written, manifest: decodeManifest(state.manifest) }
    },
    TIMEOUT_MS,
  )
}

/** What is said of a file was read out of it: so it has been checked, too, from its first byte to its last. */
async function tell({ args, terminal }: Invocation, path: string, { manifest, bytes, hash }: SavedSnapshot): Promise<number> {
  const { group, index, term, chunks } = manifest
  const rows = await withFile(path, rowsIn)
  const stateBytes = chunks.reduce((sum, chunk) => sum + chunk.bytes, 0)
  const facts = { path, group, index, term, rows, stateBytes, bytes, hash }
  const line = `${group} as of entry ${index}, term ${term}: ${rows === null ? '' : `${rows} rows, `}${stateBytes} bytes of state in ${bytes} bytes of ${path}`
  await terminal.out.write(args.has('json') ? `${JSON.stringify(facts)}\n` : `${line}\n`)
  return DONE
}
