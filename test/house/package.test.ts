/** What a user gets from `npm pack`: complete, nothing too much, and understood by every tool that reads types. */

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { accessSync, constants, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { ROOT } from './sources.ts'

const MS_MAX = 120_000

/** Runs a program in the project's folder to its end. */
function runs(command: string, ...args: readonly string[]): { readonly status: number | null; readonly output: string } {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd: ROOT, encoding: 'utf8', timeout: MS_MAX })
  return { status, output: error === undefined ? `${stdout}${stderr}` : error.message }
}

describe('the package', () => {
  const folder = mkdtempSync(join(tmpdir(), 'flotilla-pack-'))
  let tarball = ''
  let files: string[] = []

  before(() => {
    // without scripts: packing for users cleans dist first, and this test runs from there
    const args = ['pack', '--ignore-scripts', '--json', '--pack-destination', folder]
    const { status, stdout, stderr } = spawnSync('npm', args, { cwd: ROOT, encoding: 'utf8', timeout: MS_MAX })
    assert.equal(status, 0, stderr)
    const [packed] = JSON.parse(stdout) as [{ filename: string; files: { path: string }[] }]
    tarball = join(folder, packed.filename)
    files = packed.files.map((file) => file.path)
  })
  after(() => rmSync(folder, { recursive: true, force: true }))

  test('has its entry, its types, its licence and its readme', () => {
    const wanted = ['package.json', 'README.md', 'LICENSE', 'dist/src/index.js', 'dist/src/index.d.ts', 'dist/machines/role.js']
    assert.deepEqual(
      wanted.filter((path) => !files.includes(path)),
      [],
    )
  })

  test('has nothing that only its makers need', () => {
    assert.deepEqual(
      files.filter(
        (path) => !/^(package\.json|README\.md|LICENSE|CHANGELOG\.md|dist\/(src|machines)\/.+\.(js|d\.ts|js\.map))$/.test(path),
      ),
      [],
    )
  })

  test('has a command that a shell can run', () => {
    const { bin } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { bin: Record<string, string> }
    for (const path of Object.values(bin)) {
      assert.ok(existsSync(join(ROOT, path)), `${path} is not built`)
      assert.match(readFileSync(join(ROOT, path), 'utf8'), /^#!\/usr\/bin\/env node\n/)
      accessSync(join(ROOT, path), constants.X_OK) // the compiler writes it without the bit, and npx runs the file itself
    }
  })

  test('pleases publint', async () => {
    const bytes = new Uint8Array(readFileSync(tarball)).buffer
    const { messages, pkg } = await publint({ pack: { tarball: bytes }, strict: true })
    assert.deepEqual(
      messages.map((message) => formatMessage(message, pkg, { color: false })),
      [],
    )
  })

  test('pleases arethetypeswrong', () => {
    const program = join(ROOT, 'node_modules/@arethetypeswrong/cli/dist/index.js')
    const options = ['--profile', 'esm-only', '--no-definitely-typed', '--format', 'ascii', '--no-color', '--no-emoji']
    const { status, output } = runs(process.execPath, program, tarball, ...options)
    assert.equal(status, 0, output)
  })
})
