/** `flotilla compact`: cuts logs off now, and gives back what is empty in the file of a node that does not run. */

import { FlotillaError } from '../../base/errors.ts'
import { LOG_KEPT_ENTRIES } from '../../base/limits.ts'
import type { Client } from '../../client/client.ts'
import { compactLog } from '../../client/maintenance.ts'
import { cutStored } from '../../node/stored.ts'
import { compactStore } from '../../storage/lmdb/copy.ts'
import { checkId, subjectsOf } from '../../wire/subjects.ts'
import { UsageError } from '../arguments.ts'
import { ASKING, type Command, type Invocation } from '../command.ts'
import { withClient } from '../connection.ts'
import { asUsed, DONE } from '../failures.ts'
import { paintOf } from '../paint.ts'
import { stoppedNodeOf, withStore } from '../stopped.ts'
import { type Column, tableOf } from '../table.ts'

export const compact: Command = {
  name: 'compact',
  summary: 'cut the logs of a group off now',
  detail:
    'Nodes do so by themselves when a log has grown long enough; this is for who wants room at once. Entries are cut off behind what is\napplied, but for --keep of them: a node that is further behind is sent the whole state. Without --node all nodes that answer.\n\ncompact --dir DIR --id NAME: the logs of a node that does not run; and its file is written anew without what is empty in it.',
  operands: [],
  flags: {
    ...ASKING,
    node: { value: 'NODE', help: 'only on this node' },
    dir: { value: 'DIR', help: 'directory of a node that does not run' },
    id: { value: 'NAME', help: 'name of that node' },
    keep: { value: 'N', help: `entries to leave for slow followers (${LOG_KEPT_ENTRIES})` },
  },
  run(call) {
    const { args, terminal } = call
    const keep = args.whole('keep', { min: 0, max: Number.MAX_SAFE_INTEGER }) ?? LOG_KEPT_ENTRIES
    const named = args.text('node')
    if (named !== undefined) asUsed(() => checkId('--node', named))
    if (args.text('dir') !== undefined) return compactStopped(call, keep)
    if (args.text('id') !== undefined) throw new UsageError('--id goes with --dir')
    return withClient(call, async (client, { cluster, group, timeoutMs }, transport) => {
      const nodes = named === undefined ? await holdersOf(client, group) : [named]
      const subjects = subjectsOf(cluster)
      const done = await Promise.all(nodes.map((node) => compactLog({ transport, subjects, group, node }, { keep, timeoutMs })))
      const rows = done.map(({ node, before, truncated, applied }) => [
        node,
        group,
        String(before),
        String(truncated),
        String(applied),
      ])
      const text = args.has('json') ? JSON.stringify(done) : tableOf(COLUMNS, rows, paintOf(terminal.out)).join('\n')
      await terminal.out.write(`${text}\n`)
      return DONE
    })
  },
}

const COLUMNS: readonly Column[] = [
  { title: 'node' },
  { title: 'group' },
  { title: 'began after', right: true },
  { title: 'begins after', right: true },
  { title: 'applied', right: true },
]

/** Logs first, and then the file that they were in. */
async function compactStopped(call: Invocation, keep: number): Promise<number> {
  const { args, terminal } = call
  if (args.text('node') !== undefined) throw new UsageError('--node asks a running node, --dir needs one that does not run')
  const node = stoppedNodeOf(call)
  const named = args.text('group')
  const groups = await withStore(node, async (store) => {
    const cut: { readonly group: string; readonly truncated: number }[] = []
    for (const group of named === undefined ? store.groups() : [named])
      cut.push({ group, truncated: await cutStored(store, group, keep) })
    return cut
  })
  const copied = await compactStore(node.dir)
  const { before, after, records } = copied
  const line = `${node.dir}: ${before} bytes before, ${after} now, with ${records} records`
  await terminal.out.write(`${args.has('json') ? JSON.stringify({ ...node, ...copied, groups }) : line}\n`)
  return DONE
}

/** Nodes that say that they hold the group. Rejects with `UNAVAILABLE` when none answers, `UNKNOWN_GROUP` when none has it. */
async function holdersOf(client: Client, group: string): Promise<string[]> {
  const nodes = await client.status()
  if (nodes.length === 0) throw new FlotillaError('UNAVAILABLE', 'no node answers')
  const holders = nodes.filter(({ groups }) => groups.some((one) => one.group === group)).map(({ node }) => node)
  if (holders.length === 0) throw new FlotillaError('UNKNOWN_GROUP', `no node has a group '${group}'`, { group })
  return holders.sort()
}
