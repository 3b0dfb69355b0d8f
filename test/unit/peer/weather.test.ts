/** Whole groups in bad weather: nothing Figure 3 promises breaks, and when it clears up the group works again. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Cluster } from '../../harness/cluster.ts'
import { STEPS } from '../../harness/lab.ts'
import { Weather } from '../../harness/weather.ts'

const SEEDS = Number(process.env.SEEDS ?? 40)
const FIRST = Number(process.env.SEED ?? 1)

for (const size of [1, 2, 3, 4, 5])
  test(`a group of ${size} survives letters lost, doubled and out of order, crashes and slow disks`, () => {
    for (let seed = FIRST; seed < FIRST + SEEDS; seed++) {
      const cluster = new Cluster(STEPS, size, { seed })
      try {
        const weather = new Weather(cluster, seed)
        weather.rage(1200)
        weather.clear()
        assert.ok(cluster.leader, 'there is no leader although the weather is good')
        cluster.propose(cluster.leader.id, 'last')
        cluster.settle()
        cluster.tick(3)
        const [first, ...others] = cluster.up
        for (const peer of others) assert.deepEqual(peer.applied, first?.applied, `${peer.id} and ${first?.id} differ`)
        assert.equal(new TextDecoder().decode(first?.applied.at(-1)?.data), 'last')
      } catch (error) {
        throw new Error(`seed ${seed}: SEED=${seed} SEEDS=1 repeats it`, { cause: error })
      }
    }
  })
