/**
 * The one place that touches xstate's inside: steps a machine as a pure function over snapshots that are values.
 * xstate's own transition() builds an actor per call, at several times the cost (docs/decisions/001-charts-as-values.md).
 */

import { type AnyActorScope, type AnyStateMachine, createActor, type EventFromLogic, type SnapshotFrom } from 'xstate'
import { assert } from '../base/assert.ts'
import { quickStepOf } from './quick.ts'
import { type ArmTimer, armOf, type DisarmTimer } from './timers.ts'

export type { ArmTimer, DisarmTimer, SnapshotFrom }

type TimerOutput = ArmTimer | DisarmTimer

/** An event of the machine, or one of xstate's own that a timer sends back. */
export type StepEvent<M extends AnyStateMachine> = EventFromLogic<M> | ArmTimer['event']

export interface Stepper<M extends AnyStateMachine, Out> {
  /** The first snapshot, and what entering it put out. */
  start(input: unknown): readonly [SnapshotFrom<M>, readonly (Out | TimerOutput)[]]
  /** Same snapshot and event, same result. An event that nobody handles returns the same snapshot. */
  step(snapshot: SnapshotFrom<M>, event: StepEvent<M>): readonly [SnapshotFrom<M>, readonly (Out | TimerOutput)[]]
}

/** What xstate hands over for each action: ours have an `exec` that returns outputs; its own are recognised by type. */
interface Executable {
  readonly type: string
  readonly info: unknown
  readonly params: unknown
  readonly exec: ((info: unknown, params: unknown) => unknown) | undefined
}

/**
 * Makes a machine steppable. `sample` is any legal input: one inert actor is made of it and serves as the scope of every step that xstate takes. A plain
 * chart is stepped without it, to the same end (src/chart/quick.ts).
 */
export function stepperOf<M extends AnyStateMachine, Out = never>(machine: M, sample: unknown): Stepper<M, Out> {
  const { start, step } = stepperByXstate<M, Out>(machine, sample)
  const quickStep = quickStepOf(machine)
  if (quickStep === null) return { start, step }
  return {
    start,
    step: (snapshot, event) => {
      const said: (Out | TimerOutput)[] = []
      const next = quickStep(snapshot as never, event as never, said)
      return next === null ? step(snapshot, event) : [next as unknown as SnapshotFrom<M>, said]
    },
  }
}

/** The same by xstate alone: what the other is held against. */
export function stepperByXstate<M extends AnyStateMachine, Out = never>(machine: M, sample: unknown): Stepper<M, Out> {
  let out: (Out | TimerOutput)[] = []
  const scope = inertScope(machine, sample, (action) => {
    out.push(...outputsOf<Out>(action))
  })
  const collecting = (run: () => unknown): readonly [SnapshotFrom<M>, readonly (Out | TimerOutput)[]] => {
    out = []
    const snapshot = run() as SnapshotFrom<M>
    return [snapshot, out]
  }
  return {
    start: (input) => collecting(() => machine.getInitialSnapshot(scope, input)),
    step: (snapshot, event) => collecting(() => machine.transition(snapshot as never, event as never, scope)),
  }
}

function outputsOf<Out>(action: Executable): readonly (Out | TimerOutput)[] {
  if (action.type === 'xstate.raise') return timerOf(action.params as RaiseParams)
  if (action.type === 'xstate.cancel') return [{ type: 'disarm', id: (action.params as { readonly sendId: string }).sendId }]
  assert(action.exec !== undefined, 'ACTION_WITHOUT_WORDS', { action: action.type }) // xstate would skip it in silence
  return action.exec(action.info, action.params) as readonly Out[]
}

interface RaiseParams {
  readonly id: string | undefined
  readonly delay: number | undefined
  readonly event: { readonly type: string }
}

/** An undelayed raise was already taken within the step. */
const timerOf = ({ id, delay, event }: RaiseParams): readonly ArmTimer[] => (delay === undefined ? [] : [armOf(id, event)])

function inertScope(machine: AnyStateMachine, sample: unknown, actionExecutor: (action: Executable) => void): AnyActorScope {
  const self = createActor(machine, { input: sample as never })
  const nothing = (): void => {}
  const scope = { self, system: self.system, id: self.id, sessionId: self.sessionId, logger: nothing, defer: nothing }
  return { ...scope, emit: nothing, stopChild: nothing, actionExecutor } as unknown as AnyActorScope
}
