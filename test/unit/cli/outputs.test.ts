/** Outputs that cannot be written: a reader that has gone, a disk that is full. What was done stays done, and the exit code says so. */

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { Writable } from 'node:stream'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { run } from '../../../src/cli/run.ts'
import { outputOf, ReaderGone, remarksTo } from '../../../src/cli/terminal.ts'
import { fakeTerminal } from './fake-terminal.ts'

const MAIN = fileURLToPath(new URL('../../../src/cli/main.js', import.meta.url))

/** A stream of which every write fails so. */
const failing = (code: string): NodeJS.WriteStream =>
  new Writable({
    write: (_chunk, _encoding, done) => done(Object.assign(new Error(`${code}: write`), { code })),
  }) as unknown as NodeJS.WriteStream

test('standard output without a reader ends the command; one that fails is a refusal; a second write says the same', async () => {
  const gone = outputOf(failing('EPIPE'))
  for (let i = 0; i < 2; i++) await assert.rejects(gone.write('x'), ReaderGone)
  const full = outputOf(failing('ENOSPC'))
  for (let i = 0; i < 2; i++) await assert.rejects(full.write('x'), { code: 'OUTPUT', message: /ENOSPC/ })
})

test('remarks that cannot be made are nobody’s failure', async () => {
  for (const code of ['EPIPE', 'ENOSPC']) {
    const remarks = remarksTo(failing(code))
    for (let i = 0; i < 2; i++) await remarks.write('x')
  }
})

test('a command whose reader has gone is done, and one whose output fails has failed, with one line', async () => {
  const terminal = fakeTerminal()
  const gone = { ...terminal, out: { ...terminal.out, write: () => Promise.reject(new ReaderGone()) } }
  assert.equal(await run(['version'], gone), 0)
  const full = { ...terminal, out: outputOf(failing('ENOSPC')) }
  assert.equal(await run(['version'], full), 1)
  assert.match(terminal.err.text, /^flotilla: OUTPUT: standard output cannot be written: ENOSPC: write\n$/)
})

/** How the command line ends when its outputs are closed before it says a word. */
function endOf(words: readonly string[]): Promise<number | null> {
  const child = spawn(process.execPath, [MAIN, ...words], { stdio: ['ignore', 'pipe', 'pipe'] })
  child.stdout.destroy()
  child.stderr.destroy()
  return new Promise((resolve) => child.on('exit', resolve))
}

test('closed pipes do not make a success of a failure', async () => {
  assert.equal(await endOf(['fly']), 2)
  assert.equal(await endOf(['version']), 0)
  assert.equal(await endOf(['get', 'k', '--nats', 'nats://127.0.0.1:1', '--timeout', '50']), 3)
})
