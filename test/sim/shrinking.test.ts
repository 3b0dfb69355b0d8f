/** Mistakes made on purpose are found by the simulator, and shrunk to what it takes. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { StateMachine } from '../../src/ports/state-machine.ts'
import { kv } from '../../src/statemachines/kv/kv.ts'
import { kvWorkload } from '../../src/testkit/sim/kv-workload.ts'
import { type Plan, planOf } from '../../src/testkit/sim/plan.ts'
import { planFileOf, planFileText } from '../../src/testkit/sim/plan-file.ts'
import { shrink } from '../../src/testkit/sim/shrink.ts'
import { type SimulationReport, simulate } from '../../src/testkit/sim/simulate.ts'
import type { Workload } from '../../src/testkit/sim/workload.ts'

const WISH = { profile: 'rough', nodes: 3, seconds: 5, density: 4, clients: 2, groups: 1 } as const

/** Seeds within which a mistake has to show. */
const SEEDS_MAX = 20

/** A store that, when it starts on what it kept, does not write what it applies first. */
function forgetful(): StateMachine {
  const right = kv()
  let isFresh = true
  return {
    ...right,
    apply(entry, table) {
      const returned = isFresh && right.families.some((family) => [...table.range(family, { limit: 1 })].length > 0)
      isFresh = false
      const applied = right.apply(entry, table)
      return returned ? { ...applied, writes: [] } : applied
    },
  }
}

/** What can be wrong with a group's memory, whoever notices first. */
const MEMORY_LOST = ['CONVERGENCE', 'LINEARIZABILITY', 'ACKNOWLEDGED_IS_KEPT', 'STATE_SURVIVES']

const withForgetful = (plan: Plan): Promise<SimulationReport> =>
  simulate({
    seed: plan.seed,
    plan,
    workload: ({ keys }): Workload => ({ ...kvWorkload({ keys }), stateMachine: forgetful }) as Workload,
  })

/** The first plan that fails. */
async function firstFailing(run: (plan: Plan) => Promise<SimulationReport>): Promise<SimulationReport> {
  for (let seed = 1; seed <= SEEDS_MAX; seed++) {
    const report = await run(planOf({ seed, ...WISH }))
    if (report.violation !== null) return report
  }
  return assert.fail(`${SEEDS_MAX} seeds did not notice`)
}

test('a state machine that forgets a write when it starts again is found, and shrunk to a restart', async () => {
  const { plan, violation } = await firstFailing(withForgetful)
  assert.ok(MEMORY_LOST.includes(violation?.invariant ?? ''), violation?.invariant)
  const shrunk = await shrink(plan, { run: async (one) => (await withForgetful(one)).violation, attempts: 150 })
  assert.equal(shrunk.violation?.invariant, violation?.invariant)
  const kinds = shrunk.plan.faults.map(({ kind }) => kind)
  assert.ok(kinds.length < plan.faults.length && kinds.includes('crash'), kinds.join()) // others may have made it visible
  for (const fault of shrunk.plan.faults) {
    const without = { ...shrunk.plan, faults: shrunk.plan.faults.filter((one) => one !== fault) }
    assert.notEqual(
      (await withForgetful(without)).violation?.invariant,
      violation?.invariant,
      `it fails without ${fault.kind}, too`,
    )
  }

  const again = planFileOf(planFileText({ invariant: violation?.invariant ?? '', plan: shrunk.plan }))
  assert.equal((await withForgetful(again.plan)).violation?.invariant, violation?.invariant, 'also from a file')
  assert.equal((await simulate({ seed: plan.seed, plan: shrunk.plan })).violation, null, 'and the real one does not fail of it')
})

test('a judge who does not like one kind of fault is left with one of it', async () => {
  const run = async (plan: Plan): Promise<SimulationReport> => {
    let struck = false
    return simulate({
      seed: plan.seed,
      plan,
      onEntry: ({ who, what }) => {
        if (who === 'storm' && what === 'pause') struck = true
      },
      workload: ({ keys }) => {
        const inner = kvWorkload({ keys })
        const violation = { invariant: 'NEVER_PAUSED', message: 'a process stood still' }
        return {
          ...inner,
          judge: (final: never) => (struck ? { ...inner.judge(final), violation } : inner.judge(final)),
        } as Workload
      },
    })
  }
  const { plan } = await firstFailing(run)
  const shrunk = await shrink(plan, { run: async (one) => (await run(one)).violation, attempts: 25 })
  assert.equal(shrunk.violation?.invariant, 'NEVER_PAUSED')
  assert.deepEqual(
    shrunk.plan.faults.map(({ kind }) => kind),
    ['pause'],
  )
})

test('a workload that looks at the real clock ends the run', async () => {
  const inner = kvWorkload()
  const workload = (): Workload =>
    ({
      ...inner,
      run: async (scene) => {
        scene.note('looks', String(Date.now() > 0))
        await inner.run(scene)
      },
    }) as Workload
  const plan = planOf({ seed: 1, ...WISH })
  const { violation } = await simulate({ seed: 1, plan, workload })
  assert.equal(violation?.invariant, 'REALITY_TOUCHED')
  assert.match(violation?.message ?? '', /Date\.now[\s\S]*shrinking\.test/)
  assert.equal((await simulate({ seed: 1, plan, workload, strict: false })).violation?.invariant, undefined)
})
