/** Clients of a key-value store on five nodes find exactly what they wrote, in calm and in every storm; and so does every replica. */

import { describe, test } from 'node:test'
import { type Plan, weather } from './weather-cluster.ts'

const ONE: Pick<Plan, 'clients' | 'rounds' | 'operations'> = { clients: 1, rounds: 3, operations: 40 }
const MANY: Pick<Plan, 'clients' | 'rounds' | 'operations'> = { clients: 5, rounds: 3, operations: 20 }
const DEADLINE = { timeout: 60_000 }

const STORMS: readonly (readonly [title: string, plan: Plan])[] = [
  ['one client in calm weather', { ...ONE, seed: 1 }],
  ['five clients at once in calm weather', { ...MANY, seed: 2 }],
  ['five clients while letters are lost, doubled and late', { ...MANY, seed: 3, unreliable: true }],
  ['one client through partitions that come and go', { ...ONE, seed: 4, rounds: 8, operations: 10, partitions: true }],
  ['five clients through partitions that come and go', { ...MANY, seed: 5, rounds: 8, operations: 6, partitions: true }],
  ['one client through crashes of all nodes', { ...ONE, seed: 6, crashes: true }],
  ['five clients through crashes of all nodes', { ...MANY, seed: 7, crashes: true }],
  ['five clients through crashes while letters are lost', { ...MANY, seed: 8, unreliable: true, crashes: true }],
  ['five clients through crashes and partitions', { ...MANY, seed: 9, operations: 10, partitions: true, crashes: true }],
  [
    'five clients through crashes and partitions while letters are lost',
    { ...MANY, seed: 10, operations: 10, unreliable: true, partitions: true, crashes: true },
  ],
]

describe('what clients wrote is found, nothing missing and nothing twice, by', { concurrency: 4 }, () => {
  for (const [title, plan] of STORMS) test(title, DEADLINE, (t) => weather(t, plan))
})
