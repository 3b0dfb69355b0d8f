/** Words that some rooms must not say. Each ban says where it holds and what to do instead. */

import ts from 'typescript'
import { importsOf, placeOf, type Source, walk } from './sources.ts'

/** A rule: it looks at one file, and answers with the nodes or lines it does not like. */
interface Ban {
  readonly where: RegExp
  readonly instead: string
  readonly find: (source: Source) => readonly (ts.Node | number)[]
}

const PURE =
  /^((machines|src\/(protocol|chart|leader|peer)|src\/testkit\/(linearizability|models|checkers))\/|src\/testkit\/(history|linearizable)\.ts)/
const SHIPPED = /^(machines|src)\//
const HOT_CHARTS = /^machines\/(role|progress|transfer)\.ts$/

/** Time, chance, promises, processes and printing, by the names under which the platform hands them out. */
const WORLD: ReadonlySet<string> = new Set([
  ...['Date', 'performance', 'setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask', 'clearTimeout', 'clearInterval'],
  ...['Promise', 'process', 'console', 'globalThis', 'crypto', 'fetch', 'Buffer'],
])

/** All bans of the house. */
export const BANS: readonly Ban[] = [
  { where: PURE, instead: 'take it as an event, give it as an output', find: (s) => nodes(s, (node) => isFree(node, WORLD)) },
  { where: PURE, instead: 'take chance as an event', find: (s) => nodes(s, isMathRandom) },
  { where: PURE, instead: 'steps are synchronous; hosts wait', find: (s) => nodes(s, isAsynchronous) },
  { where: PURE, instead: 'nothing of Node.js in the core', find: (s) => (importsOf(s).some(isNode) ? [s.tree] : []) },
  { where: /^src\/(?!cli\/)/, instead: 'use the Logger', find: (s) => nodes(s, (node) => isFree(node, new Set(['console']))) },
  {
    where: SHIPPED,
    instead: 'say `unknown` and narrow',
    find: (s) => nodes(s, (node) => node.kind === ts.SyntaxKind.AnyKeyword),
  },
  { where: SHIPPED, instead: 'make the types right', find: (s) => lines(s, /@ts-(ignore|nocheck|expect-error)/) },
  { where: SHIPPED, instead: 'do it now, or open an issue', find: (s) => lines(s, /\b(TODO|FIXME|XXX|HACK)\b/) },
  { where: HOT_CHARTS, instead: 'no actors on the hot path', find: (s) => nodes(s, isActorWord) },
  {
    where: /^src\//,
    instead: 'return nothing from transactionSync: a promise would end the transaction later',
    find: leakyTransactions,
  },
  { where: /./, instead: 'open with a sentence: what the room is for', find: (s) => (opensWithSentence(s) ? [] : [1]) },
  { where: /./, instead: 'kebab-case, named for its noun', find: (s) => (isWellNamed(s.path) ? [] : [1]) },
]

/** Sentences about the bans one file breaks. */
export const banViolations = (source: Source): string[] =>
  BANS.filter((ban) => ban.where.test(source.path)).flatMap((ban) =>
    ban.find(source).map((at) => {
      const place = typeof at === 'number' ? `${source.path}:${at}` : placeOf(source, at)
      const word = typeof at === 'number' ? lineOf(source, at) : at.getText(source.tree).split('\n', 1)[0]
      return `${place} ${word?.trim().slice(0, 60)} (${ban.instead})`
    }),
  )

const lineOf = (source: Source, line: number): string | undefined => source.text.split('\n')[line - 1]

function nodes(source: Source, matches: (node: ts.Node) => boolean): ts.Node[] {
  const found: ts.Node[] = []
  walk(source.tree, (node) => {
    if (matches(node)) found.push(node)
  })
  return found
}

const lines = (source: Source, pattern: RegExp): number[] =>
  source.text.split('\n').flatMap((line, i) => (pattern.test(line) ? [i + 1] : []))

/** Whether a node is one of these names standing for itself, rather than naming a property. */
function isFree(node: ts.Node, names: ReadonlySet<string>): boolean {
  if (!ts.isIdentifier(node) || !names.has(node.text)) return false
  const parent = node.parent
  if (ts.isPropertyAccessExpression(parent) || ts.isQualifiedName(parent)) return firstOf(parent) === node
  const property = ts.isPropertyAssignment(parent) || ts.isPropertySignature(parent) || ts.isPropertyDeclaration(parent)
  const method = ts.isMethodDeclaration(parent) || ts.isMethodSignature(parent)
  return !((property || method) && parent.name === node)
}

const firstOf = (node: ts.PropertyAccessExpression | ts.QualifiedName): ts.Node =>
  ts.isQualifiedName(node) ? node.left : node.expression

const isMathRandom = (node: ts.Node): boolean =>
  ts.isPropertyAccessExpression(node) && node.name.text === 'random' && node.expression.getText() === 'Math'

const isAsynchronous = (node: ts.Node): boolean =>
  ts.isAwaitExpression(node) ||
  node.kind === ts.SyntaxKind.AsyncKeyword ||
  (ts.isForOfStatement(node) && node.awaitModifier !== undefined)

const isNode = ({ target }: { readonly target: string }): boolean => target.startsWith('node:')

const ACTOR_WORDS: ReadonlySet<string> = new Set([
  'invoke',
  'spawn',
  'spawnChild',
  'sendTo',
  'sendParent',
  'fromPromise',
  'fromCallback',
])

const isActorWord = (node: ts.Node): boolean => ts.isIdentifier(node) && ACTOR_WORDS.has(node.text)

/** Calls of transactionSync whose callback may hand a value to LMDB, which takes a promise as "not yet finished". */
function leakyTransactions(source: Source): ts.Node[] {
  return nodes(source, (node) => {
    if (!ts.isCallExpression(node) || !ts.isPropertyAccessExpression(node.expression)) return false
    if (node.expression.name.text !== 'transactionSync') return false
    const callback = node.arguments[0]
    if (callback === undefined || !(ts.isArrowFunction(callback) || ts.isFunctionExpression(callback))) return true
    const waits = callback.modifiers?.some((modifier) => modifier.kind === ts.SyntaxKind.AsyncKeyword) ?? false
    return waits || !ts.isBlock(callback.body) || returnsValue(callback.body)
  })
}

/** Whether a body returns something itself; what functions inside it return is their own affair. */
function returnsValue(node: ts.Node): boolean {
  if (ts.isReturnStatement(node)) return node.expression !== undefined
  if (ts.isFunctionLike(node)) return false
  return ts.forEachChild(node, (child) => returnsValue(child) || undefined) ?? false
}

const opensWithSentence = (source: Source): boolean => /^(#!.*\n)?(\/\/\/ <reference .*\n)*\s*\/\*\*\s/.test(source.text)

/** Names that say nothing of what is inside. */
const NAMELESS: ReadonlySet<string> = new Set([
  'utils',
  'util',
  'helpers',
  'helper',
  'common',
  'misc',
  'shared',
  'stuff',
  'types2',
])

function isWellNamed(path: string): boolean {
  const tokens = path.split('/')
  const file = tokens.pop() as string
  const stem = file.replace(/(\.test)?\.ts$/, '')
  const kebab = /^(\d+(\.\d+)?-)?[a-z0-9]+(-[a-z0-9]+)*$/.test(stem)
  return kebab && ![...tokens, stem].some((token) => NAMELESS.has(token))
}
