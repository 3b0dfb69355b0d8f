/** Charts with a hole: every transition, action and guard left out in turn, and every guard turned round. Knows statecharts, not Raft. */

import { type AnyStateMachine, createMachine } from 'xstate'

/** A machine that lacks one thing, and what that is. */
export interface Mutant<M extends AnyStateMachine> {
  readonly missing: string
  readonly machine: M
}

/** Any part of a machine's configuration: plain data, with functions as leaves. */
type Part = unknown
type Parts = Record<string, Part>

/** Copies plain data; functions and machines inside are shared. */
function copyOf(part: Part): Part {
  if (Array.isArray(part)) return part.map(copyOf)
  if (typeof part !== 'object' || part === null) return part
  return Object.fromEntries(Object.entries(part).map(([key, value]) => [key, copyOf(value)]))
}

/** Where something that may be left out stands: the path to what holds it, and its key there. */
interface Place {
  readonly path: readonly string[]
  readonly key: string
  readonly name: string
}

const isParts = (part: Part): part is Parts => typeof part === 'object' && part !== null && !Array.isArray(part)

/** All transitions and actions of a state and of those inside it. */
function placesOf(state: Parts, path: readonly string[] = [], name = ''): Place[] {
  const found: Place[] = []
  const within = (key: string, words: string): void => {
    const part = state[key]
    if (!isParts(part)) return
    for (const [event, row] of Object.entries(part))
      found.push(...rowsOf(row, { path: [...path, key], key: event, name: `${name}${words}${event}` }))
  }
  within('on', ' on ')
  within('after', ' after ')
  for (const key of ['always', 'entry', 'exit'])
    if (state[key] !== undefined) found.push(...rowsOf(state[key], { path, key, name: `${name} ${key}` }))
  const states = state.states
  if (isParts(states))
    for (const [child, inner] of Object.entries(states))
      if (isParts(inner)) found.push(...placesOf(inner, [...path, 'states', child], name === '' ? child : `${name}.${child}`))
  return found
}

/** A row may be one transition or several alternatives; each transition, and each of its actions when it has more than one, can be left out. */
function rowsOf(row: Part, at: Place): Place[] {
  if (!Array.isArray(row)) return [at, ...actionsOf(row, at)]
  return row.flatMap((one, i) => {
    const place = { path: [...at.path, at.key], key: String(i), name: `${at.name} [${i}]${nameOf(one)}` }
    return [place, ...actionsOf(one, place)]
  })
}

function actionsOf(row: Part, at: Place): Place[] {
  if (!isParts(row)) return []
  const path = [...at.path, at.key]
  const guard = row.guard === undefined ? [] : [{ path, key: 'guard', name: `${at.name}: asking whether${nameOf(row)}` }]
  return [...guard, ...doingsOf(row, at)]
}

function doingsOf(row: Parts, at: Place): Place[] {
  const path = [...at.path, at.key]
  if (row.actions === undefined) return []
  if (!Array.isArray(row.actions))
    return row.target === undefined ? [] : [{ path, key: 'actions', name: `${at.name}: ${nameOf(row.actions)}` }]
  return row.actions.map((action, i) => ({ path: [...path, 'actions'], key: String(i), name: `${at.name}: ${nameOf(action)}` }))
}

function nameOf(part: Part): string {
  if (typeof part === 'string') return ` ${part}`
  return isParts(part) && typeof part.guard === 'string' ? ` ${part.guard}` : ''
}

/** Guards asked as often as this of one and the same state go round in a circle. */
const ASKED_MAX = 1000

type Guard = (args: { readonly context: unknown; readonly event: unknown }, params: never) => boolean

/** The same guards, but a chart that runs in a circle without end fails instead. */
function watched(guards: Readonly<Record<string, Guard>>): Record<string, Guard> {
  let last: unknown
  let asked = 0
  const watch =
    (guard: Guard): Guard =>
    (args, params) => {
      asked = args.context === last ? asked + 1 : 0
      last = args.context
      if (asked > ASKED_MAX) throw new Error('the chart goes round in a circle')
      return guard(args, params)
    }
  return Object.fromEntries(Object.entries(guards).map(([name, guard]) => [name, watch(guard)]))
}

/** The same guards, and each once more under another name, answering the opposite. */
const withOpposites = (guards: Readonly<Record<string, Guard>>): Record<string, Guard> => ({
  ...guards,
  ...Object.fromEntries(
    Object.entries(guards).map(([name, guard]): [string, Guard] => [`not ${name}`, (args, params) => !guard(args, params)]),
  ),
})

/** The machine once for each thing that can be left out, and once for each guard that can be turned round, with the same words. */
export function* mutantsOf<M extends AnyStateMachine>(machine: M): Generator<Mutant<M>> {
  const words = { ...machine.implementations, guards: watched(withOpposites(machine.implementations.guards as never)) }
  const changed = ({ path, key, name }: Place, change: (holder: Parts | Part[], key: string) => void): Mutant<M> => {
    const config = copyOf(machine.config) as Parts
    let holder = config as Parts
    for (const step of path) holder = holder[step] as Parts
    change(holder, key)
    return { missing: name.trim(), machine: (createMachine(config as never) as AnyStateMachine).provide(words as never) as M }
  }
  for (const place of placesOf(machine.config as Parts)) {
    yield changed(place, leaveOut)
    if (place.key === 'guard') yield changed({ ...place, name: `${place.name}, turned round` }, turnRound)
  }
}

function leaveOut(holder: Parts | Part[], key: string): void {
  if (Array.isArray(holder)) holder.splice(Number(key), 1)
  else delete holder[key]
}

function turnRound(holder: Parts | Part[], key: string): void {
  if (!Array.isArray(holder)) holder[key] = `not ${String(holder[key])}`
}
