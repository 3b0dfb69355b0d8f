/** The world as a replicated actor sees it: empty. Whoever reaches for it is refused. Knows no machine. */

import type { ActorSystem, AnyActorRef, AnyActorScope } from 'xstate'

/** A scope for stepping machines, and a note of who reached out of it. One for all: nothing in it belongs to an instance. */
export interface InertScope {
  readonly scope: AnyActorScope
  /** The first effect asked for since the last call, also when the machine caught the refusal; forgets it. */
  takeEffect(): string | undefined
}

type AnySystem = ActorSystem<{ actors: Record<string, AnyActorRef> }>

/** xstate reports every microstep here. It is the one thing that is answered. */
const INSPECT = '_sendInspectionEvent'

/**
 * xstate steps a machine in a scope: itself as an actor, its system, and an executor of actions. Here all of them refuse, because a
 * step runs on every node, again after a restart, and must leave no trace but the snapshot it returns.
 */
export function inertScope(): InertScope {
  let effect: string | undefined
  const refuse = (name: string): never => {
    effect ??= name
    throw new Error(`${name} is an effect`)
  }
  const scope: AnyActorScope = {
    self: refusing<AnyActorRef>(() => refuse('self or spawn')),
    system: refusing<AnySystem>((key) => (key === INSPECT ? () => {} : refuse('system'))),
    id: 'replicated',
    sessionId: 'replicated',
    logger: () => refuse('log'),
    defer: () => refuse('defer'),
    emit: () => refuse('emit'),
    stopChild: () => refuse('stopChild'),
    actionExecutor: (action) => {
      if (action.type !== 'xstate.raise' || isDelayed(action.params)) refuse(`action ${action.type.replace('xstate.', '')}`)
    },
  }
  return {
    scope,
    takeEffect() {
      const taken = effect
      effect = undefined
      return taken
    },
  }
}

/** An object that can be passed on, and not looked at. */
function refusing<T extends object>(answer: (key: PropertyKey) => unknown): T {
  return new Proxy({} as T, {
    get: (_, key) => answer(key),
    set: (_, key) => answer(key) === true,
    has: (_, key) => answer(key) === true,
    ownKeys: () => [String(answer('*'))],
  })
}

/** An undelayed raise is not executed at all: the machine has taken it up within the step. */
const isDelayed = (params: unknown): boolean =>
  typeof params === 'object' && params !== null && 'delay' in params && params.delay !== undefined
