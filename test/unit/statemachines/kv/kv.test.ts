/** The key-value store against a map: what each command does, and what each query says. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { EMPTY, text, utf8 } from '../../../../src/base/bytes.ts'
import { SCAN_BYTES_MAX } from '../../../../src/base/limits.ts'
import {
  encodeBatch,
  encodeCommand,
  encodeCompareAndSet,
  encodeDelete,
  encodePut,
  type KvCommand,
} from '../../../../src/statemachines/kv/command.ts'
import { kv } from '../../../../src/statemachines/kv/kv.ts'
import { encodeGet, encodeScan, prefixRange, type Scan } from '../../../../src/statemachines/kv/query.ts'
import {
  decodeCompareAndSetResult,
  decodeDone,
  decodeGetResult,
  decodeScanResult,
} from '../../../../src/statemachines/kv/result.ts'
import { apply, MemoryTable, refusal, run } from '../table.ts'

const machine = kv({ families: ['geo'] })
const k = utf8('k')

const get = (table: MemoryTable, key: string, family = 'default'): string | undefined => {
  const value = decodeGetResult(machine.query(encodeGet(family, utf8(key)), table))
  return value && text(value)
}

const scan = (table: MemoryTable, options: Partial<Scan> = {}) => {
  const { rows, next } = decodeScanResult(machine.query(encodeScan({ family: 'default', ...options }), table))
  return { keys: rows.map(([key]) => text(key)), next: next && text(next) }
}

const filled = (keys: readonly string[], value = EMPTY): MemoryTable => {
  const table = new MemoryTable()
  run(
    machine,
    table,
    keys.map((key) => encodePut('default', utf8(key), value)),
  )
  return table
}

test('what was put is got, an empty value too; what was deleted is missing, which is no error', () => {
  const table = new MemoryTable()
  decodeDone(apply(machine, table, encodePut('default', k, utf8('v'))))
  assert.equal(get(table, 'k'), 'v')
  apply(machine, table, encodePut('default', k, EMPTY))
  assert.equal(get(table, 'k'), '')
  decodeDone(apply(machine, table, encodeDelete('default', k)))
  decodeDone(apply(machine, table, encodeDelete('default', k)))
  assert.equal(get(table, 'k'), undefined)
})

test('families are key spaces of their own', () => {
  const table = new MemoryTable()
  for (const family of machine.families) apply(machine, table, encodePut(family, k, utf8(family)))
  assert.deepEqual(machine.families, ['default', 'lock', 'write', 'geo'])
  for (const family of machine.families) assert.equal(get(table, 'k', family), family)
})

test('an unknown family is refused when proposed, applied and read', () => {
  const table = new MemoryTable()
  const commands = [
    encodePut('nope', k, EMPTY),
    encodeBatch([
      { op: 'put', family: 'default', key: k, value: EMPTY },
      { op: 'delete', family: 'nope', key: k },
    ]),
    encodeCompareAndSet({ family: 'nope', key: k }),
  ]
  for (const command of commands) {
    assert.throws(() => machine.check(command), refusal('UNKNOWN_FAMILY', /nope/))
    assert.throws(() => apply(machine, table, command), refusal('UNKNOWN_FAMILY', /nope/))
  }
  assert.throws(() => machine.query(encodeGet('nope', k), table), refusal('UNKNOWN_FAMILY', /nope/))
  assert.throws(() => machine.query(encodeScan({ family: 'nope' }), table), refusal('UNKNOWN_FAMILY', /nope/))
  assert.deepEqual(table.dump(), [])
})

test('garbage is refused, and nothing is written', () => {
  const table = new MemoryTable()
  assert.throws(() => machine.check(EMPTY), refusal('COMMAND_INVALID'))
  assert.throws(() => apply(machine, table, Uint8Array.of(1, 9, 9)), refusal('COMMAND_INVALID'))
  assert.throws(() => machine.query(Uint8Array.of(2), table), refusal('COMMAND_INVALID', /version 2/))
  assert.deepEqual(table.dump(), [])
})

test('compare-and-set: absent → value → other value → gone, and what it found when it did not match', () => {
  const table = new MemoryTable()
  const swap = (expected: string | undefined, replacement: string | undefined) => {
    const command = {
      ...(expected !== undefined && { expected: utf8(expected) }),
      ...(replacement !== undefined && { replacement: utf8(replacement) }),
    }
    return decodeCompareAndSetResult(apply(machine, table, encodeCompareAndSet({ family: 'lock', key: k, ...command })))
  }
  assert.deepEqual(swap('a', 'b'), { swapped: false })
  assert.deepEqual(swap(undefined, ''), { swapped: true })
  assert.deepEqual(swap(undefined, 'b'), { swapped: false, current: EMPTY })
  assert.deepEqual(swap('', 'b'), { swapped: true })
  assert.deepEqual(swap('a', 'c'), { swapped: false, current: utf8('b') })
  assert.equal(get(table, 'k', 'lock'), 'b')
  assert.deepEqual(swap('b', undefined), { swapped: true })
  assert.equal(get(table, 'k', 'lock'), undefined)
})

test('a scan: order, both ends, limit, direction, prefix', () => {
  const table = filled(['b', 'a', 'c', 'ab', 'ca'])
  assert.deepEqual(scan(table), { keys: ['a', 'ab', 'b', 'c', 'ca'], next: undefined })
  assert.deepEqual(scan(table, { from: utf8('ab'), to: utf8('c') }), { keys: ['ab', 'b'], next: undefined })
  assert.deepEqual(scan(table, { limit: 2 }), { keys: ['a', 'ab'], next: 'b' })
  assert.deepEqual(scan(table, { limit: 5 }), { keys: ['a', 'ab', 'b', 'c', 'ca'], next: undefined })
  assert.deepEqual(scan(table, { limit: 2, reverse: true }), { keys: ['ca', 'c'], next: 'c' })
  assert.deepEqual(scan(table, { ...prefixRange(utf8('c')) }), { keys: ['c', 'ca'], next: undefined })
  assert.deepEqual(scan(table, { from: utf8('x') }), { keys: [], next: undefined })
})

test('a scan stops before its answer is too large, but always brings a row', () => {
  const large = new Uint8Array(128 * 1024)
  const table = filled(['a', 'b', 'c', 'd', 'e'], large)
  const answer = machine.query(encodeScan({ family: 'default' }), table)
  assert.ok(answer.length <= SCAN_BYTES_MAX)
  assert.deepEqual(scan(table), { keys: ['a', 'b', 'c'], next: 'd' })
})

test('pages of a scan are the whole, forwards and backwards', () => {
  const keys = fc.uniqueArray(fc.stringMatching(/^[ab]{1,4}$/), { maxLength: 12 })
  fc.assert(
    fc.property(keys, fc.integer({ min: 1, max: 4 }), fc.boolean(), (given, limit, reverse) => {
      const table = filled(given)
      const seen: string[] = []
      let page = scan(table, { limit, reverse })
      seen.push(...page.keys)
      while (page.next !== undefined) {
        page = scan(table, { limit, reverse, [reverse ? 'to' : 'from']: utf8(page.next) })
        seen.push(...page.keys)
      }
      assert.deepEqual(seen, reverse ? given.sort().reverse() : given.sort())
    }),
  )
})

test('the store does what a Map does', () => {
  const key = fc.constantFrom('a', 'b', 'c').map(utf8)
  const value = fc.constantFrom('', '1', '2').map(utf8)
  const family = fc.constantFrom('default', 'lock')
  const operation = fc.oneof(
    fc.record({ op: fc.constant('put' as const), family, key, value }, { noNullPrototype: true }),
    fc.record({ op: fc.constant('delete' as const), family, key }, { noNullPrototype: true }),
  )
  const swap = fc.record(
    { op: fc.constant('compareAndSet' as const), family, key, expected: value, replacement: value },
    { requiredKeys: ['op', 'family', 'key'], noNullPrototype: true },
  ) as fc.Arbitrary<KvCommand>
  const batch = fc.record({ op: fc.constant('batch' as const), operations: fc.array(operation, { minLength: 1, maxLength: 5 }) })
  fc.assert(
    fc.property(fc.array(fc.oneof(operation, swap, batch), { maxLength: 20 }), (commands) => {
      const table = new MemoryTable()
      const model = new Map<string, string>()
      for (const command of commands) {
        const result = apply(machine, table, encodeCommand(command))
        const swapped = modelApply(model, command)
        if (swapped !== undefined) assert.equal(decodeCompareAndSetResult(result).swapped, swapped)
      }
      for (const name of ['default', 'lock']) {
        for (const id of ['a', 'b', 'c']) assert.equal(get(table, id, name), model.get(`${name}/${id}`))
      }
    }),
    { numRuns: 300 },
  )
})

/** What a command does to a Map; whether it swapped, if it is a compare-and-set. */
function modelApply(model: Map<string, string>, command: KvCommand): boolean | undefined {
  if (command.op === 'batch') {
    for (const operation of command.operations) modelApply(model, operation)
    return undefined
  }
  const name = `${command.family}/${text(command.key)}`
  const set = (value: Uint8Array | undefined) => void (value === undefined ? model.delete(name) : model.set(name, text(value)))
  if (command.op !== 'compareAndSet') return set(command.op === 'put' ? command.value : undefined)
  const matches = model.get(name) === (command.expected && text(command.expected))
  if (matches) set(command.replacement)
  return matches
}

test('the topic: operation, family and key as one character per byte, cut; a batch has only its name', () => {
  assert.deepEqual(machine.topic(encodePut('geo', Uint8Array.of(0x61, 0xff, 0), EMPTY)), ['put', 'geo', 'a\u00ff\0'])
  assert.deepEqual(machine.topic(encodeDelete('default', k)), ['delete', 'default', 'k'])
  assert.deepEqual(machine.topic(encodeCompareAndSet({ family: 'lock', key: k })), ['compareAndSet', 'lock', 'k'])
  assert.deepEqual(machine.topic(encodeBatch([{ op: 'delete', family: 'lock', key: k }])), ['batch'])
  assert.equal(machine.topic(encodeDelete('default', new Uint8Array(1024)))[2]?.length, 128)
  assert.deepEqual(machine.topic(Uint8Array.of(2)), ['invalid'])
})
