/** The machines a group may run, by name, and what their types tell a client. Knows no instance. */

import type { AnyStateMachine, ContextFrom, EventFromLogic, InputFrom, OutputFrom, SnapshotFrom } from 'xstate'
import { FlotillaError } from '../../base/errors.ts'
import { ACTOR_TYPE_PATTERN } from './frame.ts'
import { Stepper } from './stepper.ts'
import { checkSupported } from './supported.ts'

/** Machines by the name under which instances of them are started. */
export type ActorRegistry = Readonly<Record<string, AnyStateMachine>>

/** What one machine takes and shows. */
export interface ActorTypes<M extends AnyStateMachine> {
  readonly input: InputFrom<M>
  readonly event: EventFromLogic<M>
  readonly value: SnapshotFrom<M>['value']
  readonly context: ContextFrom<M>
  readonly output: OutputFrom<M>
}

/**
 * The types of every machine of a registry, for a client: `ActorsOf<typeof machines>['counter']['event']`.
 * Contexts and outputs are seen through JSON: a property that was undefined is missing.
 */
export type ActorsOf<R extends ActorRegistry> = { readonly [Type in keyof R & string]: ActorTypes<R[Type]> }

/**
 * Steppers by type name. Throws `CONFIG_INVALID` for what is no registry, a bad name or a value that is no machine, and `ACTOR_UNSUPPORTED`
 * for a machine that does something a replicated actor cannot do yet.
 */
export function resolveRegistry(registry: ActorRegistry): ReadonlyMap<string, Stepper> {
  if (!isObject(registry)) {
    throw new FlotillaError('CONFIG_INVALID', 'actors() takes an object with an xstate machine for each type name')
  }
  const steppers = new Map<string, Stepper>()
  for (const [type, machine] of Object.entries(registry)) {
    if (!ACTOR_TYPE_PATTERN.test(type)) {
      throw new FlotillaError('CONFIG_INVALID', `actor type ${JSON.stringify(type)} must match ${ACTOR_TYPE_PATTERN.source}`, {
        type,
      })
    }
    if (!isMachine(machine)) throw new FlotillaError('CONFIG_INVALID', `actor type ${type} is not an xstate machine`, { type })
    checkSupported(type, machine)
    steppers.set(type, new Stepper(type, machine))
  }
  return steppers
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null && !Array.isArray(value)

const isMachine = (value: unknown): boolean =>
  isObject(value) && 'root' in value && 'config' in value && 'getInitialSnapshot' in value
