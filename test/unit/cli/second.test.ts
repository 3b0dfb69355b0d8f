/** A second node on one directory is refused before anything else is looked at or loaded. */

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { checkSecond } from '../../../src/cli/second.ts'
import { OWNER_FILE, takeLock } from '../../../src/storage/lmdb/lock.ts'
import { ownerText, thisProcess } from '../../../src/storage/lmdb/process-owner.ts'

const MAIN = fileURLToPath(new URL('../../../src/cli/main.js', import.meta.url))

let dir = ''
beforeEach(() => {
  dir = realpathSync(mkdtempSync(join(tmpdir(), 'flotilla-second-')))
})
afterEach(() => rmSync(dir, { recursive: true }))

test('however the directory is given, it is seen who has it; help, other commands and directories of nobody pass', async () => {
  const other = join(dir, 'other')
  const lock = await takeLock(dir)
  symlinkSync(dir, other)
  const words = (line: string): string[] => line.split(' ')
  for (const line of [`node --id a --dir ${dir}`, `node --dir=${dir} --id a`, `node --dir ${other}`]) {
    assert.throws(() => checkSecond(words(line)), {
      code: 'STORE_IN_USE',
      message: new RegExp(`this process \\(${process.pid}\\)`),
    })
  }
  for (const line of [
    `log --dir ${dir}`,
    `node --help --dir ${dir}`,
    'node --dir',
    'node',
    `node --dir ${dir}/none`,
    `node --dirs ${dir}`,
  ])
    checkSecond(words(line))
  await lock.release()
  checkSecond(words(`node --dir ${dir}`))
  writeFileSync(join(dir, OWNER_FILE), ownerText({ ...thisProcess(), started: 'earlier' }))
  checkSecond(words(`node --dir ${dir}`))
})

test('it ends at once, though there is no NATS, and has not loaded what a node is made of', async () => {
  const lock = await takeLock(dir)
  const words = [MAIN, 'node', '--id', 'a', '--nodes', 'a', '--dir', dir, '--nats', 'nats://127.0.0.1:1']
  const loud = { ...process.env, NODE_DEBUG: 'esm' }
  const { status, stderr } = spawnSync(process.execPath, words, {
    encoding: 'utf8',
    timeout: 20_000,
    env: loud,
    maxBuffer: 2 ** 28,
  })
  await lock.release()
  assert.equal(status, 1)
  assert.match(stderr, new RegExp(`^flotilla: STORE_IN_USE: the store in ${dir} is in use by process ${process.pid}$`, 'm'))
  assert.match(stderr, /lock\.js/, 'what is loaded is shown')
  for (const heavy of ['xstate', 'nats', 'node_modules/lmdb']) assert.ok(!stderr.includes(`${heavy}/`), `${heavy} was loaded`)
})
