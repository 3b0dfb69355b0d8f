/// <reference lib="dom" />
/** One node on the page: its numbers, its chart, its button. Shows what it is given; asks nobody. All words go in as text. */

import type { PageNode, PageSnapshot } from '../snapshot.ts'
import { ChartView } from './chart-view.ts'
import { bytes, count, lag, share } from './words.ts'

/** What the button does. */
export type Verb = 'kill' | 'revive'

export interface CardOptions {
  readonly node: string
  readonly drawing: SVGSVGElement
  /** Resolves with null when done, else with what went wrong. */
  readonly act: (node: string, verb: Verb) => Promise<string | null>
}

const FACTS = ['term', 'vote', 'leader', 'commit', 'applied', 'last', 'store', 'process'] as const
type Fact = (typeof FACTS)[number]

/** A card that is made once and updated ever after, so that nothing flickers and no focus is lost. */
export class Card {
  readonly element = make('article', 'card')
  readonly #options: CardOptions
  readonly #badge = make('span', 'badge')
  readonly #life = make('span', 'life')
  readonly #button = make('button', 'act') as HTMLButtonElement
  readonly #facts = new Map<Fact, HTMLElement>()
  readonly #applied = make('i', 'applied')
  readonly #commit = make('i', 'commit')
  readonly #lag = make('span', 'lag')
  readonly #note = make('p', 'note')
  readonly #chart: ChartView
  #verb: Verb = 'kill'

  constructor(options: CardOptions) {
    this.#options = options
    this.#chart = new ChartView(options.drawing)
    this.element.dataset.node = options.node
    this.#button.type = 'button'
    this.#button.addEventListener('click', () => void this.#act())
    this.#note.setAttribute('role', 'status')
    this.element.append(this.#head(), this.#table(), this.#progress(), this.#note, this.#figure())
  }

  /** Shows a node as of a snapshot. `last` is the last index known anywhere in the group. */
  show(seen: PageNode, snapshot: PageSnapshot, last: number): void {
    const { alive, status, peer } = seen
    const role = alive ? (peer?.role ?? 'none') : 'dead'
    this.element.dataset.role = role
    setText(this.#badge, role === 'none' ? 'no replica' : role)
    setText(this.#life, lifeOf(seen))
    this.#chart.show(alive ? (peer?.states ?? []) : [])
    const values: Record<Fact, string> = {
      term: count(peer?.term),
      vote: peer?.vote ?? '–',
      leader: peer?.leader ?? '–',
      commit: count(peer?.commit),
      applied: count(peer?.applied),
      last: count(peer?.lastIndex),
      store: status === null ? '–' : bytes(status.store.bytes),
      process: alive && status !== null ? String(status.pid) : '–',
    }
    for (const fact of FACTS) setText(this.#facts.get(fact), values[fact])
    this.#applied.style.width = share(peer?.applied ?? 0, last)
    this.#commit.style.width = share(peer?.commit ?? 0, last)
    setText(this.#lag, peer === null ? '' : lag(peer.applied, last))
    this.#verb = alive ? 'kill' : 'revive'
    this.#button.hidden = !snapshot.supervised
    this.#button.dataset.verb = this.#verb
    setText(this.#button, alive ? 'Kill' : 'Revive')
  }

  async #act(): Promise<void> {
    this.#button.disabled = true
    const problem = await this.#options.act(this.#options.node, this.#verb)
    this.#button.disabled = false
    setText(this.#note, problem ?? '')
  }

  #head(): HTMLElement {
    const head = make('header', 'heading')
    const name = make('h2', 'node')
    name.textContent = this.#options.node
    head.append(name, this.#badge, this.#life, this.#button)
    return head
  }

  #table(): HTMLElement {
    const table = make('dl', 'facts')
    for (const fact of FACTS) {
      const pair = make('div', fact)
      const word = make('dt')
      const value = make('dd')
      word.textContent = fact
      pair.append(word, value)
      table.append(pair)
      this.#facts.set(fact, value)
    }
    return table
  }

  #progress(): HTMLElement {
    const row = make('div', 'progress')
    const bar = make('div', 'track')
    bar.title = 'applied, committed, and the last entry known anywhere'
    bar.append(this.#commit, this.#applied)
    row.append(bar, this.#lag)
    return row
  }

  #figure(): HTMLElement {
    const figure = make('figure', 'figure')
    figure.append(this.#chart.element)
    return figure
  }
}

function lifeOf({ alive, status, peer }: PageNode): string {
  if (!alive) return 'not answering'
  if (status !== null && !status.connected) return 'disconnected'
  if (peer !== null && peer.life !== 'running') return peer.life
  return status?.life ?? ''
}

function make(tag: string, kind?: string): HTMLElement {
  const element = document.createElement(tag)
  if (kind !== undefined) element.className = kind
  return element
}

/** Leaves an element alone that says it already: a selection in it survives. */
function setText(element: HTMLElement | undefined, words: string): void {
  if (element !== undefined && element.textContent !== words) element.textContent = words
}
