/** The stepper is xstate: on random streams of events it goes where xstate's own, slower transition() goes. */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createMachine, setup, transition } from 'xstate'
import { InvariantError } from '../../../src/base/assert.ts'
import { prng } from '../../../src/base/prng.ts'
import { type ArmTimer, stepperOf } from '../../../src/chart/stepper.ts'
import { spokenRole } from '../../../src/peer/role-words.ts'
import { startPeer, stepEvent } from '../../../src/peer/step.ts'
import type { RaftEvent } from '../../../src/protocol/events.ts'
import { triage } from '../../../src/protocol/terms.ts'
import { Disk } from '../../harness/disk.ts'
import * as letters from '../../harness/letters.ts'

/** Some event that could come next to peer 1 in a term, legal or late. */
function someEvent(term: number, chance: ReturnType<typeof prng>): RaftEvent | { readonly type: string } {
  const from = chance.between(2, 4)
  const near = Math.max(0, term + chance.between(-1, 2))
  const granted = chance.between(0, 2) === 0
  const choices = [
    () => ({ type: 'xstate.after.electionTimeout.role.following.follower' }),
    () => ({ type: 'xstate.after.voteLease.role.following.follower' }),
    () => ({ type: 'xstate.after.electionTimeout.role.campaigning.candidate' }),
    () => ({ type: 'xstate.after.quorumInterval.role.leader.round' }),
    () => ({ type: 'xstate.after.heartbeatInterval.role.leader.round.beat' }),
    () => letters.preVote({ term: near, from, lastIndex: 9, lastTerm: near }),
    () => letters.preVoteReply({ term: term + 1, from, granted: true }),
    () => letters.requestVote({ term: near, from, lastIndex: 9, lastTerm: near }),
    () => letters.requestVoteReply({ term, from, granted }),
    () => letters.accepted({ term, from, index: chance.between(0, 4) }),
    () => letters.rejected({ term, from, index: chance.between(0, 4), hintIndex: 0 }),
    () => letters.heartbeatReply({ term, from, round: chance.between(0, 4) }),
    () => letters.timeoutNow({ term: near, from }),
    () => ({ type: 'client.propose', proposals: [{ ticket: 1, kind: 'command', data: new Uint8Array(3) }] }) as const,
    () => ({ type: 'client.read', tickets: [1] }) as const,
    () => ({ type: 'client.transfer', ticket: 1, to: null }) as const,
    () => ({ type: 'peer.unreachable', peer: from }) as const,
    () => ({ type: 'storage.persisted', term, vote: 1, last: { index: chance.between(0, 4), term } }) as const,
  ]
  return (choices[chance.between(0, choices.length)] as () => RaftEvent)()
}

test("on random streams it goes where xstate's transition() goes", () => {
  const roles = new Set<string>()
  for (let seed = 1; seed <= 60; seed++) {
    const chance = prng(seed)
    let [now] = startPeer(new Disk().recall(1, [1, 2, 3]))
    for (let i = 0; i < 60; i++) {
      const event = someEvent(now.context.term, chance)
      const events = 'from' in event ? triage(now.context, event as never) : [event]
      for (const one of events) {
        const [theirs] = transition(spokenRole, now as never, one as never)
        const [ours] = stepEvent(now, one as never)
        const expected = theirs as unknown as typeof ours
        assert.deepEqual([ours.value, ours.context], [expected.value, expected.context], `seed ${seed}, event ${i}: ${one.type}`)
        now = ours
      }
      roles.add(JSON.stringify(now.value))
    }
  }
  assert.ok(roles.size >= 4, `the streams reach all roles: ${[...roles].join(' ')}`)
})

describe('a step', () => {
  const lamp = setup({ types: { events: {} as { type: 'press' | 'kick' } }, delays: { soon: 0 } }).createMachine({
    id: 'lamp',
    initial: 'off',
    states: { off: { on: { press: 'on' } }, on: { after: { soon: 'off' }, on: { press: 'off' } } },
  })
  const { start, step } = stepperOf(lamp, undefined)

  test('changes nothing it was given', () => {
    const [off] = start(undefined)
    const [on] = step(off, { type: 'press' })
    assert.deepEqual([off.value, on.value], ['off', 'on'])
    assert.equal(step(off, { type: 'press' })[0].value, 'on', 'the same again')
  })

  test('answers an event that nobody handles with the same snapshot', () => {
    const [off] = start(undefined)
    assert.equal(step(off, { type: 'kick' })[0], off)
  })

  test('puts out timers by name, and takes them back', () => {
    const [off] = start(undefined)
    const [on, [armed]] = step(off, { type: 'press' })
    assert.deepEqual([armed?.type, (armed as ArmTimer).delay], ['arm', 'soon'])
    const [, [disarmed]] = step(on, { type: 'press' })
    assert.deepEqual(disarmed, { type: 'disarm', id: (armed as ArmTimer).id })
    assert.equal(step(on, (armed as ArmTimer).event)[0].value, 'off')
  })

  test('of a chart with a word that is bound to nothing is refused', () => {
    const mute = createMachine({ initial: 'a', states: { a: { on: { go: { actions: 'unheardOf' } } } } })
    const stepper = stepperOf(mute, undefined)
    const [a] = stepper.start(undefined)
    assert.throws(
      () => stepper.step(a, { type: 'go' }),
      (error) => error instanceof InvariantError && error.invariant === 'ACTION_WITHOUT_WORDS',
    )
  })
})
