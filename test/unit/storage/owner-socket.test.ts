/** The socket that holds a directory: across namespaces, at long paths, after a kill, and between racers. */

import assert from 'node:assert/strict'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { OWNER_FILE } from '../../../src/storage/lmdb/lock.ts'
import { hold } from '../../../src/storage/lmdb/owner-socket.ts'

const CHILD = fileURLToPath(new URL('./lock-child.js', import.meta.url))
const APART = ['-n', '-p', '-f', '--kill-child', '--mount-proc']
const windows = process.platform === 'win32'

let dir = ''
let children: ChildProcess[] = []
beforeEach(() => {
  dir = realpathSync(mkdtempSync(join(tmpdir(), 'flotilla-owner-')))
})
afterEach(() => {
  for (const child of children) child.kill('SIGKILL')
  children = []
  rmSync(dir, { recursive: true })
})

/** A process that takes a directory, in namespaces of its own if asked; what it said first, within a deadline. */
async function run(where: string, isApart = false): Promise<{ child: ChildProcess; said: string }> {
  const own = [process.execPath, CHILD, where]
  const [command = '', ...args] = isApart ? ['unshare', ...APART, ...own] : own
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] })
  children.push(child)
  const [said] = (await once(child.stdout, 'data', { signal: AbortSignal.timeout(10_000) })) as [Buffer]
  return { child, said: said.toString().trim() }
}

/** Says so that nobody can miss it when there cannot be namespaces here. */
function apartSkip(): string | false {
  const tried = spawnSync('unshare', [...APART, 'true'], { timeout: 10_000 })
  if (tried.status === 0) return false
  const why = `there cannot be namespaces here: ${tried.error?.message ?? tried.stderr.toString().trim()}`
  process.stderr.write(`\n${'!'.repeat(100)}\nNO OWNERS IN OTHER NAMESPACES WERE TRIED: ${why}\n${'!'.repeat(100)}\n\n`)
  return why
}

async function heldOrFail(where: string): Promise<{ release(): Promise<void> }> {
  const held = await hold(where)
  if (held === null || held === 'taken') return assert.fail(`not held: ${held}`)
  return held
}

test('who shares neither network nor processes is refused, and the owner is unharmed', { skip: apartSkip() }, async () => {
  for (const [ownerApart, otherApart] of [
    [false, true],
    [true, false],
    [true, true],
  ]) {
    const owner = await run(dir, ownerApart)
    assert.equal(owner.said, 'taken')
    const before = readFileSync(join(dir, OWNER_FILE))
    assert.equal((await run(dir, otherApart)).said, 'STORE_IN_USE')
    assert.equal(owner.child.exitCode, null)
    assert.deepEqual(readFileSync(join(dir, OWNER_FILE)), before)
    owner.child.kill('SIGKILL')
    await once(owner.child, 'close')
  }
  assert.equal((await run(dir)).said, 'taken', 'a killed owner holds nothing')
})

test('of racers in namespaces of their own one gets what a killed owner had', { skip: apartSkip() }, async () => {
  const killed = await run(dir)
  killed.child.kill('SIGKILL')
  await once(killed.child, 'close')
  const racers = await Promise.all([run(dir, true), run(dir, true)])
  assert.deepEqual(racers.map(({ said }) => said).sort(), ['STORE_IN_USE', 'taken'])
})

test('a stopped owner holds on', { skip: windows }, async () => {
  const { child } = await run(dir)
  child.kill('SIGSTOP')
  assert.equal(await hold(dir), 'taken')
})

test('a killed owner’s socket, a draft and a power cut’s empty file are taken away', { skip: windows }, async () => {
  const { child } = await run(dir)
  child.kill('SIGKILL')
  await once(child, 'close')
  assert.equal(readdirSync(dir).filter((name) => name.endsWith('.sock')).length, 1)
  writeFileSync(join(dir, 'owner.0123456789abcdef.sock'), '')
  writeFileSync(join(dir, 'owner.0123456789abcdef.draft'), '')
  writeFileSync(join(dir, 'owner.of-somebody.sock'), '')
  const held = await heldOrFail(dir)
  assert.equal(readdirSync(dir).filter((name) => /^owner\.[0-9a-f]{16}\.(sock|draft)$/.test(name)).length, 1)
  assert.ok(existsSync(join(dir, 'owner.of-somebody.sock')), 'what is not ours stays')
  await held.release()
})

test('of many who ask at once one holds it, though a dead one’s socket is there', { skip: windows }, async () => {
  for (let round = 0; round < 10; round++) {
    writeFileSync(join(dir, 'owner.0123456789abcdef.sock'), '')
    const asked = await Promise.all(Array.from({ length: 4 }, () => hold(dir)))
    const held = asked.filter((one) => one !== 'taken')
    assert.equal(held.length, 1)
    await held[0]?.release()
    rmSync(join(dir, 'owner.0123456789abcdef.sock'), { force: true })
    assert.deepEqual(readdirSync(dir), [])
  }
})

test('a path too long for a socket is held like any other', { skip: process.platform !== 'linux' }, async () => {
  const long = join(dir, 'x'.repeat(150 - dir.length - 1))
  mkdirSync(long)
  assert.equal(Buffer.byteLength(long), 150)
  const { child, said } = await run(long)
  assert.equal(said, 'taken')
  assert.equal(await hold(long), 'taken')
  child.kill('SIGKILL')
  await once(child, 'close')
  const held = await heldOrFail(long)
  assert.equal(readdirSync(long).filter((name) => name.endsWith('.sock')).length, 1)
  await held.release()
  assert.deepEqual(
    readdirSync(long).filter((name) => name !== OWNER_FILE),
    [],
  )
})

test('a process that holds a directory ends by itself', { skip: windows }, () => {
  const socket = new URL('../../../src/storage/lmdb/owner-socket.js', import.meta.url).href
  const script = `import { hold } from ${JSON.stringify(socket)}; await hold(${JSON.stringify(dir)})`
  const ended = spawnSync(process.execPath, ['--input-type=module', '-e', script], { timeout: 10_000 })
  assert.equal(ended.status, 0)
  assert.equal(readdirSync(dir).length, 1)
})

test('where nothing can listen the directory is left to the other guards', { skip: process.platform !== 'linux' }, async (t) => {
  const stub = createServer().constructor as { prototype: { listen(...args: unknown[]): unknown } }
  t.mock.method(stub.prototype, 'listen', function (this: NodeJS.EventEmitter) {
    queueMicrotask(() => this.emit('error', Object.assign(new Error('operation not supported'), { code: 'ENOTSUP' })))
    return this
  })
  assert.equal(await hold(dir), null)
  assert.deepEqual(readdirSync(dir), [])
})
