/**
 * Counts which rows of a chart are taken, and what their guards say, wherever in the process it is stepped. For simulators and tests: nobody who runs a
 * node calls it, so it costs a node nothing.
 */

import type { AnyStateMachine, AnyStateNode } from 'xstate'
import { type ChartRow, rowsOf } from './rows.ts'

/** How often a row was looked at and taken, since the tally began. A row without a guard is never refused. */
export interface TalliedRow extends ChartRow {
  readonly taken: number
  readonly refused: number
}

type Counted = { -readonly [Key in keyof TalliedRow]: TalliedRow[Key] }

/** What xstate keeps of one transition. */
interface Definition {
  guard?: unknown
}

type Guard = (args: unknown, params: unknown) => boolean

const tallies = new WeakMap<AnyStateMachine, readonly Counted[]>()

/**
 * The rows of a machine with their counts, which go on being counted. The first call makes the machine count: a guard's yes is a row taken, since xstate
 * takes the first that passes. Entry and exit are not counted: they follow the states.
 */
export function tallyOf(machine: AnyStateMachine): readonly TalliedRow[] {
  const known = tallies.get(machine)
  if (known) return known
  const rows = rowsOf(machine)
    .filter(({ event }) => event !== 'entry' && event !== 'exit')
    .map((row): Counted => ({ ...row, taken: 0, refused: 0 }))
  const waiting = [...rows]
  visit(machine.root as unknown as AnyStateNode, (state, event, definition) => {
    const at = waiting.findIndex((row) => row.state === state && row.event === event) // both are in the chart's order
    const [row] = at < 0 ? [] : waiting.splice(at, 1)
    if (row !== undefined) count(definition, row, machine)
  })
  tallies.set(machine, rows)
  return rows
}

function visit(node: AnyStateNode, each: (state: string, event: string, definition: Definition) => void): void {
  const state = node.path.join('.') || 'any'
  for (const definition of node.always ?? []) each(state, 'always', definition)
  for (const [type, definitions] of node.transitions) for (const definition of definitions) each(state, eventOf(type), definition)
  for (const child of Object.values(node.states)) visit(child as AnyStateNode, each)
}

/** A timer's event is `xstate.after.<delay>.<state>`. */
const eventOf = (type: string): string => (type.startsWith('xstate.after.') ? `after ${type.split('.')[2]}` : type)

function count(definition: Definition, row: Counted, machine: AnyStateMachine): void {
  const { guard } = definition
  const guards = machine.implementations.guards as unknown as Readonly<Record<string, Guard>>
  const asked = typeof guard === 'string' ? guards[guard] : undefined
  definition.guard = (args: unknown, params: unknown): boolean => {
    const says = asked === undefined || asked(args, params)
    if (says) row.taken++
    else row.refused++
    return says
  }
}
