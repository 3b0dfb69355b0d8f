/** The quick way through a chart ends where xstate's ends, and says the same on the way. */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type AnyMachineSnapshot, type AnyStateMachine, createMachine, raise } from 'xstate'
import type { roleMachine } from '../../../machines/role.ts'
import { quickStepOf } from '../../../src/chart/quick.ts'
import { type Stepper, stepperByXstate, stepperOf } from '../../../src/chart/stepper.ts'
import { guard, maker, reducer } from '../../../src/chart/words.ts'
import { spokenTransfer } from '../../../src/leader/handoff.ts'
import { spokenLease } from '../../../src/leader/lease-words.ts'
import { spokenMembership } from '../../../src/leader/membership-words.ts'
import { spokenProgress } from '../../../src/leader/progress-words.ts'
import { spokenRole } from '../../../src/peer/role-words.ts'
import { contextOf, stepsOver } from '../../../src/peer/step.ts'
import type { Output } from '../../../src/protocol/ready.ts'
import { Disk } from '../../harness/disk.ts'
import { type Chapter, labOf } from '../../harness/lab.ts'
import { PROGRESS_ROWS } from '../../harness/progress-table.ts'
import { changing, following } from '../../paper/4-membership.ts'
import { terms } from '../../paper/5.1-terms.ts'
import { election } from '../../paper/5.2-election.ts'
import { consistency } from '../../paper/5.3-consistency.ts'
import { replication } from '../../paper/5.3-replication.ts'
import { safety } from '../../paper/5.4-safety.ts'
import { asking, leasing } from '../../paper/6.4-reads.ts'
import { receiving, sending } from '../../paper/7-snapshots.ts'
import { reading, transfer } from '../../paper/8-clients.ts'
import { preVoting } from '../../paper/9.6-pre-vote.ts'

/** All that a snapshot is; the states as a set, since xstate lists them in the order in which they were entered. */
const seen = ({ status, value, context, tags, historyValue, children, _nodes }: AnyMachineSnapshot) => ({
  ...{ status, value, context, tags, historyValue, children },
  states: new Set((_nodes as readonly { readonly id: string }[]).map(({ id }) => id)),
})

/** A stepper that goes both ways, and says no when they differ. */
function doubled<M extends AnyStateMachine, Out>(
  machine: M,
  sample: unknown,
): Stepper<M, Out> & { readonly count: () => number } {
  const quickly = quickStepOf(machine)
  assert.ok(quickly, 'the chart is a plain one')
  const slowly = stepperByXstate<M, Out>(machine, sample)
  let count = 0
  return {
    count: () => count,
    start: slowly.start,
    step(snapshot, event) {
      const [expected, said] = slowly.step(snapshot, event)
      const heard: unknown[] = []
      const found = quickly(snapshot as never, event as never, heard)
      assert.ok(found, `${(event as { type: string }).type} is understood`)
      assert.deepEqual(heard, said)
      assert.deepEqual(seen(found), seen(expected as never))
      count++
      return [found as never, heard as never]
    },
  }
}

test('through every sentence of the paper', () => {
  const role = doubled<typeof roleMachine, Output>(spokenRole as never, contextOf(new Disk().recall(1, [1, 2, 3])))
  const lab = labOf(stepsOver(role))
  const chapters: readonly Chapter[] = [
    ...[changing, following, receiving, sending, asking, leasing, election, preVoting],
    ...[consistency, transfer, reading, replication, terms, safety],
  ]
  for (const chapter of chapters) for (const claim of Object.values(chapter)) claim(lab)
  assert.ok(role.count() > 5000, `${role.count()} steps`)
})

test('through the tables of the charts that a leader keeps', () => {
  for (const machine of [spokenTransfer, spokenMembership, spokenLease]) assert.ok(quickStepOf(machine as never))
  for (const { state, before, event } of PROGRESS_ROWS)
    doubled(spokenProgress, before as never).step(spokenProgress.resolveState({ value: state, context: before }) as never, event)
})

interface Steps {
  readonly seen: readonly string[]
}

const told = (word: string) => reducer<Steps, unknown>(({ seen: before }) => ({ seen: [...before, word] }))
const few = guard<Steps, unknown>(({ seen: before }) => before.length < 12)

/** A chart with all there may be: nests, ways on their own, raised events, states entered again, timers. */
const maze = createMachine({
  id: 'maze',
  context: { seen: [] },
  initial: 'hall',
  entry: told('in') as never,
  on: {
    home: { target: '.hall', actions: told('home') as never },
    say: { actions: maker<Steps, unknown, string>(({ seen: words }) => [`${words.length}`]) as never },
    nothing: {},
  },
  states: {
    hall: {
      entry: told('hall') as never,
      exit: told('out of the hall') as never,
      initial: 'door',
      on: {
        back: { target: 'hall', reenter: true },
        stay: { target: 'hall' },
        on: { target: 'cellar.shelf', actions: told('down') as never },
      },
      states: {
        door: { after: { soon: 'window' }, always: { guard: few as never, target: 'window', actions: told('slip') as never } },
        window: { entry: raise({ type: 'creak' }), on: { creak: { actions: told('creak') as never }, jump: '#maze.cellar' } },
      },
    },
    cellar: {
      initial: 'dark',
      entry: raise(({ event }) => ({ ...event, type: 'say' })),
      after: { soon: { target: '.shelf', reenter: true } },
      states: {
        dark: { on: { feel: 'shelf' } },
        shelf: { exit: told('off the shelf') as never, on: { feel: { target: 'shelf', reenter: true } } },
      },
    },
  },
} as never).provide({ delays: { soon: 0 } } as never) as unknown as AnyStateMachine

test('through a maze', () => {
  const { start, step } = doubled<AnyStateMachine, unknown>(maze, undefined)
  const types = ['home', 'say', 'nothing', 'back', 'stay', 'on', 'jump', 'feel', 'unheard', 'creak']
  const timers = ['hall.door', 'cellar'].map((state) => `xstate.after.soon.maze.${state}`)
  let seed = 7
  let [now] = start(undefined)
  for (let i = 0; i < 600; i++) {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0
    const all = [...types, ...timers]
    now = step(now, { type: all[(seed >>> 16) % all.length] as string })[0]
    if ((now as { readonly context: Steps }).context.seen.length > 40) [now] = start(undefined)
  }
})

describe('what is not plain', () => {
  const twice = createMachine({ type: 'parallel', states: { a: { initial: 'x', states: { x: {} } }, b: {} } })
  const ending = createMachine({ initial: 'a', states: { a: { on: { go: 'z' } }, z: { type: 'final' } } })

  test('is left to xstate', () => {
    assert.equal(quickStepOf(twice), null)
    assert.equal(quickStepOf(ending), null)
    const { start, step } = stepperOf(ending, undefined)
    assert.equal(step(start(undefined)[0], { type: 'go' } as never)[0].status, 'done')
  })
})
