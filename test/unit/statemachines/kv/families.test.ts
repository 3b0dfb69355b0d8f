/** Names of column families. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FAMILIES_MAX, resolveFamilies } from '../../../../src/statemachines/kv/families.ts'
import { kv } from '../../../../src/statemachines/kv/kv.ts'
import { refusal } from '../table.ts'

test('the built-in families are always there, and each is there once', () => {
  assert.deepEqual(resolveFamilies([]), ['default', 'lock', 'write'])
  assert.deepEqual(resolveFamilies(['geo', 'lock', 'geo']), ['default', 'lock', 'write', 'geo'])
})

test('a bad name and one family too many are refused', () => {
  for (const name of ['', 'Geo', 'a.b', '-a', 'x'.repeat(64)])
    assert.throws(() => resolveFamilies([name]), refusal('CONFIG_INVALID', /must match/))
  const names = Array.from({ length: FAMILIES_MAX - 3 }, (_, i) => `f${i}`)
  assert.equal(resolveFamilies(names).length, FAMILIES_MAX)
  assert.throws(() => resolveFamilies([...names, 'more']), refusal('CONFIG_INVALID', /65 families/))
})

test('what is no list of names, or no options at all, is refused', () => {
  for (const families of ['geo', 7, {}, null] as never[]) {
    assert.throws(() => resolveFamilies(families), refusal('CONFIG_INVALID', /array of names/))
  }
  assert.throws(() => kv({ families: 'geo' as never }), refusal('CONFIG_INVALID', /array of names/))
  assert.throws(() => kv({ familys: ['geo'] } as never), refusal('CONFIG_INVALID', /no option "familys"/))
  for (const options of [null, 'geo', 7] as never[])
    assert.throws(() => kv(options), refusal('CONFIG_INVALID', /object of options/))
})
