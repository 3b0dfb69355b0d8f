/**
 * Steps a user's machine as a pure function of stored state and event: the one room that touches xstate's inside.
 * Knows no table and no bytes.
 */

import { createHash } from 'node:crypto'
import type { AnyMachineSnapshot, AnyStateMachine } from 'xstate'
import { FlotillaError } from '../../base/errors.ts'
import { DEPTH_MAX, jsonProblem } from './json.ts'
import { silencingPromises } from './promises.ts'
import type { ActorValue } from './result.ts'
import { inertScope } from './scope.ts'

/** Microsteps (`always`, `raise`) in answer to one event before it counts as an endless loop. A machine's own `maxIterations` goes first. */
export const MICROSTEPS_MAX = 1000

const REASON_CHARACTERS_MAX = 500
const KEPT = { undefinedProperties: true, depthMax: DEPTH_MAX + 1 } as const

/** xstate's persisted snapshot of a machine without children, as it looks after a way through JSON. */
export interface StoredSnapshot {
  readonly status: 'active' | 'done'
  readonly value: ActorValue
  readonly context: unknown
  readonly output?: unknown
  readonly historyValue: Readonly<Record<string, unknown>>
}

const inert = inertScope()

/** One machine of the registry. */
export class Stepper {
  /** Names the definition; kept with each instance. */
  readonly version: string
  readonly #type: string
  readonly #machine: AnyStateMachine

  /** `type` is the machine's name in the registry, for messages. */
  constructor(type: string, machine: AnyStateMachine) {
    this.version = versionOf(machine)
    this.#type = type
    this.#machine = privateCopy(machine)
  }

  /** A new instance. Throws `ACTOR_UNSUPPORTED` for an effect, `ACTOR_FAILED` for what the machine itself throws. */
  start(input: unknown): StoredSnapshot {
    return this.#pure(() => {
      const snapshot: AnyMachineSnapshot = this.#machine.getInitialSnapshot(inert.scope, input)
      if (snapshot.status === 'error') throw snapshot.error // only here does xstate keep the error instead of throwing it
      return snapshot
    })
  }

  /**
   * The instance after the event. `stored` is the caller's own fresh copy and is used up: assigners that change their context
   * in place change this one. Throws as `start` does, and `ACTOR_UNSUPPORTED` for a state this definition does not have.
   */
  step(stored: StoredSnapshot, event: { readonly type: string }): StoredSnapshot {
    const before = this.#restore(stored)
    return this.#pure(() => this.#machine.transition(before, event, inert.scope))
  }

  #restore(stored: StoredSnapshot): AnyMachineSnapshot {
    try {
      return this.#machine.restoreSnapshot({ ...stored, children: {}, error: undefined } as never, inert.scope)
    } catch (cause) {
      throw unsupported(this.#type, `state ${JSON.stringify(stored.value)}, which its definition does not have any more,`, cause)
    }
  }

  #pure(compute: () => AnyMachineSnapshot): StoredSnapshot {
    return silencingPromises(() => this.#checked(compute))
  }

  #checked(compute: () => AnyMachineSnapshot): StoredSnapshot {
    inert.takeEffect()
    let snapshot: AnyMachineSnapshot | undefined
    let lost: string | undefined
    let thrown: unknown
    try {
      snapshot = compute()
      lost = jsonProblem({ context: snapshot.context, output: snapshot.output }, KEPT)
    } catch (cause) {
      snapshot = undefined
      thrown = cause
    }
    const effect = inert.takeEffect() // also when the machine caught the refusal
    if (effect !== undefined) throw unsupported(this.#type, effect)
    if (snapshot === undefined) throw failed(this.#type, thrown)
    if (lost !== undefined) throw unsupported(this.#type, `what JSON cannot keep (${lost.slice(1)})`)
    return this.#keep(snapshot)
  }

  /** The context as it is, not as xstate persists it: it takes some plain objects for actors. */
  #keep(snapshot: AnyMachineSnapshot): StoredSnapshot {
    const persisted = this.#machine.getPersistedSnapshot(snapshot) as unknown as StoredSnapshot
    const { status, value, output, historyValue } = persisted
    return { status, value, context: snapshot.context, output, historyValue }
  }
}

/** The user's machine with a bound on its loops, and with its initial context out of reach of assigners that change it in place. */
function privateCopy(machine: AnyStateMachine): AnyStateMachine {
  const copy = machine.provide({})
  const { maxIterations = Number.POSITIVE_INFINITY } = copy.options
  copy.options = { ...copy.options, maxIterations: Number.isFinite(maxIterations) ? maxIterations : MICROSTEPS_MAX }
  const context: unknown = copy.config.context
  if (typeof context !== 'object' || context === null) return copy
  const json = JSON.stringify(context)
  copy.config = Object.defineProperty({ ...copy.config }, 'context', { get: () => JSON.parse(json), enumerable: true })
  return copy
}

function unsupported(machine: string, feature: string, cause?: unknown): FlotillaError {
  const message = `machine ${machine}: ${feature} is not supported in a replicated actor`
  return new FlotillaError('ACTOR_UNSUPPORTED', message, { machine, feature }, cause)
}

function failed(machine: string, cause: unknown): FlotillaError {
  const reason = (cause instanceof Error ? cause.message : String(cause)).slice(0, REASON_CHARACTERS_MAX)
  return new FlotillaError('ACTOR_FAILED', `machine ${machine} threw: ${reason}`, { machine }, cause)
}

/**
 * Names a definition: its states, transitions and its own `version`. What functions do cannot be seen, and is left out, so that
 * two builds of one source agree.
 */
function versionOf(machine: AnyStateMachine): string {
  return createHash('sha256').update(JSON.stringify(machine.definition)).digest('hex').slice(0, 16)
}
