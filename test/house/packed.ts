/**
 * Does what a new user does: installs the packed package in an empty folder and runs the programs of the README there.
 * `node dist/test/house/packed.js flotilla-0.1.0.tgz`. Knows the README's markers, nothing of the programs.
 */

import assert from 'node:assert/strict'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'

const ROOT = process.cwd()
const INSTALL_MS_MAX = 5 * 60_000
const PROGRAM_MS_MAX = 60_000
const SERVER_MS_MAX = 10_000

/** A program of the README: the code block below the comment `<!-- program -->` or `<!-- program: name -->`. */
interface Program {
  readonly name: string
  readonly language: string
  readonly code: string
}

/** All programs of a page, in order. */
function programsOf(page: string): Program[] {
  const marked = /<!-- program(?:: ([a-z0-9-]+))? -->\s*\n```(\w+)\n([\s\S]*?)\n```/g
  return [...page.matchAll(marked)].map(([, name, language, code], i) => ({
    name: name ?? `program-${i + 1}`,
    language: language as string,
    code: `${code}\n`,
  }))
}

/** Runs to the end, with our own output, and throws unless that end is good. */
function must(cwd: string, ms: number, [command, ...args]: readonly [string, ...string[]]): void {
  process.stdout.write(`> ${command} ${args.join(' ')}\n`)
  const { status, signal, error } = spawnSync(command, args, { cwd, stdio: ['ignore', 'inherit', 'inherit'], timeout: ms })
  assert.equal(status, 0, `${command} ended with ${error?.message ?? signal ?? `exit code ${status}`}`)
}

/** A free port of the loopback, the wanted one if it can be had. */
async function freePort(wanted: number): Promise<number> {
  const server = createServer()
  const listens = async (port: number): Promise<void> => {
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
  }
  await listens(wanted).catch(() => listens(0))
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/** Starts a NATS server for programs that expect one, and tells them where by FLOTILLA_NATS. */
async function startServer(): Promise<ChildProcess> {
  const port = await freePort(4222)
  const server = spawn('nats-server', ['-a', '127.0.0.1', '-p', String(port)], { stdio: 'ignore' })
  await once(server, 'spawn')
  process.env.FLOTILLA_NATS = `nats://127.0.0.1:${port}`
  const deadline = Date.now() + SERVER_MS_MAX
  for (;;) {
    const socket = connect(port, '127.0.0.1')
    const answered = await once(socket, 'connect').then(
      () => true,
      () => false,
    )
    socket.destroy()
    if (answered) return server
    assert.ok(Date.now() < deadline && server.exitCode === null, 'nats-server did not come up')
    await pause(50)
  }
}

/** Writes a program as the user would, checks its types against the installed package, runs it. */
function runProgram(folder: string, { name, language, code }: Program): void {
  process.stdout.write(`\n--- README program ${name} ---\n`)
  const typed = language === 'ts'
  writeFileSync(join(folder, typed ? `${name}.ts` : `${name}.js`), code)
  if (typed) {
    const types = ['--typeRoots', join(ROOT, 'node_modules/@types'), '--types', 'node']
    const options = ['--ignoreConfig', '--module', 'nodenext', '--target', 'es2023', '--strict', '--skipLibCheck', ...types]
    must(folder, PROGRAM_MS_MAX, [process.execPath, join(ROOT, 'node_modules/typescript/bin/tsc'), `${name}.ts`, ...options])
  }
  must(folder, PROGRAM_MS_MAX, [process.execPath, `${name}.js`])
}

const tarball = resolve(process.argv[2] ?? '')
assert.ok(process.argv[2] !== undefined && existsSync(tarball), 'which tarball? node dist/test/house/packed.js FILE.tgz')
assert.ok(existsSync('README.md'), 'README.md is missing')
const programs = programsOf(readFileSync('README.md', 'utf8'))
assert.ok(programs.length > 0, 'README.md marks no code block with <!-- program -->')

const folder = mkdtempSync(join(tmpdir(), 'flotilla-user-'))
writeFileSync(join(folder, 'package.json'), '{ "name": "user", "private": true, "type": "module" }\n')
let server: ChildProcess | undefined
try {
  must(folder, INSTALL_MS_MAX, ['npm', 'install', '--no-audit', '--no-fund', '--omit=dev', tarball])
  must(folder, PROGRAM_MS_MAX, [join(folder, 'node_modules/.bin/flotilla'), '--help'])
  server = await startServer()
  for (const program of programs) runProgram(folder, program)
} finally {
  server?.kill()
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
}
process.stdout.write(`\n${programs.length} program(s) of the README ran in an empty folder\n`)
