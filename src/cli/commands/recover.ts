/** `flotilla recover`: what is left of a cluster that has lost its quorum for good, founded anew by one node. */

import { appendFileSync, closeSync, fsyncSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { forceNewCluster, type RecoveredGroup, type StrandedGroup, strandedGroups } from '../../node/recovery.ts'
import { UsageError } from '../arguments.ts'
import type { Command, Invocation } from '../command.ts'
import { DONE, Refusal } from '../failures.ts'
import { paintOf } from '../paint.ts'
import { STOPPED, type StoppedNode, stoppedNodeOf, withStore } from '../stopped.ts'
import { type Column, tableOf } from '../table.ts'

/** What was done to a directory, and when: a line before and a line after. */
const RECOVERY_LOG = 'recovery.log'

export const recover: Command = {
  name: 'recover',
  summary: 'found a cluster anew from one node, when a majority is lost for good',
  detail:
    'recover --force-new-cluster --dir DIR --id NAME [--group ID]\n\nThe node must not run. Of each group it becomes the only voter, of a new founding, with everything in its log and state. Whatever\nonly the lost nodes had is lost. The old directories of all other nodes must never be started again. Asks for the name of the\ncluster; --yes answers.',
  operands: [],
  flags: {
    'force-new-cluster': { help: 'say that this is what is wanted' },
    ...STOPPED,
    group: { value: 'ID', help: 'only this group, may be repeated', many: true },
    yes: { help: 'do not ask' },
  },
  async run(call) {
    const { args, terminal } = call
    if (!args.has('force-new-cluster')) throw new UsageError('--force-new-cluster is missing: there is no other way to recover')
    const node = stoppedNodeOf(call)
    const named = args.list('group')
    const groups = named.length === 0 ? undefined : named
    return withStore(node, async (store) => {
      const found = await strandedGroups(store, groups)
      await terminal.err.write(warningOf(node, found, call))
      if (!args.has('yes')) await confirm(node, call)
      note(node, { what: 'begun', groups: found })
      const done = await forceNewCluster(store, groups)
      note(node, { what: 'done', groups: done })
      await terminal.out.write(args.has('json') ? `${JSON.stringify({ ...node, groups: done })}\n` : told(node, done))
      return DONE
    })
  },
}

const COLUMNS: readonly Column[] = [
  { title: 'group' },
  { title: 'members' },
  { title: 'last term', right: true },
  { title: 'last entry', right: true },
  { title: 'committed', right: true },
  { title: 'this node' },
]

function warningOf({ id, cluster, dir }: StoppedNode, groups: readonly StrandedGroup[], { terminal }: Invocation): string {
  const rows = groups.map(({ group, members, lastTerm, lastIndex, commit, votes }) => [
    ...[group, members.join(','), String(lastTerm), String(lastIndex), String(commit)],
    votes ? 'votes' : 'has no vote: another node may have more',
  ])
  return [
    `WARNING: this makes node '${id}' the only voter of these groups of cluster '${cluster}', as it stands in ${dir}.`,
    '',
    ...tableOf(COLUMNS, rows, paintOf(terminal.err)),
    '',
    '- What other nodes have acknowledged and this one never received is lost. Of the nodes that are left, take the one with the',
    '  highest last term, and among these the highest last entry. Never do this while a majority can be brought back.',
    '- Entries that are not known to be committed are kept, since somebody may have been told that they are.',
    '- The other nodes are not members any more. Never start their old directories again: they would go on as the old cluster.',
    '  Empty them, start those nodes with --join, and add them (flotilla members add).',
    '- It cannot be undone. Copy the directory first.',
    '',
    '',
  ].join('\n')
}

/** The name of the cluster has to be typed: a hand that only says yes has not read. */
async function confirm({ cluster }: StoppedNode, { terminal }: Invocation): Promise<void> {
  await terminal.err.write(`Type the name of the cluster to go on: `)
  if ((await firstLine(terminal.stdin)) !== cluster) throw new Refusal('NOT_CONFIRMED', 'nothing was changed')
}

/** Longer names than this there are none. */
const ANSWER_BYTES_MAX = 256

async function firstLine(input: AsyncIterable<Uint8Array>): Promise<string> {
  let said = ''
  for await (const piece of input) {
    said += Buffer.from(piece).toString('utf8')
    if (said.includes('\n') || said.length > ANSWER_BYTES_MAX) break
  }
  return (said.split('\n', 1)[0] ?? '').trim()
}

/** A line in the directory itself, on the disk before anything goes on. */
function note(
  { dir, id, cluster }: StoppedNode,
  news: { readonly what: string; readonly groups: readonly StrandedGroup[] },
): void {
  const path = join(dir, RECOVERY_LOG)
  const line = { at: new Date().toISOString(), action: 'force-new-cluster', node: id, cluster, ...news }
  const file = openSync(path, 'a', 0o600)
  try {
    appendFileSync(file, `${JSON.stringify(line)}\n`)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}

function told({ id, dir }: StoppedNode, groups: readonly RecoveredGroup[]): string {
  const lines = groups.map(
    ({ group, lastIndex, unproven, founding }) =>
      `${group}: founded anew as ${founding} with the log to entry ${lastIndex}, of which ${unproven} were not known to be committed`,
  )
  const next = `Start it as before (flotilla node --id ${id} --nodes ${id} --dir ${dir}); then add others, from empty directories.`
  return `${[...lines, next].join('\n')}\n`
}
