/** Contract of a store's ranges: they are those of a sorted map, whatever came before. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { compareBytes, utf8 } from '../../src/base/bytes.ts'
import type { Range, TableWrite } from '../../src/ports/table.ts'
import { BOOTSTRAP } from './store-samples.ts'
import type { WithBench } from './store-suite.ts'

/** A few keys that are prefixes of each other and touch both ends of the byte order. */
const keys = fc.array(fc.constantFrom(0, 1, 127, 128, 255), { maxLength: 3 }).map((bytes) => Uint8Array.from(bytes))
const writes = fc.array(
  fc.record({ family: fc.constantFrom('default', 'lock'), key: keys, size: fc.option(fc.nat(9), { nil: undefined }) }),
  { maxLength: 8 },
)
const steps = fc.array(fc.oneof(writes, fc.constant('write' as const), fc.constant('await' as const)), { maxLength: 24 })
const ranges = fc.array(
  fc.record({ from: keys, to: keys, limit: fc.integer({ min: 1, max: 5 }), reverse: fc.boolean() }, { requiredKeys: [] }),
  { minLength: 1, maxLength: 6 },
)

/** What a range of a plain map shows. */
function modelRange(model: ReadonlyMap<string, string>, family: string, range: Range): string[] {
  const rows = [...model]
    .filter(([key]) => key.startsWith(`${family}/`))
    .map(([key, value]) => ({ key: Buffer.from(key.slice(family.length + 1), 'hex'), value }))
    .filter(({ key }) => (!range.from || compareBytes(key, range.from) >= 0) && (!range.to || compareBytes(key, range.to) < 0))
    .sort((a, b) => compareBytes(a.key, b.key) * (range.reverse ? -1 : 1))
  return rows.slice(0, range.limit ?? rows.length).map(({ key, value }) => `${key.toString('hex')}=${value}`)
}

/** Declares them. */
export function storeModelTests(withBench: WithBench): void {
  test(
    'ranges are those of a sorted map, under any mix of apply, write and restart',
    withBench(async (bench) => {
      let store = await bench.open()
      let run = 0
      const property = fc.asyncProperty(steps, ranges, async (todo, asked) => {
        const group = `kv${run++}`
        await store.open(group, BOOTSTRAP)
        const model = new Map<string, string>()
        let table = store.table(group)
        let under: Promise<void> | null = null
        const check = (): void => {
          for (const range of asked) {
            for (const family of ['default', 'lock']) {
              const rows = Array.from(
                table.range(family, range),
                ([key, value]) => `${Buffer.from(key).toString('hex')}=${Buffer.from(value)}`,
              )
              assert.deepEqual(rows, modelRange(model, family, range))
            }
          }
        }
        for (const step of todo) {
          if (step === 'await' || step === 'write') await under
          if (step === 'write') under = store.write([])
          if (typeof step === 'string') continue
          const applied = step.map(({ family, key, size }): TableWrite => {
            const name = `${family}/${Buffer.from(key).toString('hex')}`
            if (size === undefined) model.delete(name)
            else model.set(name, 'v'.repeat(size))
            return size === undefined ? { family, key } : { family, key, value: utf8('v'.repeat(size)) }
          })
          table.apply(table.applied + 1, applied)
          check()
        }
        await under
        await store.write([])
        check()
        store = await bench.restart(store)
        await store.open(group, BOOTSTRAP)
        table = store.table(group)
        check()
      })
      await fc.assert(property, { numRuns: 40 })
    }),
  )
}
