/** A copy of the compiled program, to make mistakes in. Knows neither which, nor who is to notice them. */

import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Bug } from './bugs.ts'

/** Deadline of one test file. A program that never ends is a mistake that was noticed. */
const FILE_MS_MAX = 60_000
const DIST = fileURLToPath(new URL('../..', import.meta.url))

/** The folder of the project. */
export const ROOT = resolve(DIST, '..')

/** The tests of the core, and nothing that needs a disk, a server or a process. */
const SUITES = ['paper', 'scenario', 'unit/protocol', 'unit/leader', 'unit/peer']

export class Copy {
  readonly dir = mkdtempSync(join(tmpdir(), 'flotilla-mutants-'))

  constructor() {
    process.once('exit', () => this.remove())
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

  /** Where a compiled file of the tests is. */
  test(name: string): string {
    return join(this.dir, 'dist/test', `${name}.js`)
  }

  /** Runs over the program with the mistake in it; takes it out again. */
  async with<T>({ room, from, to, name }: Bug, run: () => T | Promise<T>): Promise<T> {
    const path = join(this.dir, 'dist/src', `${room}.js`)
    const right = readFileSync(path, 'utf8')
    if (right.split(from).length !== 2) throw new Error(`'${name}' cannot be made: ${room} does not say '${from}' once`)
    writeFileSync(
      path,
      right.replace(from, () => to),
    )
    try {
      return await run()
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
