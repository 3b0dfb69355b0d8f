#!/usr/bin/env node
/** The door of the command line: this process' terminal in, its exit code out. */

import { KILLED } from './failures.ts'
import { run } from './run.ts'
import { processTerminal } from './terminal.ts'

const exitCode = await run(process.argv.slice(2), processTerminal())
// What is still being written comes first; connections and timers that are left over do not keep anybody waiting.
process.stdout.write('', () => process.stderr.write('', end))

function end(): void {
  if (exitCode === KILLED) process.kill(process.pid, 'SIGKILL')
  process.exit(exitCode)
}
