/** Sizes and places of a drawn chart, and whether a stored layout still fits its chart. Draws nothing and computes no layout. */

import { ANYWHERE, type Cause, type Chart, type ChartArrow, type ChartState } from './graph.ts'

/** A rectangle, in the drawing's own units (a CSS pixel at natural size). */
export interface Box {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

/** Width and height of something not yet placed. */
export type Size = Pick<Box, 'width' | 'height'>

/** An arrow's way: corners from tail to head, and where its label goes. */
export interface Route {
  readonly points: readonly (readonly [x: number, y: number])[]
  readonly label: Box
}

/** Where everything goes. Holds no words: those come from the chart at the time of drawing. */
export interface Layout extends Size {
  readonly states: Readonly<Record<string, Box>>
  readonly arrows: Readonly<Record<string, Route>>
}

/** Heights of lines and widths of characters: fixed, so that a layout made on one machine fits on all. */
export const TEXT = { line: 13, label: 6.1, name: 8.6, head: 24, pad: 9 } as const

/** Restarts a box lists in full; more are under the pointer. */
const RESTARTS_SHOWN = 3

/** Longest label that keeps its line: narrow labels keep the chart narrow enough for a phone. */
const LABEL_CHARACTERS = 16

/** The words on an arrow: each event, then its guard, a line each. */
export function labelLines(arrow: ChartArrow): readonly string[] {
  const lines = new Set<string>()
  for (const cause of arrow.causes) for (const line of linesOf(cause)) lines.add(line)
  return [...lines]
}

function linesOf(cause: Cause): readonly string[] {
  const guard = cause.guard === null ? [] : [`[${cause.guard}]`]
  const event = cause.event.length <= LABEL_CHARACTERS ? [cause.event] : cause.event.split(' ')
  return [...event, ...guard].filter((line) => line !== '')
}

/** The lines of small text in a state's box: what restarts it, each event named once. */
export function boxLines(state: ChartState): readonly string[] {
  const events = [...new Set(state.restarts.map((cause) => cause.event))]
  const more = events.length - RESTARTS_SHOWN
  if (more <= 1) return events.map((event) => `↻ ${event}`)
  return [...events.slice(0, RESTARTS_SHOWN).map((event) => `↻ ${event}`), `↻ ${more} more`]
}

const widest = (lines: readonly string[]): number => Math.max(0, ...lines.map((line) => line.length)) * TEXT.label

/** Room an arrow's label takes. */
export function labelSize(arrow: ChartArrow): Size {
  const lines = labelLines(arrow)
  return { width: Math.ceil(widest(lines) + 6), height: lines.length * TEXT.line + 2 }
}

/** Least room a state's own words take; a box around other states is larger. */
export function boxSize(state: ChartState): Size {
  const lines = boxLines(state)
  const width = Math.max(state.name.length * TEXT.name, widest(lines)) + 2 * TEXT.pad
  return { width: Math.ceil(Math.max(width, 64)), height: TEXT.head + 4 + lines.length * TEXT.line + (lines.length > 0 ? 4 : 0) }
}

/** Room of the pill from which the root's arrows begin. */
export const ANYWHERE_SIZE: Size = { width: 60, height: 22 }

/** What is wrong with a stored layout: missing, left over, or too small. Empty when it fits. */
export function misfits(chart: Chart, layout: Layout): readonly string[] {
  const states = new Map(chart.states.map((state) => [state.id, boxSize(state)]))
  if (chart.arrows.some((arrow) => arrow.from === ANYWHERE)) states.set(ANYWHERE, ANYWHERE_SIZE)
  const labels = new Map(chart.arrows.map((arrow) => [arrow.id, labelSize(arrow)]))
  const labelBoxes = Object.fromEntries(Object.entries(layout.arrows).map(([id, route]) => [id, route.label]))
  return [...compare('state', states, layout.states), ...compare('arrow', labels, labelBoxes)]
}

function compare(kind: string, wanted: ReadonlyMap<string, Size>, placed: Readonly<Record<string, Box>>): readonly string[] {
  const wrong: string[] = []
  for (const [id, size] of wanted) {
    const box = placed[id]
    if (box === undefined) wrong.push(`${kind} ${id} is not in the layout`)
    else if (box.width < size.width || box.height < size.height) wrong.push(`${kind} ${id} has outgrown its place`)
  }
  for (const id of Object.keys(placed)) if (!wanted.has(id)) wrong.push(`${kind} ${id} is in the layout, not in the chart`)
  return wrong
}
