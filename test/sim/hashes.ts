/**
 * Prints the hash of each run of so many seeds of every profile: `node dist/test/sim/hashes.js 20`. Each is inspected, and somebody looks at every step: both
 * must change nothing.
 */

import type { Trace } from '../../src/ports/trace.ts'
import { simulate } from '../../src/testkit/sim/simulate.ts'
import { inspection } from './inspection.ts'
import { MIXES } from './options.ts'
import { lineOf, runsElsewhere, TEST_WISH } from './test-set.ts'

/** Of so many things seen one is looked at down to its ground: all of them would cost more than the run. */
const SELDOM = 16

/** Reads what there is of each step, as a checker of somebody's own would. */
class Onlooker {
  events = 0

  readonly trace: Trace = {
    began: (group, peer, state) => this.#look({ group, peer, state }),
    stepped: (step) => this.#look(step),
    applied: (group, peer, entry) => this.#look({ group, peer, entry }),
  }

  #look(seen: object): void {
    this.#read(seen, ++this.events % SELDOM === 0 ? 5 : 2)
  }

  /** Touches every property down to some depth: a getter that changes something would show. */
  #read(value: unknown, depth: number): void {
    if (depth === 0 || typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return
    for (const inner of Object.values(value)) this.#read(inner, depth - 1)
  }
}

const [count] = process.argv.slice(2)
if (!(Number(count) > 0)) throw new Error('usage: hashes.js SEEDS')
const onlooker = new Onlooker()
for (const profile of MIXES)
  for (let seed = 1; seed <= Number(count); seed++) {
    if (!runsElsewhere(seed)) continue
    const { inspect, seen } = inspection()
    const report = await simulate({ seed, profile, ...TEST_WISH, trace: onlooker.trace, inspect })
    if (report.violation === null && seen.led === 0)
      throw new Error(`the inspector saw no leader in ${profile} ${seed}: ${JSON.stringify(seen)}`)
    process.stdout.write(`${lineOf(profile, report)}\n`)
  }
if (onlooker.events === 0) throw new Error('the onlooker saw nothing')
