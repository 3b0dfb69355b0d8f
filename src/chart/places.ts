/**
 * Where a chart can be, and the ways that lead from there: worked out once from the machine, by xstate's own rules, so that a step need not. Knows states,
 * targets and what is done on the way; runs nothing.
 */

import type { AnyStateMachine, AnyStateNode } from 'xstate'
import { type Deed, deedOf } from './deeds.ts'

/** A transition as xstate keeps it. Its guard may be exchanged while the chart runs (src/chart/tally.ts). */
interface Definition {
  readonly source: AnyStateNode
  readonly target?: readonly AnyStateNode[] | undefined
  readonly reenter: boolean
  readonly actions: readonly unknown[]
  readonly guard?: unknown
}

/** One transition, taken from one place. */
export interface Way {
  readonly definition: { readonly guard?: unknown }
  /** Leaving, going and arriving, in this order. Null: something is done on it that only xstate can do. */
  readonly deeds: readonly Deed[] | null
  readonly to: Place
}

/** One state of a chart with all the states it lies in. There are no parallel ones (docs/decisions/002-no-parallel-regions.md). */
export interface Place {
  /** The states, outermost first. */
  readonly nodes: readonly AnyStateNode[]
  /** The same as a snapshot says it. */
  readonly value: unknown
  /** What may happen without an event, innermost first. */
  readonly always: readonly Way[]
  /** What may happen when such an event comes, innermost first. */
  waysFor(type: string): readonly Way[]
}

const NO_WAYS: readonly Way[] = []

/** All places of a machine. */
export class Places {
  readonly #machine: AnyStateMachine
  readonly #byLeaf = new Map<AnyStateNode, Place>()
  /** By the list of states that snapshots of that place have in common. */
  readonly #known = new WeakMap<readonly AnyStateNode[], Place>()

  constructor(machine: AnyStateMachine) {
    this.#machine = machine
  }

  /** The place where these states are active. */
  of(nodes: readonly AnyStateNode[]): Place {
    const known = this.#known.get(nodes)
    if (known !== undefined) return known
    const place = this.#at(nodes.find(isLeaf) as AnyStateNode)
    this.#known.set(nodes, place)
    return place
  }

  #at(leaf: AnyStateNode): Place {
    const known = this.#byLeaf.get(leaf)
    if (known !== undefined) return known
    const nodes = [...ancestorsOf(leaf).reverse(), leaf]
    const inwards = [...nodes].reverse()
    const byType = new Map<string, readonly Way[]>()
    const ways = (definitions: readonly Definition[]): readonly Way[] => definitions.map((one) => this.#way(nodes, one))
    let always: readonly Way[] | null = null
    const place: Place = {
      nodes,
      value: Object.freeze(pathAsValue(nodes)),
      get always() {
        always ??= ways(inwards.flatMap((node) => (node.always ?? []) as readonly Definition[]))
        return always
      },
      waysFor(type) {
        const found = byType.get(type)
        if (found !== undefined) return found
        const definitions = inwards.flatMap((node) => (node.transitions.get(type) ?? []) as readonly Definition[])
        if (definitions.length === 0) return NO_WAYS // not kept: anything can be called an event
        const made = ways(definitions)
        byType.set(type, made)
        return made
      },
    }
    this.#byLeaf.set(leaf, place)
    this.#known.set(nodes, place)
    return place
  }

  #way(from: readonly AnyStateNode[], definition: Definition): Way {
    const { actions, target } = definition
    const deedsOf = (all: readonly unknown[]): readonly Deed[] | null => {
      const deeds = all.map((action) => deedOf(action, this.#machine))
      return deeds.every((deed) => deed !== null) ? deeds : null
    }
    const leaf = from.at(-1) as AnyStateNode
    const [aim] = target ?? []
    if (aim === undefined) return { definition, deeds: deedsOf(actions), to: this.#at(leaf) }
    const domain = domainOf(definition, aim)
    const exits = [...from].reverse().filter((node) => liesIn(node, domain))
    const arrives = domain !== aim || definition.reenter
    const entries = [...ancestorsOf(aim).reverse(), ...(arrives ? [aim] : [])].filter((node) => liesIn(node, domain))
    const inner = initialsOf(aim)
    const deeds = deedsOf([
      ...exits.flatMap((node) => node.exit as readonly unknown[]),
      ...actions,
      ...[...entries, ...inner].flatMap((node) => node.entry as readonly unknown[]),
    ])
    return { definition, deeds, to: this.#at(inner.at(-1) ?? aim) }
  }
}

/** Whether a machine has nothing but what is understood here: states in states, one active at a time, guards and actions by name or as functions. */
export function isPlain({ root, implementations }: AnyStateMachine): boolean {
  const isKnown = ({ guard }: Definition): boolean =>
    typeof guard !== 'string' || typeof implementations.guards[guard] === 'function'
  const isPlainNode = (node: AnyStateNode): boolean => {
    const definitions = [...node.transitions.values(), node.always ?? []].flat() as readonly Definition[]
    return (
      (node.type === 'atomic' || (node.type === 'compound' && node.initial.actions.length === 0)) &&
      node.invoke.length === 0 &&
      node.tags.length === 0 &&
      ![...node.transitions.keys()].some((type) => type.includes('*')) &&
      definitions.every((one) => isPlainDefinition(one) && isKnown(one)) &&
      Object.values(node.states).every((inner) => isPlainNode(inner as AnyStateNode))
    )
  }
  return isPlainNode(root as unknown as AnyStateNode)
}

function isPlainDefinition({ guard, target = [], source, reenter }: Definition): boolean {
  const isPlainGuard = guard === undefined || typeof guard === 'string' || (typeof guard === 'function' && !('check' in guard))
  return isPlainGuard && target.length <= 1 && !(reenter && source.parent === undefined)
}

const isLeaf = (node: AnyStateNode): boolean => node.type === 'atomic'

/** The states around a state, innermost first. */
function ancestorsOf(node: AnyStateNode): AnyStateNode[] {
  const found: AnyStateNode[] = []
  for (let at = node.parent as AnyStateNode | undefined; at !== undefined; at = at.parent as AnyStateNode | undefined)
    found.push(at)
  return found
}

const liesIn = (node: AnyStateNode, outer: AnyStateNode): boolean => ancestorsOf(node).includes(outer)

/** The states that are entered with a state, outermost first. */
function initialsOf(node: AnyStateNode): AnyStateNode[] {
  const [first] = node.type === 'compound' ? (node.initial.target as readonly AnyStateNode[]) : []
  return first === undefined ? [] : [first, ...initialsOf(first)]
}

/** The innermost state that a transition stays in: its source, if the target lies there and it does not begin again (SCXML's transition domain). */
function domainOf({ source, reenter }: Definition, target: AnyStateNode): AnyStateNode {
  if (!reenter && (target === source || liesIn(target, source))) return source
  const shared = ancestorsOf(target).find((outer) => liesIn(source, outer))
  return shared ?? (source.machine.root as unknown as AnyStateNode)
}

/** `['leader', 'round', 'beat']` as `{ leader: { round: 'beat' } }`; the machine itself has no name in it. */
function pathAsValue(nodes: readonly AnyStateNode[]): unknown {
  const [leaf, ...outer] = nodes.slice(1).reverse()
  return outer.reduce<unknown>((value, node) => ({ [node.key]: value }), leaf?.key ?? {})
}
