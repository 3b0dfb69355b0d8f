/**
 * Prints the hash of each run of some seeds: `node dist/test/sim/hashes.js 1 2 3`. With `--watched`, somebody looks at everything on the way, who must change
 * nothing.
 */

import { createHash } from 'node:crypto'
import { stringify } from 'node:querystring'
import type { Trace } from '../../src/ports/trace.ts'
import { simulate } from '../../src/testkit/sim/simulate.ts'
import { MIXES } from './options.ts'
import { TEST_WISH } from './test-set.ts'

/** Reads all there is of each step, as an inspector would. */
class Onlooker {
  readonly #hash = createHash('sha256')
  #events = 0

  get events(): number {
    return this.#events
  }

  readonly trace: Trace = {
    began: (group, peer, state) => this.#look(group, peer, state),
    stepped: (step) => this.#look(step.group, step.peer, { before: step.before, cause: step.cause, after: step.after }),
    applied: (group, peer, entry) => this.#look(group, peer, entry),
  }

  #look(group: string, peer: number, seen: object): void {
    this.#events++
    this.#hash.update(`${group} ${peer} ${stringify({ ...seen })}`)
    for (const value of Object.values(seen)) this.#read(value, 3)
  }

  /** Touches every property down to some depth: a getter that changes something would show. */
  #read(value: unknown, depth: number): void {
    if (depth === 0 || typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return
    for (const inner of Object.values(value)) this.#read(inner, depth - 1)
  }
}

const words = process.argv.slice(2)
const onlooker = words.includes('--watched') ? new Onlooker() : null
for (const seed of words.filter((word) => /^\d+$/.test(word)).map(Number))
  for (const profile of MIXES) {
    const { hash, steps, violation } = await simulate({
      seed,
      profile,
      ...TEST_WISH,
      ...(onlooker ? { trace: onlooker.trace } : {}),
    })
    process.stdout.write(`${profile} ${seed} ${hash} ${steps} ${violation?.invariant ?? 'ok'}\n`)
  }
if (onlooker?.events === 0) throw new Error('the onlooker saw nothing')
