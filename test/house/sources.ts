/** The project's own sources as syntax trees, for the tests that read them. Knows no rule of the house. */

import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import ts from 'typescript'

/** The project's folder. Tests are started from there, wherever they were compiled to. */
export const ROOT: string = process.cwd()
assert.ok(existsSync(join(ROOT, 'tsconfig.json')), `start the tests in the project's folder, not in ${ROOT}`)

/** One source file. `path` is relative to the project, with `/`. */
export interface Source {
  readonly path: string
  readonly text: string
  readonly tree: ts.SourceFile
}

/** One import or re-export. `target` is a path of the project for relative ones, else the name as written. */
export interface Import {
  readonly target: string
  readonly relative: boolean
  readonly typeOnly: boolean
  /** `import()`: the target may be absent at run time. */
  readonly dynamic: boolean
}

/** A source made from a string: for tests that show a rule biting. */
export const sourceOf = (path: string, text: string): Source => ({
  path,
  text,
  tree: ts.createSourceFile(path, text, ts.ScriptTarget.ES2023, true, ts.ScriptKind.TS),
})

/** Paths of all files below some folders that end so; a folder that does not exist has none. */
export function pathsBelow(folders: readonly string[], ending: string): string[] {
  const found: string[] = []
  for (const folder of folders) {
    if (!existsSync(join(ROOT, folder))) continue
    for (const entry of readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })) {
      const path = join(entry.parentPath, entry.name)
        .slice(ROOT.length + 1)
        .replaceAll('\\', '/')
      if (entry.isFile() && path.endsWith(ending)) found.push(path)
    }
  }
  return found.sort()
}

const parsed = new Map<string, Source>()

/** All TypeScript files below some folders of the project. */
export function sources(...folders: readonly string[]): Source[] {
  return pathsBelow(folders, '.ts').map((path) => {
    const source = parsed.get(path) ?? sourceOf(path, readFileSync(join(ROOT, path), 'utf8'))
    parsed.set(path, source)
    return source
  })
}

/** Visits every node of a tree, parents first. */
export function walk(node: ts.Node, visit: (node: ts.Node) => void): void {
  visit(node)
  ts.forEachChild(node, (child) => walk(child, visit))
}

/** `path:line` of a node, as editors take it. */
export function placeOf(source: Source, node: ts.Node): string {
  const { line } = source.tree.getLineAndCharacterOfPosition(node.getStart(source.tree))
  return `${source.path}:${line + 1}`
}

/** Everything a file imports or re-exports. */
export function importsOf(source: Source): Import[] {
  const found: Import[] = []
  const add = (specifier: ts.Node | undefined, typeOnly: boolean, dynamic = false): void => {
    if (specifier === undefined || !ts.isStringLiteralLike(specifier)) return
    const relative = specifier.text.startsWith('.')
    const target = relative ? posix.join(posix.dirname(source.path), specifier.text) : specifier.text
    found.push({ target, relative, typeOnly, dynamic })
  }
  walk(source.tree, (node) => {
    if (ts.isImportDeclaration(node)) add(node.moduleSpecifier, onlyTypes(node.importClause))
    else if (ts.isExportDeclaration(node)) add(node.moduleSpecifier, node.isTypeOnly)
    else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) add(node.argument.literal, true)
    else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword)
      add(node.arguments[0], false, true)
  })
  return found
}

/** Whether nothing of an import is left once types are gone: `import type …`, or only `type` names between the braces. */
function onlyTypes(clause: ts.ImportClause | undefined): boolean {
  if (clause === undefined) return false
  if (clause.isTypeOnly) return true
  const named = clause.namedBindings
  const onlyNamed = clause.name === undefined && named !== undefined && ts.isNamedImports(named)
  return onlyNamed && named.elements.length > 0 && named.elements.every((element) => element.isTypeOnly)
}
