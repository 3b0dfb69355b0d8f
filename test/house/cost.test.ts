/** A chart may cost so many times what else is done for a message. Ratios only, with room to spare: no clock decides over a slow machine. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { transition } from 'xstate'
import { spokenRole } from '../../src/peer/role-words.ts'
import { startPeer, stepMessage } from '../../src/peer/step.ts'
import { Disk } from '../harness/disk.ts'
import { labOf, STEPS } from '../harness/lab.ts'
import { accepted, append } from '../harness/letters.ts'
import { leading } from '../harness/reign.ts'

/** Processor time of the quickest of some runs: what other programs do meanwhile counts least there. */
function costOf(act: () => unknown): number {
  let best = Number.POSITIVE_INFINITY
  for (let run = 0; run < 12; run++) {
    const before = process.cpuUsage()
    for (let i = 0; i < 1500; i++) act()
    const { user, system } = process.cpuUsage(before)
    best = Math.min(best, user + system)
  }
  return best
}

const [follower] = stepMessage(startPeer(new Disk().recall(1, [1, 2, 3]))[0], append({ term: 1 }))
const letter = append({ term: 1, terms: [1] })
const text = JSON.stringify({ ...letter, entries: letter.entries.map((entry) => ({ ...entry, data: [...entry.data] })) })

/** What a message costs anyway: to be taken off the wire, and its answer to be put on it. */
const wire = costOf(() => JSON.stringify(JSON.parse(text)))

test("a follower's step costs at most twenty times the reading and writing of a message", () => {
  const step = costOf(() => stepMessage(follower, letter))
  assert.ok(step < 20 * wire, `${(step / wire).toFixed(1)} times`)
})

test("a leader's step on an answer costs at most sixty times that", () => {
  const { peer } = leading(labOf(STEPS))
  const step = costOf(() => stepMessage(peer.snapshot, accepted({ term: 1, index: 1 })))
  assert.ok(step < 60 * wire, `${(step / wire).toFixed(1)} times`)
})

test("the stepper costs less than half of xstate's own transition()", () => {
  const ours = costOf(() => stepMessage(follower, letter))
  const theirs = costOf(() => transition(spokenRole, follower as never, letter as never))
  assert.ok(ours * 2 < theirs, `${(theirs / ours).toFixed(1)} times`)
})
