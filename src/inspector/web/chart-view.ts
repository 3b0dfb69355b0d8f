/// <reference lib="dom" />
/** One drawn chart on the page: lights the active states and flashes the arrow just taken. Knows ids, not what they mean. */

/** Where the arrows of every state begin, as in the drawing. */
const ANYWHERE = '*'

/** Whether a state is another, or lies around it. */
const covers = (outer: string, inner: string): boolean => outer === inner || inner.startsWith(`${outer}.`)

/** From one innermost state to another. */
interface Move {
  readonly from: string
  readonly to: string
}

/** Whether an arrow, by where it starts and what it enters, can have led there in one step. */
export function mayHaveLed(arrow: { readonly from: string; readonly enters: string }, move: Move): boolean {
  return (arrow.from === ANYWHERE || covers(arrow.from, move.from)) && arrow.enters === move.to
}

/** A copy of the drawing with its own light. */
export class ChartView {
  readonly element: SVGSVGElement
  #leaf: string | null = null

  constructor(drawing: SVGSVGElement) {
    this.element = drawing.cloneNode(true) as SVGSVGElement
  }

  /** Lights a path of states, outermost first. An empty path darkens the chart. */
  show(path: readonly string[]): void {
    const leaf = path.length === 0 ? null : path.join('.')
    if (leaf === this.#leaf) return
    for (const state of this.element.querySelectorAll<SVGElement>('.state')) {
      const id = state.dataset.state ?? ''
      state.classList.toggle('active', leaf !== null && covers(id, leaf))
      state.classList.toggle('here', id === leaf)
    }
    if (leaf !== null && this.#leaf !== null) this.#flash({ from: this.#leaf, to: leaf })
    this.#leaf = leaf
  }

  /**
   * Between two looks several arrows may have been taken, and several may lead to the same state: every arrow that can have
   * led here in one step is flashed, none if it took more.
   */
  #flash(move: Move): void {
    for (const part of this.element.querySelectorAll<SVGElement>('.arrow, .label')) {
      part.classList.remove('taken')
      void part.getBoundingClientRect() // without a layout in between, the animation would not start again
      const { from = '', enters = '' } = part.dataset
      part.classList.toggle('taken', mayHaveLed({ from, enters }, move))
    }
  }
}

/** Fetches the drawing that all charts on the page are copies of. */
export async function loadDrawing(): Promise<SVGSVGElement> {
  const answer = await fetch('/chart.svg')
  if (!answer.ok) throw new Error(`the chart was not served: ${answer.status}`)
  const parsed = new DOMParser().parseFromString(await answer.text(), 'image/svg+xml')
  return document.importNode(parsed.documentElement, true) as unknown as SVGSVGElement
}
