/** A chart as rows: state, event, guard, target, actions. Read from the machine, so that docs and runs can be held against it. */

import type { AnyStateMachine } from 'xstate'

/** One transition, entry or exit, in words. */
export interface ChartRow {
  readonly state: string
  readonly event: string
  readonly guard: string
  readonly target: string
  readonly actions: string
}

interface Parts {
  readonly [key: string]: unknown
}

const isParts = (part: unknown): part is Parts => typeof part === 'object' && part !== null && !Array.isArray(part)

const listOf = (part: unknown): readonly unknown[] => (part === undefined ? [] : Array.isArray(part) ? part : [part])

/** What an action is called; those without a name raise an event: one they name, or the same again. */
function wordOf(action: unknown): string {
  if (typeof action === 'string') return action
  const raised: unknown = (action as { readonly event?: unknown }).event
  return isParts(raised) ? `raise ${String(raised.type)}` : 'raise the event again'
}

const wordsOf = (actions: unknown): string => listOf(actions).map(wordOf).join(', ')

function rowOf(state: string, event: string, part: unknown): ChartRow {
  if (!isParts(part)) return { state, event, guard: '', target: String(part), actions: '' }
  const target = part.target === undefined ? '' : `${String(part.target)}${part.reenter === true ? ' (again)' : ''}`
  return { state, event, guard: part.guard === undefined ? '' : String(part.guard), target, actions: wordsOf(part.actions) }
}

/** All rows of a chart, in its own order: `always`, timers as `after X`, the ends of invoked work as `X done` and `X failed`, entry and exit included. */
export function rowsOf(machine: AnyStateMachine): ChartRow[] {
  const rows: ChartRow[] = []
  const visit = (part: unknown, state: string): void => {
    if (!isParts(part)) return
    for (const key of ['entry', 'exit'])
      if (part[key] !== undefined) rows.push({ state, event: key, guard: '', target: '', actions: wordsOf(part[key]) })
    for (const one of listOf(part.always)) rows.push(rowOf(state, 'always', one))
    for (const work of listOf(part.invoke)) {
      if (!isParts(work)) continue
      for (const one of listOf(work.onDone)) rows.push(rowOf(state, `${String(work.src)} done`, one))
      for (const one of listOf(work.onError)) rows.push(rowOf(state, `${String(work.src)} failed`, one))
    }
    for (const [event, some] of Object.entries(isParts(part.on) ? part.on : {}))
      for (const one of listOf(some)) rows.push(rowOf(state, event, one))
    for (const [delay, some] of Object.entries(isParts(part.after) ? part.after : {}))
      for (const one of listOf(some)) rows.push(rowOf(state, `after ${delay}`, one))
    for (const [name, inner] of Object.entries(isParts(part.states) ? part.states : {}))
      visit(inner, state === 'any' ? name : `${state}.${name}`)
  }
  visit(machine.config, 'any')
  return rows
}

/** A row in one line, as the tables of docs/protocol.md have it. */
export const sentenceOf = ({ state, event, guard, target, actions }: ChartRow): string =>
  [state, event, guard, target, actions].join(' | ')
