/** A chart and its layout as one SVG text. Knows words and places; what is active, and every colour, is the page's business. */

import { ANYWHERE_SIZE, type Box, boxLines, type Layout, labelLines, type Route, TEXT } from './chart/geometry.ts'
import { ANYWHERE, type Chart, type ChartArrow, type ChartState, sentenceOf } from './chart/graph.ts'

/** Radius of an arrow's bends. */
const BEND = 6

/** Length and half width of an arrow's head. */
const HEAD = { length: 7, half: 3.4 } as const

/**
 * Draws a chart. Groups carry `data-state` (a dotted path, as in a status) or `data-from`, `data-to` and `data-enters`; the page lights
 * them by adding classes. A state or arrow without a place in the layout is left out: `misfits` names it.
 */
export function drawChart(chart: Chart, layout: Layout): string {
  const boxes = chart.states.flatMap((state) => drawState(state, layout.states[state.id]))
  const ways = chart.arrows.flatMap((arrow) => {
    const route = layout.arrows[arrow.id]
    return route === undefined ? [] : [{ arrow, route, enters: innermost(chart, arrow.to) }]
  })
  const size = `viewBox="0 0 ${layout.width} ${layout.height}" width="${layout.width}" height="${layout.height}"`
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" class="chart" role="img" aria-label="${escapeXml(chart.name)} chart" ${size}`,
    ' font-family="ui-sans-serif, system-ui, sans-serif" font-size="10" fill="none" stroke="currentColor">\n',
    [...boxes, ...drawAnywhere(chart, layout.states[ANYWHERE]), ...ways.map(drawArrow), ...ways.map(drawLabel)].join('\n'),
    '\n</svg>\n',
  ].join('')
}

function drawState(state: ChartState, box: Box | undefined): readonly string[] {
  if (box === undefined) return []
  const x = box.x + TEXT.pad
  const lines = boxLines(state).map((line, row) => write('restart', { x, y: box.y + TEXT.head + 10 + row * TEXT.line }, line))
  const shape = [rect(box, state.kind === 'atomic' ? 7 : 10), write('name', { x, y: box.y + 17 }, state.name)]
  return [
    group(`state ${state.kind}`, { 'data-state': state.id }, [
      title(stateTitle(state)),
      ...shape,
      ...lines,
      ...initialDot(state, box),
    ]),
  ]
}

/** The dot that says where a state begins, to the left of its box, as statecharts are drawn since Harel. */
function initialDot(state: ChartState, box: Box): readonly string[] {
  if (!state.initial || state.parent === null) return []
  const y = round(box.y + 12)
  const x = round(box.x - 6)
  return [
    `<path class="initial" d="M${x} ${y}H${box.x}"/><circle class="initial" cx="${x}" cy="${y}" r="2.4" fill="currentColor" stroke="none"/>`,
  ]
}

function stateTitle(state: ChartState): string {
  const restarts = state.restarts.map((cause) => `↻ ${sentenceOf(cause)}`)
  const handles = state.handles.map((cause) => `· ${sentenceOf(cause)}`)
  return [state.id, ...new Set([...restarts, ...handles])].join('\n')
}

function drawAnywhere(chart: Chart, box: Box | undefined): readonly string[] {
  if (box === undefined) return []
  const words = ['in any state', ...new Set(chart.handles.map((cause) => `· ${sentenceOf(cause)}`))].join('\n')
  const centre = { x: box.x + ANYWHERE_SIZE.width / 2, y: box.y + 15, middle: true }
  return [
    group('anywhere', { 'data-state': ANYWHERE }, [title(words), rect(box, box.height / 2), write('pill', centre, 'any state')]),
  ]
}

/** An arrow with its place, and the innermost state it leads to. */
interface Way {
  readonly arrow: ChartArrow
  readonly route: Route
  readonly enters: string
}

/** Where one ends up who enters a state: its initial state, and so on inward. */
function innermost(chart: Chart, id: string): string {
  const inner = chart.states.find((state) => state.parent === id && state.initial)
  return inner === undefined ? id : innermost(chart, inner.id)
}

