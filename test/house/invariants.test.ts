/** Every assertion of the core is explained in docs/invariants.md, at the place where it is, and every one explained exists. */

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import ts from 'typescript'
import { ROOT, sources, walk } from './sources.ts'

/** `NAME path` of each assertion in the core. */
function asserted(): string[] {
  const found = new Set<string>()
  for (const source of sources('src/protocol', 'src/leader', 'src/peer', 'src/chart'))
    walk(source.tree, (node) => {
      if (!ts.isCallExpression(node) || node.expression.getText(source.tree) !== 'assert') return
      const name = node.arguments[1]
      assert.ok(name && ts.isStringLiteralLike(name), `an assertion without a name in ${source.path}`)
      found.add(`${name.text} ${source.path}`)
    })
  return [...found].sort()
}

test('the rows of docs/invariants.md are the assertions of the core', () => {
  const page = readFileSync(join(ROOT, 'docs/invariants.md'), 'utf8')
  const explained = page.split('\n').flatMap((line) => {
    const [name, , , checked] = line.slice(1).split('|')
    const paths = [...(checked?.matchAll(/`(src\/[^`]+)`/g) ?? [])].map((match) => match[1])
    return name && /^ [A-Z_]+ $/.test(name) ? paths.map((path) => `${name.trim()} ${path}`) : []
  })
  assert.deepEqual(explained.sort(), asserted())
})
