/** One command line from its words to its exit code. The only room that knows all commands. */

import { Arguments, UsageError } from './arguments.ts'
import type { Command } from './command.ts'
import { backup } from './commands/backup.ts'
import { compact } from './commands/compact.ts'
import { del } from './commands/del.ts'
import { dev } from './commands/dev.ts'
import { get } from './commands/get.ts'
import { importFile } from './commands/import.ts'
import { log } from './commands/log.ts'
import { members } from './commands/members.ts'
import { node } from './commands/node.ts'
import { put } from './commands/put.ts'
import { recover } from './commands/recover.ts'
import { repair } from './commands/repair.ts'
import { scan } from './commands/scan.ts'
import { snapshot } from './commands/snapshot.ts'
import { status } from './commands/status.ts'
import { tail } from './commands/tail.ts'
import { transfer } from './commands/transfer.ts'
import { version } from './commands/version.ts'
import { DONE, failureOf } from './failures.ts'
import { helpOf, overview } from './help.ts'
import { paintOf } from './paint.ts'
import { ReaderGone, type Terminal } from './terminal.ts'

const help: Command = {
  name: 'help',
  summary: 'show this, or one command and its flags',
  operands: [],
  flags: {},
  run: async () => DONE, // answered below, with all commands at hand
}

/** All commands, in the order in which help shows them. */
export const COMMANDS: readonly Command[] = [
  put,
  get,
  del,
  scan,
  importFile,
  status,
  tail,
  transfer,
  members,
  compact,
  backup,
  snapshot,
  log,
  repair,
  recover,
  node,
  dev,
  help,
  version,
]

/** Runs a command line; resolves to its exit code, and never rejects. */
export async function run(words: readonly string[], terminal: Terminal): Promise<number> {
  const [first = 'help', ...rest] = words
  let name = ''
  try {
    if (['help', '--help', '-h'].includes(first)) return await showHelp(rest[0], terminal)
    const command = find(['--version', '-v'].includes(first) ? 'version' : first)
    name = command.name
    const args = new Arguments(rest, { ...command, flags: { ...command.flags, help: { help: 'show this' } } })
    return args.has('help') ? await showHelp(name, terminal) : await command.run({ args, terminal })
  } catch (error) {
    if (error instanceof ReaderGone) return DONE // what was asked for was done, as far as somebody wanted to see it
    const { line, exitCode } = failureOf(error, name)
    await terminal.err.write(`${line}\n`)
    return exitCode
  }
}

async function showHelp(name: string | undefined, terminal: Terminal): Promise<number> {
  const paint = paintOf(terminal.out)
  await terminal.out.write(name === undefined ? overview(COMMANDS, paint) : helpOf(find(name), paint))
  return DONE
}

function find(name: string): Command {
  const command = COMMANDS.find((one) => one.name === name)
  if (command === undefined) throw new UsageError(`there is no command '${name}'`)
  return command
}
