/** The test command itself: it counts right, does not run what was deleted, and never calls a broken run a good one. */

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'

const RUNNER = fileURLToPath(new URL('../run.js', import.meta.url))

const PASSES = "import { test } from 'node:test'; test('good', () => {}); test('later', { skip: true }, () => {})"
const FAILS = "import { describe, test } from 'node:test'; describe('s', () => { test('bad', () => { throw new Error('x') }) })"

/** A project of compiled test files, by name; a name is left without its source when it is in `deleted`. */
function projectOf(t: TestContext, compiled: Readonly<Record<string, string>>, deleted: readonly string[] = []): string {
  const root = mkdtempSync(join(tmpdir(), 'flotilla-runner-'))
  t.after(() => rmSync(root, { recursive: true }))
  for (const folder of ['test/unit', 'dist/test/unit']) mkdirSync(join(root, folder), { recursive: true })
  writeFileSync(join(root, 'package.json'), '{ "type": "module" }')
  copyFileSync(RUNNER, join(root, 'dist/test/run.js'))
  for (const [name, code] of Object.entries(compiled)) {
    writeFileSync(join(root, `dist/test/unit/${name}.test.js`), code)
    if (!deleted.includes(name)) writeFileSync(join(root, `test/unit/${name}.test.ts`), '')
  }
  return root
}

/** Runs the command in such a project: exit code and what it wrote as its summary. */
function outcomeOf(root: string, ...args: readonly string[]): { readonly status: number | null; readonly summary: string } {
  const { NODE_TEST_CONTEXT: _, ...env } = process.env // else the inner run would take itself for a part of this one
  const summary = join(root, 'summary')
  writeFileSync(summary, 'none\n')
  const command = [join(root, 'dist/test/run.js'), '--summary', summary, ...args]
  const { status } = spawnSync(process.execPath, command, { cwd: root, env, timeout: 60_000 })
  return { status, summary: readFileSync(summary, 'utf8').trim() }
}

describe('the test command', () => {
  test('counts what passed and what was skipped', (t) => {
    assert.deepEqual(outcomeOf(projectOf(t, { a: PASSES, b: PASSES })), { status: 0, summary: '2 0 2' })
  })

  test('counts a failure once, not again for the suite around it', (t) => {
    assert.deepEqual(outcomeOf(projectOf(t, { a: PASSES, b: FAILS })), { status: 1, summary: '1 1 1\nunit/b.test.js: bad' })
  })

  test('fails when a file ends badly or cannot be loaded', (t) => {
    const outcome = { status: 1, summary: '1 1 1\nunit/b.test.js: the file itself' }
    assert.deepEqual(outcomeOf(projectOf(t, { a: PASSES, b: 'process.exit(3)' })), outcome)
    assert.deepEqual(outcomeOf(projectOf(t, { a: PASSES, b: "import './gone.js'" })), outcome)
  })

  test('does not run the output of a deleted source', (t) => {
    assert.deepEqual(outcomeOf(projectOf(t, { a: PASSES, b: FAILS }, ['b'])), { status: 0, summary: '1 0 1' })
  })

  test('refuses a source without output, a folder without tests, and an unknown option', (t) => {
    const root = projectOf(t, { a: PASSES })
    assert.deepEqual(outcomeOf(root, 'paper'), { status: 2, summary: 'none' })
    assert.deepEqual(outcomeOf(root, '--fast'), { status: 2, summary: 'none' })
    writeFileSync(join(root, 'test/unit/new.test.ts'), '')
    assert.deepEqual(outcomeOf(root), { status: 2, summary: 'none' })
  })

  test('fails when there is nothing to run', (t) => {
    assert.deepEqual(outcomeOf(projectOf(t, {})), { status: 1, summary: '0 0 0' })
  })
})