const endsOf = ({ arrow, enters }: Way) => ({ 'data-from': arrow.from, 'data-to': arrow.to, 'data-enters': enters })

function drawArrow(way: Way): string {
  const { points } = way.route
  return group('arrow', endsOf(way), [title(arrowTitle(way.arrow)), `<path class="wire" d="${wire(points)}"/>`, head(points)])
}

/** Labels come after all arrows: words are never crossed out. */
function drawLabel(way: Way): string {
  const { label } = way.route
  const lines = labelLines(way.arrow).map((line, row) => {
    const spot = { x: label.x + label.width / 2, y: label.y + 11 + row * TEXT.line, middle: true }
    return write(line.startsWith('[') ? 'guard' : 'event', spot, line)
  })
  return group('label', endsOf(way), [title(arrowTitle(way.arrow)), ...lines])
}

const arrowTitle = (arrow: ChartArrow): string => {
  const from = arrow.from === ANYWHERE ? 'any state' : arrow.from
  return [`${from} → ${arrow.to}`, ...arrow.causes.map(sentenceOf)].join('\n')
}

/** A line through the points with its bends rounded, ending where the head begins. */
function wire(points: Route['points']): string {
  const path = points.map((point, i) => {
    const [before, after] = [points[i - 1], points[i + 1]]
    if (before === undefined) return `M${point[0]} ${point[1]}`
    if (after === undefined) return `L${at(toward(point, before, HEAD.length - 1))}`
    return `L${at(toward(point, before, BEND))}Q${at(point)} ${at(toward(point, after, BEND))}`
  })
  return path.join('')
}

function head(points: Route['points']): string {
  const tip = points.at(-1)
  const before = points.at(-2)
  if (tip === undefined || before === undefined) return ''
  const base = toward(tip, before, HEAD.length)
  const [dx, dy] = [(tip[0] - base[0]) / HEAD.length, (tip[1] - base[1]) / HEAD.length]
  const left = [base[0] - dy * HEAD.half, base[1] + dx * HEAD.half] as const
  const right = [base[0] + dy * HEAD.half, base[1] - dx * HEAD.half] as const
  return `<path class="head" d="M${at(tip)}L${at(left)}L${at(right)}Z" fill="currentColor" stroke="none"/>`
}

/** A point on the way from one to another, so far along, at most half way. */
function toward(from: readonly [number, number], to: readonly [number, number], distance: number): readonly [number, number] {
  const length = Math.hypot(to[0] - from[0], to[1] - from[1])
  const part = length === 0 ? 0 : Math.min(distance / length, 0.5)
  return [from[0] + (to[0] - from[0]) * part, from[1] + (to[1] - from[1]) * part]
}

const round = (value: number): number => Math.round(value * 10) / 10
const at = ([x, y]: readonly [number, number]): string => `${round(x)} ${round(y)}`

const rect = (box: Box, radius: number): string =>
  `<rect x="${box.x}" y="${box.y}" width="${box.width}" height="${box.height}" rx="${radius}"/>`

/** Where a line of words begins, or its middle is. */
interface Spot {
  readonly x: number
  readonly y: number
  readonly middle?: boolean
}

function write(kind: string, spot: Spot, words: string): string {
  const anchored = spot.middle === true ? ' text-anchor="middle"' : ''
  return `<text class="${kind}" x="${round(spot.x)}" y="${round(spot.y)}"${anchored} fill="currentColor" stroke="none">${escapeXml(words)}</text>`
}

function group(kind: string, data: Readonly<Record<string, string>>, parts: readonly string[]): string {
  const attributes = Object.entries(data).map(([name, value]) => ` ${name}="${escapeXml(value)}"`)
  return `<g class="${kind}"${attributes.join('')}>${parts.join('')}</g>`
}

const title = (words: string): string => `<title>${escapeXml(words)}</title>`

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

/** Names come from a definition that a user may have written: none of them is markup. */
const escapeXml = (words: string): string => words.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '')
