/** Any weather, any seed: what is committed stays, nobody reads the past, and when it is over the group goes on. FLOTILLA_STORMS sets how many. */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { RawStorm } from '../../harness/raw-storm.ts'

const STORMS = Number(process.env.FLOTILLA_STORMS ?? 60)
const FIRST = Number(process.env.FLOTILLA_STORM ?? 1)

describe('a group in bad weather', () => {
  test(`keeps what it promised and lives on, ${STORMS} times`, () => {
    const sum = { answered: 0, installed: 0, reconfigured: 0, elected: 0 }
    for (let seed = FIRST; seed < FIRST + STORMS; seed++) {
      const storm = new RawStorm(seed)
      try {
        storm.rage(120)
        storm.calm()
      } catch (thrown) {
        throw new Error(`storm ${seed}`, { cause: thrown })
      }
      for (const name of Object.keys(sum) as (keyof typeof sum)[]) sum[name] += storm.ledger.counts[name]
    }
    if (STORMS >= 20) for (const [name, count] of Object.entries(sum)) assert.ok(count > 0, `nothing was ever ${name}`)
  })
})
