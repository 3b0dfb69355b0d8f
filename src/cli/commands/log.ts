/** `flotilla log`: the log of a node that does not run, looked at and checked. */

import { resolve } from 'node:path'
import { type GroupVerdict, readStoppedLog, verifyStore } from '../../storage/lmdb/verify.ts'
import { UsageError } from '../arguments.ts'
import type { Command, Invocation } from '../command.ts'
import { jsonOf, tell } from '../entry-line.ts'
import { DONE } from '../failures.ts'
import { type Paint, paintOf } from '../paint.ts'
import { STOPPED } from '../stopped.ts'
import { type Column, tableOf } from '../table.ts'

/** Something is damaged. */
const DAMAGED = 1

/** Entries shown at a time. */
const SHOWN_MAX = 10_000

export const log: Command = {
  name: 'log',
  summary: 'check or show the log of a node that does not run',
  detail:
    'log verify --dir DIR                 reads everything in the store: pages, records, chains, promises; exit code 1 on damage\nlog show FROM..TO --dir DIR [--group ID]\n\nNothing is changed. While the node runs, both are STORE_IN_USE.',
  operands: ['VERB'],
  optional: ['FROM..TO'],
  flags: {
    dir: STOPPED.dir as NonNullable<(typeof STOPPED)[string]>,
    group: { value: 'ID', help: 'the group whose log is shown (kv)' },
    json: { help: 'print JSON' },
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

async function show({ args, terminal }: Invocation): Promise<number> {
  const group = args.text('group') ?? 'kv'
  for (const entry of await readStoppedLog(resolve(args.needed('dir')), group, rangeOf(args.operand(1)))) {
    const told = { ...entry, group }
    const { verb, rest } = tell(told)
    const line = args.has('json') ? JSON.stringify(jsonOf(told)) : `${entry.index}  term ${entry.term}  ${verb}  ${rest}`
    await terminal.out.write(`${line.trimEnd()}\n`)
  }
  return DONE
}

/** `3..9`, both included. */
function rangeOf(text: string): readonly [number, number] {
  const [, from, to] = /^(\d{1,15})\.\.(\d{1,15})$/.exec(text) ?? []
  if (from === undefined || to === undefined) throw new UsageError(`a range is FROM..TO, not '${text}'`)
  if (Number(to) - Number(from) >= SHOWN_MAX) throw new UsageError(`at most ${SHOWN_MAX} entries are shown at a time`)
  return [Number(from), Number(to)]
}
