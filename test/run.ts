/**
 * The test command: finds a NATS server, runs every test file that has a source, prints one line at the end.
 * Knows folders and files, not what is tested in them.
 */

import { spawnSync } from 'node:child_process'
import { accessSync, constants, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { delimiter, dirname, join, relative, resolve } from 'node:path'
import { run } from 'node:test'
import { spec } from 'node:test/reporters'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

/** Sources are found in the project, their compiled twins beside this file: what was deleted is never run again. */
const SOURCES = resolve('test')
const COMPILED = dirname(fileURLToPath(import.meta.url))

/** Folders that start processes and want the machine to themselves. They run last, one file at a time. */
const SERIAL: ReadonlySet<string> = new Set(['crash', 'integration', 'sim', 'web'])

/** Deadline of one test file: of many seeds, when they were asked for. */
const FILE_MS_MAX = process.env.FLOTILLA_SIM_SEEDS ? 40 * 60_000 : 6 * 60_000
const INSTALL_MS_MAX = 5 * 60_000

const USAGE = `npm test -- [folder …] [--embedded] [--summary FILE]
  folder        only these folders of test/ (unit, paper, house, …)
  --embedded    integration tests on the embedded broker, even where there is a nats-server
  --summary     also write "passed failed skipped" to FILE, and a line for each test that failed`

interface Counts {
  passed: number
  failed: number
  skipped: number
  /** What failed, by file and name. */
  readonly failures: string[]
}

const say = (line: string): void => void process.stdout.write(`${line}\n`)

/** Test files of the chosen folders, relative to test/, without `.ts`. */
function testFiles(folders: readonly string[]): string[] {
  const all = readdirSync(SOURCES, { recursive: true, encoding: 'utf8' })
    .map((path) => path.replaceAll('\\', '/'))
    .filter((path) => path.endsWith('.test.ts'))
    .map((path) => path.slice(0, -'.ts'.length))
    .sort()
  return folders.length === 0 ? all : all.filter((path) => folders.some((folder) => path.startsWith(`${folder}/`)))
}

/** Where a program is, on the PATH or where systems put servers without putting that on a user's PATH. */
function find(program: string): string | null {
  const usual = ['/usr/sbin', '/usr/local/sbin', '/usr/local/bin', '/opt/homebrew/bin']
  for (const folder of [...(process.env.PATH ?? '').split(delimiter), ...usual]) {
    try {
      accessSync(join(folder, program), constants.X_OK)
      return folder
    } catch {
      // not in this folder
    }
  }
  return null
}

/** Runs an installer to its end, its words on our stderr. */
function installs(command: string, ...args: readonly string[]): boolean {
  say(`> ${command} ${args.join(' ')}`)
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', HOMEBREW_NO_AUTO_UPDATE: '1' }
  return spawnSync(command, args, { stdio: ['ignore', 2, 2], timeout: INSTALL_MS_MAX, env }).status === 0
}

function installServer(): void {
  if (process.platform === 'linux' && process.getuid?.() === 0 && find('apt-get') !== null) {
    // an old package list is often good enough, so a failed update is no reason to stop
    installs('apt-get', 'update', '-q')
    installs('apt-get', 'install', '-q', '-y', '--no-install-recommends', 'nats-server')
  } else if (process.platform === 'darwin' && find('brew') !== null) {
    installs('brew', 'install', 'nats-server')
  }
}

/** Makes `nats-server` findable for the tests. Null when there is none and none can be had. */
function provideServer(): string | null {
  if (find('nats-server') === null) installServer()
  const folder = find('nats-server')
  if (folder === null) return null
  process.env.PATH = `${process.env.PATH ?? ''}${delimiter}${folder}`
  return spawnSync(join(folder, 'nats-server'), ['--version'], { encoding: 'utf8', timeout: 10_000 }).stdout.trim()
}

/** Whether a source of test/ starts a NATS server, itself or through what it imports from test/. */
function wantsServer(path: string, seen = new Set<string>()): boolean {
  if (seen.has(path) || !existsSync(path)) return false
  seen.add(path)
  if (path === join(SOURCES, 'nats-server.ts') || path.startsWith(join(SOURCES, 'integration'))) return true
  const imports = readFileSync(path, 'utf8').matchAll(/^(?:import|export|\}) ?[^'\n]*'(\.[^']+)'/gm)
  return [...imports].some(([, to]) => {
    const target = resolve(dirname(path), to as string)
    return target.startsWith(SOURCES) && wantsServer(target, seen)
  })
}

/** Says so that nobody can miss it which tests did not meet a real server. */
function warn(files: readonly string[]): void {
  const missed = files.filter((file) => wantsServer(join(SOURCES, `${file}.ts`)))
  const bar = '!'.repeat(100)
  const where = missed.length === 0 ? ['none of the chosen files'] : missed.map((file) => `test/${file}.ts`)
  say(
    ['', bar, 'NO nats-server: these tests run on the EMBEDDED BROKER and DID NOT MEET A REAL SERVER:', ...where, bar, ''].join(
      '\n',
    ),
  )
}

/** Runs some files, so many at a time, and adds what came of them to the counts. */
async function runFiles(files: readonly string[], concurrency: number, counts: Counts): Promise<void> {
  if (files.length === 0) return
  const paths = files.map((file) => join(COMPILED, `${file}.js`))
  const stream = run({ files: paths, concurrency, timeout: FILE_MS_MAX })
  stream.on('test:pass', (event) => {
    if (event.details.type === 'suite') return
    if (event.skip === undefined && event.todo === undefined) counts.passed++
    else counts.skipped++
  })
  stream.on('test:fail', (event) => {
    const { error, type } = event.details
    const merelyHolds = type === 'suite' && 'failureType' in error && error.failureType === 'subtestsFailed'
    if (event.todo !== undefined || merelyHolds) return
    counts.failed++
    const { file = '', name } = event
    counts.failures.push(`${relative(COMPILED, file)}: ${name === file ? 'the file itself' : name}`)
  })
  for await (const piece of stream.compose<NodeJS.ReadableStream>(new spec())) process.stdout.write(piece)
}

async function main(): Promise<number> {
  const options = { embedded: { type: 'boolean' }, summary: { type: 'string' }, help: { type: 'boolean' } } as const
  const { values, positionals } = parseArgs({ options, allowPositionals: true })
  if (values.help === true) {
    say(USAGE)
    return 0
  }
  const folders = positionals.map((folder) => folder.replace(/^test\//, '').replace(/\/$/, ''))
  const files = testFiles(folders)
  const strangers = folders.filter((folder) => !files.some((file) => file.startsWith(`${folder}/`)))
  if (strangers.length > 0) throw new Error(`no tests in ${strangers.map((folder) => `test/${folder}`).join(', ')}`)
  const unbuilt = files.filter((file) => !existsSync(join(COMPILED, `${file}.js`)))
  if (unbuilt.length > 0) throw new Error(`not built: ${unbuilt.join(', ')}`)

  const wanted = files.some((file) => wantsServer(join(SOURCES, `${file}.ts`)))
  const embedded = values.embedded === true || process.env.FLOTILLA_TEST_SERVER === 'embedded'
  const server = embedded || !wanted ? null : provideServer()
  if (wanted && server === null) {
    process.env.FLOTILLA_TEST_SERVER = 'embedded'
    warn(files)
  }
  return conclude(await runAll(files), {
    server: wanted ? (server ?? 'embedded broker') : 'no server needed',
    summary: values.summary,
  })
}

async function runAll(files: readonly string[]): Promise<Counts> {
  const counts: Counts = { passed: 0, failed: 0, skipped: 0, failures: [] }
  const isSerial = (file: string): boolean => SERIAL.has(file.split('/')[0] as string)
  await runFiles(
    files.filter((file) => !isSerial(file)),
    2,
    counts,
  )
  await runFiles(files.filter(isSerial), 1, counts)
  return counts
}

/** Prints the last line, and says what the process exits with: no test at all is a failure too. */
function conclude(
  counts: Counts,
  { server, summary }: { readonly server: string; readonly summary: string | undefined },
): number {
  const { passed, failed, skipped } = counts
  if (summary !== undefined) writeFileSync(summary, [`${passed} ${failed} ${skipped}`, ...counts.failures, ''].join('\n'))
  const seconds = Math.round(process.uptime())
  if (server === 'embedded broker') say('No real nats-server was met; see the notice above.')
  say(`\nNode ${process.version}, ${server}, ${seconds} s: ${passed} passed, ${failed} failed, ${skipped} skipped`)
  return failed === 0 && passed > 0 ? 0 : 1
}

try {
  process.exitCode = await main()
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}\n`)
  process.exitCode = 2
}
