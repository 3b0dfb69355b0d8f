/** Small things the store's contract tests are written with. */

import assert from 'node:assert/strict'
import { utf8 } from '../../src/base/bytes.ts'
import { type Code, FlotillaError } from '../../src/base/errors.ts'
import type { GroupBootstrap } from '../../src/ports/store.ts'
import type { Row, TableReader, TableWrite } from '../../src/ports/table.ts'
import { type Entry, votersOnly } from '../../src/protocol/types.ts'

/** A group of three, for a kv store. */
export const BOOTSTRAP: GroupBootstrap = { conf: votersOnly([1, 2, 3]), peers: { 1: 'a', 2: 'b', 3: 'c' }, kind: 'kv' }

/** A command entry. */
export const entry = (index: number, term: number, data = `${index}.${term}`): Entry => ({
  term,
  index,
  kind: 'command',
  data: utf8(data),
})

/** Entries from `from` on, one for each term given. */
export const entries = (from: number, ...terms: readonly number[]): Entry[] => terms.map((term, i) => entry(from + i, term))

/** A put in family `default`, or a deletion. */
export const put = (key: string, value?: string, family = 'default'): TableWrite =>
  value === undefined ? { family, key: utf8(key) } : { family, key: utf8(key), value: utf8(value) }

const show = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8')

/** A value as text. */
export function read(table: TableReader, key: string, family = 'default'): string | undefined {
  const value = table.get(family, utf8(key))
  return value && show(value)
}

/** Rows as `key=value`. */
export const shown = (rows: Iterable<Row>): string[] => Array.from(rows, ([key, value]) => `${show(key)}=${show(value)}`)

/** Matches a FlotillaError by its code: for `assert.throws` and `assert.rejects`. */
export const code =
  (expected: Code) =>
  (thrown: unknown): boolean => {
    assert.ok(thrown instanceof FlotillaError, `not a FlotillaError: ${String(thrown)}`)
    assert.equal(thrown.code, expected)
    return true
  }

/** Matches a broken invariant by name. */
export const invariant =
  (expected: string) =>
  (thrown: unknown): boolean => {
    assert.equal((thrown as { invariant?: string }).invariant, expected)
    return true
  }
