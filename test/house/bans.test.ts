/** What must not be said, and where: the pure floors know nothing of the world, and nobody takes the easy way out. */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { BANS, banViolations } from './bans.ts'
import { sourceOf, sources } from './sources.ts'

describe('bans', () => {
  test('no file says what it must not say', () => {
    const files = sources('src', 'machines', 'test', 'docs/examples')
    assert.ok(files.length > 0)
    assert.deepEqual(files.flatMap(banViolations), [])
  })
})

/** One broken rule each, in the order of BANS. */
const BROKEN: readonly (readonly [path: string, text: string])[] = [
  ['src/leader/a.ts', 'const now = Date.now()'],
  ['src/protocol/a.ts', 'setTimeout(go, 5)'],
  ['src/peer/a.ts', 'export const f = (): Promise<void> => g()'],
  ['machines/a.ts', 'const x = { at: performance.now() }'],
  ['src/chart/a.ts', 'process.exit()'],
  ['src/leader/a.ts', 'const x = Math.random()'],
  ['src/leader/a.ts', 'const f = async () => {}'],
  ['src/peer/a.ts', 'for await (const x of y) go(x)'],
  ['src/protocol/a.ts', "import { hash } from 'node:crypto'"],
  ['src/node/a.ts', "console.log('here')"],
  ['src/node/a.ts', 'const x = y as any'],
  ['src/node/a.ts', '// @ts-ignore'],
  ['src/node/a.ts', '// TODO: later'],
  ['machines/role.ts', "const x = { invoke: { src: 'y' } }"],
  ['src/storage/lmdb/a.ts', 'db.transactionSync(() => db.put(1, 2))'],
  ['src/storage/lmdb/a.ts', 'db.transactionSync(() => { return db.put(1, 2) })'],
  ['src/storage/lmdb/a.ts', 'db.transactionSync(async () => {})'],
  ['src/storage/lmdb/a.ts', 'db.transactionSync(write)'],
  ['src/node/NodeHost.ts', 'x()'],
  ['src/node/node_host.ts', 'x()'],
  ['src/node/utils.ts', 'x()'],
  ['src/helpers/node.ts', 'x()'],
]

/** What looks like one and is none. */
const FINE: readonly (readonly [path: string, text: string])[] = [
  ['src/leader/a.ts', 'const x = { process: 1 }\nx.process += 1 // Date, any, setTimeout'],
  ['src/leader/a.ts', 'const x = Math.max(1, 2)'],
  ['src/node/a.ts', 'const f = async (): Promise<number> => Date.now()'],
  ['src/cli/a.ts', "console.log('hello')"],
  ['machines/session.ts', "const x = { invoke: { src: 'y' } }"],
  ['src/storage/lmdb/a.ts', 'db.transactionSync(() => { rows.map((row) => { return row }); if (done) return })'],
  ['test/paper/5.1-terms.test.ts', 'x()'],
]

describe('the bans bite', () => {
  const judge = (path: string, text: string): string[] => banViolations(sourceOf(path, `/** A room. */\n${text}`))
  for (const [path, text] of BROKEN) {
    test(`${path}: ${text}`, () => assert.ok(judge(path, text).length > 0))
  }
  for (const [path, text] of FINE) {
    test(`${path} may: ${text.split('\n', 1)[0]}`, () => assert.deepEqual(judge(path, text), []))
  }
  test('on a file that does not say what it is for', () => {
    assert.equal(banViolations(sourceOf('src/node/a.ts', 'export const x = 1')).length, 1)
    assert.deepEqual(banViolations(sourceOf('src/cli/main.ts', '#!/usr/bin/env node\n/** The door. */\n')), [])
  })
  test('each of them', () => {
    const bitten = new Set(
      [...BROKEN, ['src/node/a.ts', ''] as const].flatMap(([path, text]) =>
        BANS.filter((ban) => ban.where.test(path) && ban.find(sourceOf(path, text)).length > 0),
      ),
    )
    assert.deepEqual(
      BANS.filter((ban) => !bitten.has(ban)).map((ban) => ban.instead),
      [],
    )
  })
})
