/** What a registry of machines may be, and that unsupported machines are refused by name. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { actors } from '../../../../src/statemachines/actors/actors.ts'
import type { ActorsOf } from '../../../../src/statemachines/actors/registry.ts'
import { refusal } from '../table.ts'
import type { counter, player } from './machines.ts'

type Machines = ActorsOf<{ counter: typeof counter; player: typeof player }>
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false

test('a registry tells a client the types of its machines', () => {
  // The compiler is the test: each of these is an error when a type is not what the machine says.
  const input: Same<Machines['counter']['input'], { limit: number }> = true
  const output: Same<Machines['counter']['output'], { total: number }> = true
  const context: Same<Machines['player']['context'], { skips: number; log: string[] }> = true
  const event: Same<Machines['counter']['event']['type'], 'add' | 'reset' | 'crash' | 'finish'> = true
  const value: Same<Machines['counter']['value'], 'counting' | 'full'> = true
  const nested: Machines['player']['value'] = { deck: { on: 'first' }, volume: 'high' }
  assert.ok(input && output && context && event && value && nested)
})

test('what is no registry is refused', () => {
  for (const given of [undefined, null, 'counter', [], () => {}] as never[]) {
    assert.throws(() => actors(given), refusal('CONFIG_INVALID', /machine for each type name/))
  }
})
