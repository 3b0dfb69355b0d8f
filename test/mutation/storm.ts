/** Short storms with many faults, one seed after another, until one breaks a rule: `storm.js WEATHER,WEATHER FROM TO`. Tells of each in a line of JSON. */

import { type Plan, type PlanWish, planOf } from '../../src/testkit/sim/plan.ts'
import { simulate } from '../../src/testkit/sim/simulate.ts'
import { leaseReaders } from './lease-readers.ts'

/** What one storm showed. */
export interface StormLine {
  readonly seed: number
  /** Name of the rule that was broken; null: none was. */
  readonly invariant: string | null
  readonly message: string
}

/** A storm of so many seconds is pressed into {@link STORM_MS}. */
const SECONDS = 14
const STORM_MS = 4000

/** Groups are small most of the time: then many storms fit into a minute. */
const SIZES = [3, 3, 5, 3, 4, 3, 1]
const CLIENTS = 3

/** The plan of a longer storm, in less time: as many faults, shorter ones. */
function dense(wish: PlanWish): Plan {
  const nodes = SIZES[wish.seed % SIZES.length] as number
  const plan = planOf({ ...wish, seconds: SECONDS, clients: CLIENTS, nodes })
  const share = STORM_MS / plan.stormMs
  const faults = plan.faults.map((fault) => ({ ...fault, at: Math.round(fault.at * share), ms: Math.round(fault.ms * share) }))
  return { ...plan, stormMs: STORM_MS, faults }
}

const [kinds = '', from = '1', to = from] = process.argv.slice(2)
const weather = kinds.split(',') as NonNullable<PlanWish['profile']>[]
for (let seed = Number(from); seed <= Number(to); seed++) {
  const profile = weather[(seed - 1) % weather.length] as NonNullable<PlanWish['profile']>
  const { violation } = await simulate({
    seed,
    plan: dense({ seed, profile }),
    ...(profile === 'clocks' && { inspect: leaseReaders }),
  })
  const line: StormLine = { seed, invariant: violation?.invariant ?? null, message: violation?.message.slice(0, 500) ?? '' }
  process.stdout.write(`${JSON.stringify(line)}\n`)
  if (violation !== null) break
}
process.exit(0)
