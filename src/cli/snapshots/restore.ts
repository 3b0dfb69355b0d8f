/** `flotilla snapshot restore FILE`: the directory of one node of a new cluster, complete or not there. */

import { randomUUID } from 'node:crypto'
import { existsSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { type RestoredGroup, restoreGroup } from '../../node/snapshots/restoring.ts'
import { kv } from '../../statemachines/kv/kv.ts'
import { makeDirectory } from '../../storage/directory.ts'
import { openLmdb } from '../../storage/lmdb/open.ts'
import { syncDirectory } from '../../storage/whole-file.ts'
import { checkId } from '../../wire/subjects.ts'
import { UsageError } from '../arguments.ts'
import type { Invocation } from '../command.ts'
import { asUsed, DONE, Misuse } from '../failures.ts'
import { type StoppedNode, stoppedNodeOf } from '../stopped.ts'
import { withFile } from './show.ts'

export async function restoreFile(call: Invocation, path: string): Promise<number> {
  const { args, terminal } = call
  const nodes = nodesOf(call)
  const node = stoppedNodeOf(call)
  if (!nodes.includes(node.id)) throw new UsageError(`--id ${node.id} is not one of --nodes ${nodes.join(',')}`)
  const incarnation = args.text('incarnation') ?? 'first'
  const stateMachine = asUsed(() => kv({ families: args.list('kv-families') }))
  const named = args.text('group')
  checkFree(node.dir)
  return withFile(path, async (file) => {
    if (named !== undefined && named !== file.manifest.group)
      throw new UsageError(`the file holds group '${file.manifest.group}', not '${named}'`)
    const restored = await inNewDirectory(node, (dir) =>
      restoreInto({ ...node, dir }, { file, nodes, incarnation, stateMachine }),
    )
    const said = { ...node, nodes, incarnation, ...restored }
    await terminal.out.write(args.has('json') ? `${JSON.stringify(said)}\n` : told(said))
    return DONE
  })
}

function nodesOf({ args }: Invocation): string[] {
  const nodes = args.list('nodes')
  if (nodes.length === 0) throw new UsageError('--nodes is missing: the names of all nodes of the new cluster')
  if (new Set(nodes).size !== nodes.length) throw new UsageError('--nodes names a node twice')
  for (const node of nodes) asUsed(() => checkId('--nodes', node))
  return nodes
}

/** What is there may be a node's whole memory. */
function checkFree(dir: string): void {
  if (!existsSync(dir) || readdirSync(dir).length === 0) return
  throw new Misuse('CONFIG_INVALID', `${dir} is not empty; a new cluster begins in new directories`, { dir })
}

/** Fills a directory beside it and gives it its name at last: half a state would pass for a group that begins. */
async function inNewDirectory<T>({ dir }: StoppedNode, fill: (draft: string) => Promise<T>): Promise<T> {
  const draft = `${dir}.${randomUUID().slice(0, 8)}.part`
  makeDirectory(draft)
  try {
    const filled = await fill(draft)
    syncDirectory(draft)
    checkFree(dir)
    renameSync(draft, dir)
    syncDirectory(dirname(dir))
    return filled
  } catch (thrown) {
    rmSync(draft, { recursive: true, force: true })
    throw thrown
  }
}

async function restoreInto(
  { dir, cluster, id }: StoppedNode,
  restoration: Parameters<typeof restoreGroup>[1],
): Promise<RestoredGroup> {
  const store = await openLmdb({ dir, cluster, node: id })
  try {
    return await restoreGroup(store, restoration)
  } finally {
    await store.close()
  }
}

function told({
  id,
  dir,
  nodes,
  group,
  index,
  term,
  rows,
  founding,
}: StoppedNode & RestoredGroup & { readonly nodes: readonly string[] }): string {
  return [
    `${group}: ${rows} rows as of entry ${index}, term ${term}, founded anew as ${founding}`,
    `The same on all nodes: ${nodes.join(', ')}. Then start this one: flotilla node --id ${id} --nodes ${nodes.join(',')} --dir ${dir}`,
    '',
  ].join('\n')
}
