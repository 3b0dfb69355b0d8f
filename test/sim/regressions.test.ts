/** Plans that once failed, and must not fail any more. Knows none of them: a file in the folder is a test. */

import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { planFileOf, planFileText } from '../../src/testkit/sim/plan-file.ts'
import { REGRESSIONS, ROOT, violationOf } from './saving.ts'

const folder = join(ROOT, REGRESSIONS)
const files = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.json')) : []

for (const name of files)
  test(`${name} does not fail any more`, async () => {
    const text = readFileSync(join(folder, name), 'utf8')
    const saved = planFileOf(text)
    assert.equal(planFileText(saved), text, 'saved in another form')
    assert.equal(await violationOf(saved.plan), null)
  })

test('what is in the folder is a plan or tells of it', () => {
  const strangers = existsSync(folder) ? readdirSync(folder).filter((name) => !/^([a-z]+-\d+\.json|README\.md)$/.test(name)) : []
  assert.deepEqual(strangers, [])
})
