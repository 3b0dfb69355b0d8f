#!/usr/bin/env node
/** The door of the command line: this process' terminal in, its exit code out. */

import { failureOf, KILLED } from './failures.ts'
import { checkSecond } from './second.ts'

const exitCode = await main(process.argv.slice(2))
// What is still being written comes first; connections and timers that are left over do not keep anybody waiting.
process.stdout.write('', () => process.stderr.write('', end))

function end(): void {
  if (exitCode === KILLED) process.kill(process.pid, 'SIGKILL')
  process.exit(exitCode)
}

/** The rest of the program is loaded only when there is something for it to do. */
async function main(words: readonly string[]): Promise<number> {
  try {
    checkSecond(words)
  } catch (error) {
    const { line, exitCode } = failureOf(error, 'node')
    process.stderr.write(`${line}\n`)
    return exitCode
  }
  const [{ run }, { processTerminal }] = await Promise.all([import('./run.ts'), import('./terminal.ts')])
  return run(words, processTerminal())
}
