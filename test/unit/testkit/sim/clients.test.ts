/** What clients of a simulated world undergo, and what the world makes of it. Whole worlds, each with the faults that it is about and no others. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Fault } from '../../../../src/testkit/sim/faults.ts'
import type { JournalEntry } from '../../../../src/testkit/sim/journal.ts'
import { planOf } from '../../../../src/testkit/sim/plan.ts'
import { simulate } from '../../../../src/testkit/sim/simulate.ts'

/** Of two who are there, the one that listens comes first. */
const [LISTENER, CLIENT] = [{ who: 0 }, { who: 0.9 }]
const NODES = ['a', 'b', 'c']

const KINDS = ['clientCut', 'clientPause', 'clientCrash', 'clientDisconnect'] as const

/** Answers do not reach the client from then on; for a shorter time than any client waits. */
const deaf: Fault = { kind: 'clientCut', at: 4000, ms: 250, params: { ...CLIENT, from: NODES, way: 3 } }

/** Three nodes, one client and these faults; every line of the trace. */
async function lived(...faults: readonly Fault[]) {
  const plan = { ...planOf({ seed: 3, profile: 'calm', nodes: 3, seconds: 6, clients: 1, groups: 1 }), faults }
  const lines: JournalEntry[] = []
  const report = await simulate({ seed: 3, plan, onEntry: (entry) => void lines.push({ ...entry }) })
  assert.deepEqual(report.violation, null)
  const said = (who: string, from = 0, until = Number.POSITIVE_INFINITY): readonly string[] =>
    lines.filter((line) => line.who === who && line.at >= from && line.at < until).map(({ what }) => what)
  return { ...report, said }
}

test('a client that dies never hears what came of what it had asked; somebody else comes, under a new name', async () => {
  const died = await lived(deaf, { kind: 'clientCrash', at: 4200, ms: 300, params: CLIENT })
  assert.deepEqual(died.said('client0.kv').slice(-2), ['asks', 'dies'])
  assert.deepEqual(died.said('client1.kv', 0, 4500), [])
  assert.ok(died.said('client1.kv', 4500).includes('hears'))
  assert.equal(died.said('client1.kv').at(-1), 'leaves')
  assert.equal(died.operations.unknown, 1)
})

test('when the storm is over nobody comes any more, and nobody waits for who died', async () => {
  const { said } = await lived({ kind: 'clientCrash', at: 5000, ms: 3000, params: CLIENT })
  assert.equal(said('client0.kv').at(-1), 'dies')
  assert.deepEqual(said('client1.kv'), [])
})

test('a client that stands still says nothing, and goes on with what came meanwhile', async () => {
  const { said } = await lived({ kind: 'clientPause', at: 4000, ms: 800, params: CLIENT })
  assert.deepEqual(said('client0.kv', 4000.1, 4800), [])
  assert.ok(said('client0.kv', 4800).includes('hears'))
})

test('a client is cut off from whom the plan says, and no longer than it says', async () => {
  const { said } = await lived(deaf)
  assert.deepEqual(said('client0.kv', 4002, 4250), ['asks'])
  assert.ok(said('network', 4000, 4250).includes('cut'))
  assert.ok(!said('network', 4250).includes('cut'))
  assert.ok(said('client0.kv', 4250).filter((what) => what === 'hears').length > 5)
})

test('a client without a connection hears nothing, and then finds the cluster again', async () => {
  const { said } = await lived({ kind: 'clientDisconnect', at: 4000, ms: 250, params: CLIENT })
  assert.ok(!said('client0.kv', 4002, 4250).includes('hears'))
  assert.ok(said('client0.kv', 4250).filter((what) => what === 'hears').length > 5)
})

for (const kind of KINDS)
  test(`${kind}: who listens is told every entry all the same`, async () => {
    const { coverage } = await lived({ kind, at: 4000, ms: 700, params: { ...LISTENER, from: NODES, way: 0 } })
    assert.deepEqual(coverage.faults, { [kind]: 1 })
  })

test('where nobody is there yet nothing is struck', async () => {
  const params = { ...CLIENT, from: NODES, way: 0 }
  const { coverage } = await lived(...KINDS.map((kind): Fault => ({ kind, at: 0, ms: 100, params })))
  assert.deepEqual(coverage.faults, {})
})

test('all of it at once is the same run each time', async () => {
  const faults = Array.from({ length: 40 }, (_, i): Fault => {
    const params = { who: ((i * 7) % 10) / 10, from: NODES.slice(0, 1 + (i % 3)), way: (i * 3) % 4 }
    return { kind: KINDS[i % 4] as (typeof KINDS)[number], at: 2000 + i * 100, ms: 50 + i * 13, params }
  })
  const { hash, coverage } = await lived(...faults)
  assert.deepEqual(Object.keys(coverage.faults).sort(), [...KINDS].sort())
  assert.equal((await lived(...faults)).hash, hash)
})
