/** What a replicated actor cannot do yet, found by walking a machine's definition. Knows no instance. */

import type { AnyStateMachine, AnyStateNode } from 'xstate'
import { FlotillaError } from '../../base/errors.ts'
import { DEPTH_MAX, jsonProblem } from './json.ts'

/** Built-in actions without any effect: they change the context, or feed the machine itself. */
const PURE_ACTIONS: ReadonlySet<string> = new Set(['xstate.assign', 'xstate.raise'])

/** Throws `ACTOR_UNSUPPORTED`, naming machine, state and feature, for the first thing that is not pure. */
export function checkSupported(type: string, machine: AnyStateMachine): void {
  const refuse = (feature: string, node: AnyStateNode): never => {
    const message = `machine ${type}, state #${node.id}: ${feature} is not supported in a replicated actor`
    throw new FlotillaError('ACTOR_UNSUPPORTED', message, { machine: type, state: node.id, feature })
  }
  const context: unknown = machine.config.context
  if (typeof context !== 'function') {
    const found = jsonProblem(context ?? {}, { undefinedProperties: true, depthMax: DEPTH_MAX })
    if (found !== undefined) refuse(`a context that is not JSON (context${found})`, machine.root)
  }
  for (const node of nodesOf(machine.root)) {
    for (const feature of featuresOf(node)) refuse(feature, node)
    for (const action of actionsOf(node)) {
      const feature = actionProblem(machine, action)
      if (feature !== undefined) refuse(feature, node)
    }
    for (const guard of guardsOf(node)) {
      const feature = guardProblem(machine, guard)
      if (feature !== undefined) refuse(feature, node)
    }
  }
}

function* nodesOf(node: AnyStateNode): Iterable<AnyStateNode> {
  yield node
  for (const child of Object.values(node.states) as AnyStateNode[]) yield* nodesOf(child)
}

/** Before the actions: xstate turns `after` into actions, and the user wrote `after`. */
function* featuresOf(node: AnyStateNode): Iterable<string> {
  if (Object.keys(node.config.after ?? {}).length > 0) yield 'after (a delayed transition)'
  if (node.invoke.length > 0) yield 'invoke'
  if (node.config.route !== undefined) yield 'route' // entered by an xstate.* event, and those are not let in
}

const transitionsOf = (node: AnyStateNode) => [...[...node.transitions.values()].flat(), ...(node.always ?? [])]

const actionsOf = (node: AnyStateNode): readonly unknown[] => [
  ...node.entry,
  ...node.exit,
  ...(node.type === 'compound' ? node.initial.actions : []),
  ...transitionsOf(node).flatMap((transition) => transition.actions),
]

const guardsOf = (node: AnyStateNode): readonly unknown[] =>
  transitionsOf(node).flatMap((transition) => (transition.guard === undefined ? [] : [transition.guard]))

/** A built-in action is a function with its words as properties; a named one leads to a function; any other is the user's own. */
function actionProblem(machine: AnyStateMachine, action: unknown): string | undefined {
  const name = nameOf(action)
  const resolved: unknown = typeof action === 'function' ? action : Object(machine.implementations.actions)[name]
  if (typeof resolved !== 'function') return `action ${name} without an implementation`
  if (!('resolve' in resolved) || !('type' in resolved)) return `action ${name} (a custom action, which is an effect)`
  const builtIn = String(resolved.type)
  if (!PURE_ACTIONS.has(builtIn)) return `action ${builtIn.replace('xstate.', '')}`
  if ('delay' in resolved && resolved.delay !== undefined) return 'a delayed raise'
  return undefined
}

/** A missing guard would throw at the first event that asks it: better now. */
function guardProblem(machine: AnyStateMachine, guard: unknown, seen: ReadonlySet<string> = new Set()): string | undefined {
  if (typeof guard === 'function') {
    const parts = 'guards' in guard && Array.isArray(guard.guards) ? guard.guards : [] // and, or, not
    for (const part of parts) {
      const found = guardProblem(machine, part, seen)
      if (found !== undefined) return found
    }
    return undefined
  }
  const name = nameOf(guard)
  const resolved: unknown = Object(machine.implementations.guards)[name]
  if (resolved === undefined) return `guard ${name} without an implementation`
  return seen.has(name) ? `guard ${name}, which asks itself,` : guardProblem(machine, resolved, new Set([...seen, name]))
}

function nameOf(word: unknown): string {
  if (typeof word === 'string') return word
  if (typeof word === 'function') return word.name === '' ? '(anonymous)' : word.name
  return typeof word === 'object' && word !== null && 'type' in word ? String(word.type) : String(word)
}
