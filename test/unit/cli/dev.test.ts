/** A development cluster as a process: it comes up, outlives a killed node, says what is wrong, and leaves nothing behind. */

import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { connect } from '../../../src/client/client.ts'
import { eventually } from '../../contract/transport-waiting.ts'

const MAIN = fileURLToPath(new URL('../../../src/cli/main.js', import.meta.url))

interface Running {
  readonly child: ChildProcess
  text(): string
  readonly end: Promise<number | null>
}

function flotilla(...words: string[]): Running {
  const child = spawn(process.execPath, [MAIN, ...words], { stdio: ['ignore', 'pipe', 'pipe'] })
  let text = ''
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => (text += chunk.toString()))
  return { child, text: () => text, end: new Promise((resolve) => child.once('close', (code) => resolve(code))) }
}

const alive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

test('flotilla dev: up, one node killed, another start refused, down', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'flotilla-dev-'))
  const dev = flotilla('dev', '--dir', dir, '--port', '0', '--no-data')
  t.after(() => {
    dev.child.kill('SIGKILL')
    rmSync(dir, { recursive: true, force: true })
  })
  await eventually(() => dev.text().includes('Ctrl-C stops'), 20_000)
  assert.match(dev.text(), /node +role +term +leader/)
  assert.match(dev.text(), /page +http:\/\/127\.0\.0\.1:\d+\/#token=/)
  assert.match(dev.text(), /npx flotilla put hello world --nats nats:/)
  const url = /broker +(nats:\S+)/.exec(dev.text())?.[1] ?? ''
  const client = await connect({ cluster: 'demo', servers: url })
  t.after(() => client.close())
  const statuses = await client.status()
  const pids = statuses.map(({ pid }) => pid)
  assert.equal(new Set(pids).size, 3)
  await client.kv('kv').put('k', 'v')

  const second = flotilla('dev', '--dir', dir, '--port', '0', '--no-data')
  assert.equal(await second.end, 1)
  assert.match(second.text(), /flotilla: STORE_IN_USE: node [abc]: /)

  process.kill(pids[0] as number, 'SIGKILL')
  await eventually(() => dev.text().includes('node a ended (SIGKILL). It is not restarted by itself'), 20_000)
  assert.equal(await client.kv('kv').getText('k', { timeoutMs: 20_000 }), 'v')

  dev.child.kill('SIGINT')
  assert.equal(await dev.end, 0)
  assert.deepEqual(pids.filter(alive), [])
})

test('nodes end when the process that started them is gone', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'flotilla-dev-'))
  const dev = flotilla('dev', '--dir', dir, '--port', '0', '--no-data', '--nodes', '1')
  await eventually(() => dev.text().includes('Ctrl-C stops'), 20_000)
  const client = await connect({ cluster: 'demo', servers: /broker +(nats:\S+)/.exec(dev.text())?.[1] ?? '' })
  const [status] = await client.status()
  await client.close()
  const pid = status?.pid ?? 0
  t.after(() => {
    if (alive(pid)) process.kill(pid, 'SIGKILL')
    rmSync(dir, { recursive: true, force: true })
  })
  assert.ok(alive(pid))
  dev.child.kill('SIGKILL')
  await eventually(() => !alive(pid), 20_000)
})
