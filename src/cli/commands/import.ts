/** `flotilla import`: puts the lines of a file. */

import { stat } from 'node:fs/promises'
import { basename } from 'node:path'
import type { Client } from '../../client/client.ts'
import type { Arguments } from '../arguments.ts'
import { ASKING, type Command, FAMILY, type Invocation } from '../command.ts'
import { type Target, withClient } from '../connection.ts'
import { DONE, FAILED, failureOf } from '../failures.ts'
import { putAll, type RecordToPut } from '../importer.ts'
import { recordsOf } from '../json-lines.ts'
import { grouped, paintOf } from '../paint.ts'
import { Progress } from '../progress.ts'

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
    await stat(args.operand(0)) // a file that is not there is said before anything is sent
    return withClient(call, (client, target) => load(call, client, target), TIMEOUT_MS)
  },
}

const fromLineOf = (args: Arguments): number => args.whole('from-line', { min: 1, max: Number.MAX_SAFE_INTEGER }) ?? 1

async function load(call: Invocation, client: Client, { group }: Target): Promise<number> {
  const { args, terminal } = call
  const file = args.operand(0)
  const { size } = await stat(file)
  const bad = new BadLines(call)
  const progress = new Progress(terminal.err, `importing ${basename(file)}`)
  let bytes = 0
  let put = 0
  const onPut = (): void => {
    put++
    progress.show(bytes / Math.max(1, size), put)
  }
  const records = recordsOf({
    file,
    field: args.needed('key'),
    fromLine: fromLineOf(args),
    onBadLine: (line, why) => bad.add(line, why),
    onBytes: (read) => {
      bytes = read
    },
  })
  const family = args.text('family')
  const result = await putAll(records, {
    kv: client.kv(group),
    signal: terminal.interruption(),
    onPut,
    onRefused: (record: RecordToPut, error) => void bad.add(record.line, `${error.code}: ${error.message}`),
    ...(family === undefined ? {} : { family }),
  })
  const counts = `${counted(result.put, 'record')} put${bad.count === 0 ? '' : `, ${counted(bad.count, 'line')} refused`}`
  await progress.end(`${counts} into group ${group}, ${grouped(progress.rate(result.put))}/s`)
  if (args.has('json'))
    await terminal.out.write(`${JSON.stringify({ put: result.put, refused: bad.count, resumeAt: result.resumeAt })}\n`)
  if (result.resumeAt !== null) {
    await terminal.err.write(
      `not all was imported; go on with --from-line ${result.resumeAt} (putting a line twice does no harm)\n`,
    )
  }
  if (result.failure === null) return bad.count > 0 || result.resumeAt !== null ? FAILED : DONE
  const { line, exitCode } = failureOf(result.failure, 'import')
  await terminal.err.write(`${line}\n`)
  return exitCode
}

const counted = (count: number, noun: string): string => `${grouped(count)} ${noun}${count === 1 ? '' : 's'}`

/** Names the first bad lines and counts all. */
class BadLines {
  count = 0
  readonly #call: Invocation

  constructor(call: Invocation) {
    this.#call = call
  }

  /** Whether to go on. */
  add(line: number, why: string): boolean {
    const { args, terminal } = this.#call
    const { err } = terminal
    this.count++
    const clear = err.isTTY ? '\r\u001b[K' : ''
    if (this.count <= SHOWN_MAX) void err.write(`${clear}${paintOf(err).warn(`line ${line}`)}: ${why}\n`)
    else if (this.count === SHOWN_MAX + 1) void err.write(`${clear}further bad lines are only counted\n`)
    return !args.has('strict')
  }
}
