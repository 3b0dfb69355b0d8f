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

/** What the message costs anyway: to be taken off the wire, and looked at. */
const decoding = costOf(() => decodeEnvelope(bytes))

test("a follower's step costs at most ten times the decoding of its message", () => {
  const step = costOf(() => stepMessage(follower, letter))
  if (process.env.SHOW) console.log('F', step / decoding)
  assert.ok(step < 10 * decoding, `${(step / decoding).toFixed(1)} times`)
})

test("a leader's step on an answer costs at most thirty times that", () => {
  const { peer } = leading(labOf(STEPS))
  const step = costOf(() => stepMessage(peer.snapshot, accepted({ term: 1, index: 1 })))
  if (process.env.SHOW) console.log('L', step / decoding)
  assert.ok(step < 30 * decoding, `${(step / decoding).toFixed(1)} times`)
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
