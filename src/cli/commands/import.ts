/** `flotilla import`: puts the lines of a file. */

import { stat } from 'node:fs/promises'
import { basename } from 'node:path'
import type { Client } from '../../client/client.ts'
import type { Arguments } from '../arguments.ts'
import { ASKING, type Command, FAMILY, type Invocation } from '../command.ts'
import { type Target, withClient } from '../connection.ts'
import { DONE, FAILED, failureOf } from '../failures.ts'
import { type PutAllResult, putAll, type RecordToPut } from '../importer.ts'
import { recordsOf } from '../json-lines.ts'
import { grouped, paintOf } from '../paint.ts'
import { Progress } from '../progress.ts'
import { ReaderGone } from '../terminal.ts'
import { familyIn } from '../values.ts'

/** Every record has so long, through an election and more. */
const TIMEOUT_MS = 30_000

/** Bad lines that are shown; the others are only counted. */
const SHOWN_MAX = 20

export const importFile: Command = {
  name: 'import',
  summary: 'put every line of a JSON lines file',
  detail:
    'The key is what FIELD holds, the value is the line. Up to 256 lines are on their way at a time, each tried until it is\nacknowledged. Lines that are no record are named, and the rest goes on, unless --strict. What ends early says where to resume.',
  operands: ['FILE'],
  flags: {
    ...ASKING,
    ...FAMILY,
    key: { value: 'FIELD', help: 'field that is the key' },
    'from-line': { value: 'N', help: 'begin with this line (1)' },
    strict: { help: 'stop at the first line that is no record' },
  },
  async run(call) {
    const { args } = call
    args.needed('key')
    fromLineOf(args)
    familyIn(args)
    if (args.operand(0) !== STDIN) await stat(args.operand(0)) // a file that is not there is said before anything is sent
    return withClient(call, (client, target) => load(call, client, target), TIMEOUT_MS)
  },
}

/** In place of a file: standard input. */
const STDIN = '-'

const fromLineOf = (args: Arguments): number => args.whole('from-line', { min: 1, max: Number.MAX_SAFE_INTEGER }) ?? 1

async function load(call: Invocation, client: Client, { group }: Target): Promise<number> {
  const { args, terminal } = call
  const file = args.operand(0)
  const size = file === STDIN ? 0 : (await stat(file)).size
  const bad = new BadLines(call)
  const progress = new Progress(terminal.err, `importing ${basename(file)}`)
  let bytes = 0
  let put = 0
  const onPut = (): void => {
    put++
    progress.show(bytes / Math.max(1, size), put)
  }
  const records = recordsOf({
    file: file === STDIN ? terminal.stdin : file,
    signal: terminal.interruption(),
    field: args.needed('key'),
    fromLine: fromLineOf(args),
    onBadLine: (line, why) => bad.add(line, why),
    onBytes: (read) => {
      bytes = read
    },
  })
  const result = await putAll(records, {
    kv: client.kv(group),
    signal: terminal.interruption(),
    onPut,
    onRefused: (record: RecordToPut, error) => void bad.add(record.line, `${error.code}: ${error.message}`),
    family: familyIn(args),
    firstLine: fromLineOf(args),
  })
  const refused = bad.count === 0 ? '' : `, ${counted(bad.count, 'line')} refused`
  await progress.end(
    `${counted(result.put, 'record')} put${refused} into group ${group}, ${grouped(progress.rate(result.put))}/s`,
  )
  return conclude(call, result, bad)
}

/** Says where to go on, and how it ended. The exit code is the same whether or not somebody hears it. */
async function conclude(
  { args, terminal }: Invocation,
  { put, failure, resumeAt: open }: PutAllResult,
  bad: BadLines,
): Promise<number> {
  const resumeAt = bad.resumeAt(open)
  const ending = failure === null ? null : failureOf(failure, 'import')
  const exitCode = ending?.exitCode ?? (bad.count > 0 || resumeAt !== null ? FAILED : DONE)
  if (resumeAt !== null) {
    const words = `not all was imported; go on with --from-line ${resumeAt} (putting a line twice does no harm)`
    await terminal.err.write(`${words}\n`)
  }
  if (ending !== null) await terminal.err.write(`${ending.line}\n`)
  if (!args.has('json')) return exitCode
  try {
    await terminal.out.write(`${JSON.stringify({ put, refused: bad.count, resumeAt })}\n`)
  } catch (error) {
    if (!(error instanceof ReaderGone)) throw error
  }
  return exitCode
}

const counted = (count: number, noun: string): string => `${grouped(count)} ${noun}${count === 1 ? '' : 's'}`

/** Names the first bad lines and counts all. */
class BadLines {
  count = 0
  /** The line at which reading was given up, if it was. */
  #end: number | null = null
  readonly #call: Invocation

  constructor(call: Invocation) {
    this.#call = call
  }

  /** Where to go on: at the first line that is not dealt with, or the bad one that ended it. */
  resumeAt(open: number | null): number | null {
    if (this.#end === null || open === null) return open ?? this.#end
    return Math.min(open, this.#end)
  }

  /** Whether to go on. */
  add(line: number, why: string): boolean {
    const { args, terminal } = this.#call
    const { err } = terminal
    this.count++
    const clear = err.isTTY ? '\r\u001b[K' : ''
    if (this.count <= SHOWN_MAX) void err.write(`${clear}${paintOf(err).warn(`line ${line}`)}: ${why}\n`)
    else if (this.count === SHOWN_MAX + 1) void err.write(`${clear}further bad lines are only counted\n`)
    if (args.has('strict')) this.#end ??= line
    return this.#end === null
  }
}
