/** `flotilla snapshot save FILE`: the state of a group, out of a stopped node's directory. */

import { resolve } from 'node:path'
import { type SavedSnapshot, saveStored } from '../../node/snapshots/saving.ts'
import { checkAbsent } from '../../storage/whole-file.ts'
import { checkId } from '../../wire/subjects.ts'
import { UsageError } from '../arguments.ts'
import type { Invocation } from '../command.ts'
import { asUsed, DONE } from '../failures.ts'
import { stoppedNodeOf, withStore } from '../stopped.ts'

export async function saveFile(call: Invocation, file: string): Promise<number> {
  const { args } = call
  const path = resolve(file)
  asUsed(() => checkAbsent(path))
  if (args.text('dir') === undefined) throw new UsageError('--dir is missing')
  if (args.text('node') !== undefined) throw new UsageError('--node asks a running node, --dir needs one that does not run')
  const group = asUsed(() => checkId('group', args.text('group') ?? 'kv'))
  const node = stoppedNodeOf(call)
  return tell(call, path, await withStore(node, (store) => saveStored(store, group, path)))
}

async function tell({ args, terminal }: Invocation, path: string, { manifest, bytes, hash }: SavedSnapshot): Promise<number> {
  const { group, index, term, chunks } = manifest
  const stateBytes = chunks.reduce((sum, chunk) => sum + chunk.bytes, 0)
  const facts = { path, group, index, term, stateBytes, bytes, hash }
  const line = `${group} as of entry ${index}, term ${term}: ${stateBytes} bytes of rows in ${bytes} bytes of ${path}`
  await terminal.out.write(args.has('json') ? `${JSON.stringify(facts)}\n` : `${line}\n`)
  return DONE
}
