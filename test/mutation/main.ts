/**
 * `npm run mutants`: makes each mistake of bugs.txt in a copy of the compiled program, runs the tests of the core over it, and says which test noticed.
 * Exits 1 when one goes unnoticed, or cannot be made any more. Knows nothing of what the mistakes mean.
 */

import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Bug, bugsIn } from './bugs.ts'

/** Deadline of one test file. A program that never ends is a mistake that was noticed. */
const FILE_MS_MAX = 60_000
const DIST = fileURLToPath(new URL('../..', import.meta.url))
const ROOT = resolve(DIST, '..')

/** The tests of the core, and nothing that needs a disk, a server or a process. */
const SUITES = ['paper', 'scenario', 'unit/protocol', 'unit/leader', 'unit/peer']

/** What became of one mistake. */
interface Verdict {
  readonly bug: Bug
  /** Title of the first test that failed. Null: none did. */
  readonly by: string | null
}

/** A copy of the compiled program, to make mistakes in. */
class Copy {
  readonly dir = mkdtempSync(join(tmpdir(), 'flotilla-mutants-'))

  constructor() {
    cpSync(DIST, join(this.dir, 'dist'), { recursive: true })
    cpSync(join(ROOT, 'package.json'), join(this.dir, 'package.json'))
    cpSync(join(ROOT, 'test'), join(this.dir, 'test'), { recursive: true, filter: (path) => !path.endsWith('.ts') }) // transcripts
    symlinkSync(join(ROOT, 'node_modules'), join(this.dir, 'node_modules'))
  }

  get tests(): string[] {
    return SUITES.flatMap((suite) => {
      const folder = join(this.dir, 'dist/test', suite)
      const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
      return files.filter((file) => file.endsWith('.test.js')).map((file) => join(folder, file))
    })
  }

  /** Runs over the program with the mistake in it; takes it out again. */
  with<T>({ room, from, to, name }: Bug, run: () => T): T {
    const path = join(this.dir, 'dist/src', `${room}.js`)
    const right = readFileSync(path, 'utf8')
    if (right.split(from).length !== 2) throw new Error(`'${name}' cannot be made: ${room} does not say '${from}' once`)
    writeFileSync(
      path,
      right.replace(from, () => to),
    )
    try {
      return run()
    } finally {
      writeFileSync(path, right)
    }
  }

  /** Title of the first test of a file that fails, or null. */
  failureIn(test: string): string | null {
    const options = { cwd: this.dir, encoding: 'utf8', timeout: FILE_MS_MAX, killSignal: 'SIGKILL' } as const
    const { status, stdout } = spawnSync(process.execPath, ['--test-reporter=tap', test], options) // one process: a child of it would live on
    if (status === 0) return null
    const titles = [...stdout.matchAll(/^ *not ok \d+ - (.*)$/gm)].map((match) => match[1] ?? '')
    return titles.find((title) => !title.endsWith('.js')) ?? 'a test file that does not end, or does not begin'
  }

  remove(): void {
    rmSync(this.dir, { recursive: true, force: true })
  }
}

/** Files that noticed something lately come first: who catches one mistake often catches its neighbours. */
function judge(copy: Copy, tests: string[], bug: Bug): Verdict {
  for (const [at, test] of tests.entries()) {
    const by = copy.failureIn(test)
    if (by === null) continue
    tests.splice(at, 1)
    tests.unshift(test)
    return { bug, by }
  }
  return { bug, by: null }
}

function main(only: string | undefined): number {
  const copy = new Copy()
  const verdicts: Verdict[] = []
  try {
    const tests = copy.tests
    const bugs = bugsIn(readFileSync(join(ROOT, 'test/mutation/bugs.txt'), 'utf8'))
    for (const bug of bugs.filter(({ name }) => only === undefined || name.includes(only))) {
      const verdict = copy.with(bug, () => judge(copy, tests, bug))
      verdicts.push(verdict)
      process.stdout.write(`| ${bug.name} | ${bug.source} | ${verdict.by ?? '**nobody noticed**'} |\n`)
    }
  } finally {
    copy.remove()
  }
  const missed = verdicts.filter(({ by }) => by === null).length
  process.stdout.write(`${verdicts.length - missed} passed, ${missed} failed\n`)
  return missed === 0 ? 0 : 1
}

process.exitCode = main(process.argv[2])
