/** Directories: made with all above them, refused where that cannot be, and never waited for. */

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { makeDirectory } from '../../../src/storage/directory.ts'

test('a directory is made with those above it, and may be there already', (t) => {
  const root = mkdtempSync(join(tmpdir(), 'flotilla-dirs-'))
  t.after(() => rmSync(root, { recursive: true }))
  for (let times = 0; times < 2; times++) makeDirectory(join(root, 'a/b/c'))
  assert.ok(statSync(join(root, 'a/b/c')).isDirectory())
  writeFileSync(join(root, 'file'), '')
  assert.throws(() => makeDirectory(join(root, 'file')), { code: 'STORAGE_FAILED' })
  assert.throws(() => makeDirectory(join(root, 'file/below')), { code: 'ENOTDIR' })
})

test('below /proc it is refused at once', { skip: !existsSync('/proc/self') }, () => {
  // in a process of its own: what never ends can be ended only from outside
  const room = new URL('../../../src/storage/directory.js', import.meta.url).href
  const program = `import { makeDirectory } from ${JSON.stringify(room)}; makeDirectory('/proc/none/below')`
  const { status, stderr, signal } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
    timeout: 20_000,
    encoding: 'utf8',
  })
  assert.deepEqual([status, signal], [1, null])
  assert.match(stderr, /ENOENT/)
})
