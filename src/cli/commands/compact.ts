/** `flotilla compact`: cuts logs off now. */

import { FlotillaError } from '../../base/errors.ts'
import { LOG_KEPT_ENTRIES } from '../../base/limits.ts'
import type { Client } from '../../client/client.ts'
import { compactLog } from '../../client/maintenance.ts'
import { checkId, subjectsOf } from '../../wire/subjects.ts'
import { ASKING, type Command } from '../command.ts'
import { withClient } from '../connection.ts'
import { asUsed, DONE } from '../failures.ts'
import { paintOf } from '../paint.ts'
import { type Column, tableOf } from '../table.ts'

export const compact: Command = {
  name: 'compact',
  summary: 'cut the logs of a group off now',
  detail:
    'Nodes do so by themselves when a log has grown long enough; this is for who wants room at once. Entries are cut off behind what is\napplied, but for --keep of them: a node that is further behind is sent the whole state. Without --node all nodes that answer.',
  operands: [],
  flags: {
    ...ASKING,
    node: { value: 'NODE', help: 'only on this node' },
    keep: { value: 'N', help: `entries to leave for slow followers (${LOG_KEPT_ENTRIES})` },
  },
  run(call) {
    const { args, terminal } = call
    const keep = args.whole('keep', { min: 0, max: Number.MAX_SAFE_INTEGER }) ?? LOG_KEPT_ENTRIES
    const named = args.text('node')
    if (named !== undefined) asUsed(() => checkId('--node', named))
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

/** Nodes that say that they hold the group. Rejects with `UNAVAILABLE` when none answers, `UNKNOWN_GROUP` when none has it. */
async function holdersOf(client: Client, group: string): Promise<string[]> {
  const nodes = await client.status()
  if (nodes.length === 0) throw new FlotillaError('UNAVAILABLE', 'no node answers')
  const holders = nodes.filter(({ groups }) => groups.some((one) => one.group === group)).map(({ node }) => node)
  if (holders.length === 0) throw new FlotillaError('UNKNOWN_GROUP', `no node has a group '${group}'`, { group })
  return holders.sort()
}
