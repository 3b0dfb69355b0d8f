/** `flotilla log`: the log of one node, looked at whether it runs or not, and checked when it does not. */

import { resolve } from 'node:path'
import { storedLog } from '../../client/maintenance.ts'
import { type GroupVerdict, readStoppedLog, verifyStore } from '../../storage/lmdb/verify.ts'
import type { LoggedEntry } from '../../wire/requests.ts'
import { checkId, subjectsOf } from '../../wire/subjects.ts'
import { UsageError } from '../arguments.ts'
import { ASKING, type Command, type Invocation } from '../command.ts'
import { withClient } from '../connection.ts'
import { jsonOf, tell } from '../entry-line.ts'
import { asUsed, DONE } from '../failures.ts'
import { leaderOf } from '../leader.ts'
import { type Paint, paintOf } from '../paint.ts'
import { type Column, tableOf } from '../table.ts'

/** Something is damaged. */
const DAMAGED = 1

/** Entries shown at a time. */
const SHOWN_MAX = 10_000

export const log: Command = {
  name: 'log',
  summary: 'show the log of a node, or check that of one that does not run',
  detail:
    'log show FROM..TO [--group ID] [--node NODE]       of a node that runs (the leader)\nlog show FROM..TO [--group ID] --dir DIR           of the directory of a node that does not run\nlog verify --dir DIR                               reads everything in it: pages, records, chains, promises; exit code 1 on damage\n\nNothing is changed. What is shown is the log as that node has it, also what is not committed yet. With --dir, while the node runs: STORE_IN_USE.',
  operands: ['VERB'],
  optional: ['FROM..TO'],
  flags: {
    ...ASKING,
    node: { value: 'NODE', help: "show: that node's log, instead of the leader's" },
    dir: { value: 'DIR', help: 'directory of a node that does not run' },
  },
  run(call) {
    const verb = call.args.operand(0)
    if (verb === 'verify') return verify(call)
    if (verb === 'show') return show(call)
    throw new UsageError(`log knows verify, show, not '${verb}'`)
  },
}

const COLUMNS: readonly Column[] = [
  { title: 'group' },
  { title: 'entries', right: true },
  { title: 'first', right: true },
  { title: 'last', right: true },
  { title: 'applied', right: true },
  { title: 'rows', right: true },
  { title: 'verdict' },
]

async function verify({ args, terminal }: Invocation): Promise<number> {
  if (args.operand(1) !== '') throw new UsageError(`'${args.operand(1)}' is one word too many`)
  const verdicts = await verifyStore(resolve(args.needed('dir')))
  const lines = args.has('json') ? [JSON.stringify(verdicts)] : tableOfVerdicts(verdicts, paintOf(terminal.out))
  await terminal.out.write(`${lines.join('\n')}\n`)
  return verdicts.some(({ damages }) => damages.length > 0) ? DAMAGED : DONE
}

function tableOfVerdicts(verdicts: readonly GroupVerdict[], paint: Paint): string[] {
  const rows = verdicts.map(({ group, entries, first, last, applied, rows, damages }) => [
    ...[group, String(entries), String(first), String(last), String(applied), String(rows)],
    damages.length === 0 ? { text: 'sound', paint: paint.good } : { text: 'DAMAGED', paint: paint.bad },
  ])
  const told = verdicts.flatMap(({ group, damages }) => damages.map((damage) => `${group}: ${damage}`))
  return [...tableOf(COLUMNS, rows, paint), ...told]
}

async function show(call: Invocation): Promise<number> {
  const { args, terminal } = call
  const range = rangeOf(args.operand(1))
  const group = asUsed(() => checkId('group', args.text('group') ?? 'kv'))
  const dir = args.text('dir')
  if (dir === undefined) return showRunning(call, range)
  if (args.text('node') !== undefined) throw new UsageError('--node asks a running node, --dir needs one that does not run')
  for (const entry of await readStoppedLog(resolve(dir), group, range)) await terminal.out.write(lineOf(call, group, entry))
  return DONE
}

/** Entries as they come, and at last how far they can be trusted to stay. */
function showRunning(call: Invocation, [from, to]: readonly [number, number]): Promise<number> {
  const { args, terminal } = call
  const named = args.text('node')
  if (named !== undefined) asUsed(() => checkId('--node', named))
  return withClient(call, async (client, { cluster, group, timeoutMs }, transport) => {
    const node = named ?? (await leaderOf(client, group))
    const target = { transport, subjects: subjectsOf(cluster), group, node }
    let [commit, last] = [0, 0]
    for await (const page of storedLog(target, { from, to, timeoutMs })) {
      for (const entry of page.entries) await terminal.out.write(lineOf(call, group, entry))
      commit = page.commit
      last = page.entries.at(-1)?.index ?? last
    }
    if (last > commit)
      await terminal.err.write(`flotilla: node ${node} does not know yet whether ${commit + 1}..${last} are committed\n`)
    return DONE
  })
}

function lineOf({ args }: Invocation, group: string, entry: LoggedEntry): string {
  const told = { ...entry, group }
  const { verb, rest } = tell(told)
  const line = args.has('json') ? JSON.stringify(jsonOf(told)) : `${entry.index}  term ${entry.term}  ${verb}  ${rest}`
  return `${line.trimEnd()}\n`
}

/** `3..9`, both included. */
function rangeOf(text: string): readonly [number, number] {
  const [, from, to] = /^(\d{1,15})\.\.(\d{1,15})$/.exec(text) ?? []
  if (from === undefined || to === undefined) throw new UsageError(`a range is FROM..TO, not '${text}'`)
  if (Number(to) - Number(from) >= SHOWN_MAX) throw new UsageError(`at most ${SHOWN_MAX} entries are shown at a time`)
  return [Number(from), Number(to)]
}
