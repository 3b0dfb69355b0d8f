/** What is left of a world when it is over, and what comes of what cannot be simulated. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { kv } from '../../../../src/statemachines/kv/kv.ts'
import { kvWorkload } from '../../../../src/testkit/sim/kv-workload.ts'
import { type SimulateOptions, simulate } from '../../../../src/testkit/sim/simulate.ts'
import type { Workload } from '../../../../src/testkit/sim/workload.ts'

const SMALL: SimulateOptions = { seed: 1, profile: 'calm', nodes: 3, seconds: 3, clients: 1, groups: 1 }

/** A workload that is the usual one but for some of its parts. */
const otherwise =
  (parts: Partial<Workload>): NonNullable<SimulateOptions['workload']> =>
  ({ keys }) =>
    ({ ...kvWorkload({ keys }), ...parts }) as Workload

test('of a world that is over nothing is kept', async () => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const world = async (): Promise<WeakRef<object>> => {
    const trace = { stepped: () => {} }
    await simulate({ ...SMALL, trace })
    return new WeakRef(trace)
  }
  const gone = await world()
  for (let i = 0; i < 10 && gone.deref(); i++) {
    await new Promise((resolve) => setImmediate(resolve))
    collect()
  }
  assert.equal(gone.deref(), undefined)
})

test('a state machine that throws what it must not is named at once', async () => {
  let applied = 0
  const broken = () => ({
    ...kv(),
    apply: () => {
      if (++applied > 3) throw new TypeError('a mistake of mine')
      return { writes: [], result: new Uint8Array() }
    },
  })
  const { violation } = await simulate({ ...SMALL, workload: otherwise({ stateMachine: broken }) })
  assert.equal(violation?.invariant, 'PEER_BROKEN')
  assert.match(violation?.message ?? '', /a mistake of mine[\s\S]*simulate\.test/)
})

test('a cluster that reads but takes no write after the storm is not alive', async () => {
  const write = (): Promise<never> => Promise.reject(new Error('no'))
  const { violation } = await simulate({ ...SMALL, workload: otherwise({ write }) })
  assert.deepEqual(violation, { invariant: 'LIVENESS', message: 'kv takes no write after the storm: Error: no' })
})

test('a client that never comes home is not passed over', async () => {
  const { violation } = await simulate({ ...SMALL, workload: otherwise({ run: () => new Promise(() => {}) }) })
  assert.deepEqual(violation, { invariant: 'LIVENESS', message: 'clients still wait long after the storm' })
})

test('a judge that fails ends the run, and not who asked for it', async () => {
  const judge = (): never => {
    throw new RangeError('cannot tell')
  }
  const { violation } = await simulate({ ...SMALL, workload: otherwise({ judge }) })
  assert.equal(violation?.invariant, 'JUDGE_BROKEN')
  assert.match(violation?.message ?? '', /cannot tell/)
})

for (const [what, wish] of Object.entries({
  'a profile that there is not': { profile: 'rought' as never },
  'no nodes': { nodes: 0 },
  'more nodes than letters': { nodes: 30 },
  'a seed that is no number': { seed: Number.NaN },
  'a storm of no length': { seconds: -1 },
  'no groups': { groups: 0 },
  'half a client': { clients: 0.5 },
}))
  test(`${what}: refused`, async () => {
    await assert.rejects(simulate({ ...SMALL, ...wish }), { code: 'CONFIG_INVALID' })
  })
