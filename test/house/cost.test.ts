/** A chart may cost so many times what else is done for a message. Ratios only, with room to spare: no clock decides over a slow machine. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { transition } from 'xstate'
import { spokenRole } from '../../src/peer/role-words.ts'
import { startPeer, stepMessage } from '../../src/peer/step.ts'
import { decodeEnvelope, encodeEnvelope } from '../../src/wire/envelope.ts'
import { IDLE_PEERS, idleBytes } from '../bench/raft.ts'
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

/** The same message on the wire, alone in its envelope. */
const sender = {
  cluster: 'demo',
  node: 'a',
  store: '01234567-89ab-cdef-0123-456789abcdef',
  boot: 1,
  run: '01234567-89ab-cdef-0123-456789abcdef',
}
const bytes = encodeEnvelope({ sender, messages: [{ group: 'kv', epoch: '0123456789abcdef', message: letter }] })

/**
 * How often the message could be taken off the wire, and looked at, for the price of that. The best of three: a machine that is busy with others while the
 * one is measured and not while the other is says nothing of either.
 */
function timesDecoding(act: () => unknown): number {
  let best = Number.POSITIVE_INFINITY
  for (let attempt = 0; attempt < 3; attempt++) best = Math.min(best, costOf(act) / costOf(() => decodeEnvelope(bytes)))
  return best
}

test("a follower's step costs at most ten times the decoding of its message", () => {
  const times = timesDecoding(() => stepMessage(follower, letter))
  assert.ok(times < 10, `${times.toFixed(1)} times`)
})

test("a leader's step on an answer costs at most thirty times that", () => {
  const { peer } = leading(labOf(STEPS))
  const times = timesDecoding(() => stepMessage(peer.snapshot, accepted({ term: 1, index: 1 })))
  assert.ok(times < 30, `${times.toFixed(1)} times`)
})

test("the stepper costs less than half of xstate's own transition()", () => {
  const ours = costOf(() => stepMessage(follower, letter))
  const theirs = costOf(() => transition(spokenRole, follower as never, letter as never))
  assert.ok(ours * 2 < theirs, `${(theirs / ours).toFixed(1)} times`)
})

test('ten thousand idle peers take less than sixty megabytes', () => {
  const bytes = IDLE_PEERS * idleBytes()
  assert.ok(bytes < 60e6, `${(bytes / 1e6).toFixed(1)} MB`)
})
