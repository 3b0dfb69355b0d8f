/** The docs keep up with the house: links lead somewhere, public names are explained, nouns are in the glossary. */

import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import ts from 'typescript'
import { FAULT_NAMES } from '../../src/testkit/sim/faults.ts'
import { brokenLinks } from './links.ts'
import { pathsBelow, ROOT, sources } from './sources.ts'

const textOf = (path: string): string => {
  assert.ok(existsSync(join(ROOT, path)), `${path} is missing`)
  return readFileSync(join(ROOT, path), 'utf8')
}

describe('links', () => {
  const pages = ['README.md', 'CHANGELOG.md', ...pathsBelow(['docs'], '.md')].filter((path) => existsSync(join(ROOT, path)))
  for (const path of pages) test(`of ${path} lead somewhere`, () => assert.deepEqual(brokenLinks(ROOT, path), []))

  test('that lead nowhere are found', (t) => {
    const root = mkdtempSync(join(tmpdir(), 'flotilla-links-'))
    t.after(() => rmSync(root, { recursive: true }))
    writeFileSync(join(root, 'b.md'), '# Two words\n## `code` & more\n## Two words\n')
    const good = '[x](b.md) [x](#here) [x](b.md#two-words-1) [x](b.md#code--more) [x](https://a.b) `[x](no.md)`'
    writeFileSync(
      join(root, 'a.md'),
      `# Here\n${good}\n\`\`\`\n[x](no.md)\n\`\`\`\n[x](no.md) [x](b.md#no) [x](#no) [x](../up.md)\n`,
    )
    assert.deepEqual(brokenLinks(root, 'a.md'), ['no.md', 'b.md#no', '#no', '../up.md'])
  })
})

/** Names a module exports whose declaration has no doc comment. */
function undocumented(path: string): string[] {
  const config = ts.readConfigFile(join(ROOT, 'tsconfig.json'), ts.sys.readFile)
  const { options } = ts.parseJsonConfigFileContent(config.config, ts.sys, ROOT)
  const program = ts.createProgram([path], { ...options, noEmit: true, incremental: false })
  const checker = program.getTypeChecker()
  const file = program.getSourceFile(path)
  const module = file && checker.getSymbolAtLocation(file)
  assert.ok(module, `${path} exports nothing`)
  return checker.getExportsOfModule(module).flatMap((symbol) => {
    const original = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol
    const file = original.valueDeclaration
    if (file && ts.isSourceFile(file)) return undocumented(file.fileName).map((name) => `${symbol.name}.${name}`)
    return original.getDocumentationComment(checker).length > 0 ? [] : [symbol.name]
  })
}

describe('public names', () => {
  test('each has a doc comment', () => {
    for (const entry of ['src/index.ts', 'src/raft.ts', 'src/testkit.ts']) {
      textOf(entry)
      assert.deepEqual(undocumented(join(ROOT, entry)), [])
    }
  })

  test('without a doc comment are found', (t) => {
    const root = mkdtempSync(join(tmpdir(), 'flotilla-names-'))
    t.after(() => rmSync(root, { recursive: true }))
    writeFileSync(join(root, 'inner.ts'), '/** One. */\nexport const one = 1\nexport const two = 2\n')
    writeFileSync(join(root, 'index.ts'), "export * from './inner.ts'\n")
    assert.deepEqual(undocumented(join(root, 'index.ts')), ['two'])
  })
})

test('docs/glossary.md has every noun of src/protocol/types.ts', () => {
  const glossary = textOf('docs/glossary.md')
  const [types] = sources('src/protocol').filter((source) => source.path === 'src/protocol/types.ts')
  assert.ok(types)
  const nouns = types.tree.statements.flatMap((statement) => {
    const noun = ts.isInterfaceDeclaration(statement) || ts.isTypeAliasDeclaration(statement)
    return noun && statement.modifiers?.some((modifier) => modifier.kind === ts.SyntaxKind.ExportKeyword)
      ? [statement.name.text]
      : []
  })
  assert.ok(nouns.includes('Term') && nouns.includes('ConfState'))
  const entry = (noun: string): RegExp => new RegExp(`(^#+ |\\*\\*|\`)${noun}\\b`, 'm')
  assert.deepEqual(
    nouns.filter((noun) => !entry(noun).test(glossary)),
    [],
  )
})

test('every fault of the simulator is in docs/testing.md, and no other', () => {
  const [, table = ''] = /\n\| what faults befall \|.*\n([\s\S]*?)\n\n/.exec(textOf('docs/testing.md')) ?? []
  const named = [...table.matchAll(/`(\w+)`/g)].map(([, name]) => name)
  assert.deepEqual(named.sort(), [...FAULT_NAMES].sort())
})
