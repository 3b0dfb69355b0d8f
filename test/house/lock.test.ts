/** The lock file serves every machine: all platforms of a native package are in it, and no address of where it was made. */

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { ROOT } from './sources.ts'

interface Locked {
  readonly version?: string
  readonly resolved?: string
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

const { packages } = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as { packages: Record<string, Locked> }

/** Platform packages that some package wants and the lock does not have. An install on one platform may drop those of the others. */
const missing = (all: Readonly<Record<string, Locked>>): string[] =>
  Object.entries(all).flatMap(([parent, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies).filter(
      (name) => !(`node_modules/${name}` in all || `${parent}/node_modules/${name}` in all),
    ),
  )

test('package-lock.json has the packages of every platform, so that `npm ci` works on each', () => {
  assert.deepEqual(missing(packages), [])
  assert.deepEqual(
    missing({ 'node_modules/a': { optionalDependencies: { 'a-linux': '1', 'a-mac': '1' } }, 'node_modules/a-mac': {} }),
    ['a-linux'],
  )
})

test('package-lock.json names no place to download from, so that every registry serves it', () => {
  const placed = Object.entries(packages).filter(([, { resolved }]) => resolved !== undefined)
  assert.deepEqual(placed, [])
})
