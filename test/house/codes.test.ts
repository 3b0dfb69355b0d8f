/** Every error code is explained to the user, and every code explained is one that can be met. */

import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import ts from 'typescript'
import { CODES, FlotillaError } from '../../src/base/errors.ts'
import { ROOT, sources, walk } from './sources.ts'

const PATH = join(ROOT, 'docs/errors.md')

/** The text below each `## CODE` heading. */
function chapters(): ReadonlyMap<string, string> {
  assert.ok(existsSync(PATH), 'docs/errors.md is missing')
  const parts = readFileSync(PATH, 'utf8').split(/^## (.+)$/m)
  const found = new Map<string, string>()
  for (let i = 1; i < parts.length; i += 2) found.set((parts[i] as string).trim(), parts[i + 1] as string)
  return found
}

test('the headings of docs/errors.md are the codes, in their order', () => {
  assert.deepEqual([...chapters().keys()], [...CODES])
})

test('each chapter says what to do, and whether the code is retryable as the code itself does', () => {
  for (const [code, chapter] of chapters()) {
    assert.match(chapter, /\*\*Do:\*\*/, `${code} does not say what to do`)
    const known = CODES.find((one) => one === code)
    if (known === undefined) continue
    const retryable = new FlotillaError(known, '').retryable
    assert.equal(/\bRetryable:/.test(chapter), retryable, `${code} is ${retryable ? '' : 'not '}retryable`)
    assert.equal(/\bNot\s+(marked\s+)?retryable\b/.test(chapter), !retryable, `${code} is ${retryable ? '' : 'not '}retryable`)
  }
})

test('every code is used outside of its list', () => {
  const used = new Set<string>()
  for (const source of sources('src', 'machines')) {
    if (source.path === 'src/base/errors.ts') continue
    walk(source.tree, (node) => {
      if (ts.isStringLiteralLike(node)) used.add(node.text)
    })
  }
  assert.deepEqual(
    CODES.filter((code) => !used.has(code)),
    [],
  )
})
