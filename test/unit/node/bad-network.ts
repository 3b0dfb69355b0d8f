/** What lies between the nodes of a cluster in memory: loss, delay, doubling, overtaking, partitions. Who is no node is carried as ever. */

import type { Prng } from '../../../src/base/prng.ts'
import { type Courier, inOrder, type Letter } from '../../../src/transport/loopback/courier.ts'

/** Of a hundred letters between nodes so many are lost; of the Raft messages among the rest, so many come twice, or late. */
const LOST = 10
const DOUBLED = 5
const LATE = 10

/** A late letter comes so much later, in milliseconds, and others overtake it. */
const LATE_MS_MAX = 40

/** Counts of what was done to letters. */
export interface Mischief {
  lost: number
  doubled: number
  late: number
  /** Not carried, since the nodes were on two sides. */
  cut: number
  /** Partitions made. */
  splits: number
}

/** Carries the letters of a hub, some of them badly. */
export class BadNetwork {
  /** Whether letters between nodes are lost, doubled and late. */
  unreliable = false
  readonly done: Mischief = { lost: 0, doubled: 0, late: 0, cut: 0, splits: 0 }
  readonly courier: Courier
  readonly #nodes: readonly string[]
  readonly #chance: Prng
  readonly #straight = inOrder()
  #side: ReadonlySet<string> | null = null

  constructor(nodes: readonly string[], chance: Prng) {
    this.#nodes = nodes
    this.#chance = chance
    this.courier = (letter, deliver) => this.#carry(letter, deliver)
  }

  /** From now on nothing passes between these nodes and the others. */
  split(side: readonly string[]): void {
    this.#side = new Set(side)
    this.done.splits++
  }

  /** Draws two sides, neither of them empty. */
  splitAnyhow(): void {
    const nodes = [...this.#nodes]
    const side: string[] = []
    const size = this.#chance.between(1, nodes.length)
    while (side.length < size) side.push(...nodes.splice(this.#chance.between(0, nodes.length), 1))
    this.split(side)
  }

  /** Everything passes again, at once and once. */
  heal(): void {
    this.#side = null
    this.unreliable = false
  }

  #carry(letter: Letter, deliver: () => void): void {
    const { from, to } = letter
    const between = from !== to && this.#nodes.includes(from) && this.#nodes.includes(to)
    if (between && this.#side !== null && this.#side.has(from) !== this.#side.has(to)) this.done.cut++
    else if (between && this.unreliable) this.#carryBadly(letter, deliver)
    else this.#straight(letter, deliver)
  }

  #carryBadly(letter: Letter, deliver: () => void): void {
    const fate = this.#chance.between(0, 100)
    if (fate < LOST) {
      this.done.lost++
      return
    }
    const raft = letter.subject.split('.')[2] === 'raft' // a question and its answer come once or not at all
    const doubled = raft && fate < LOST + DOUBLED
    const late = raft && !doubled && fate < LOST + DOUBLED + LATE
    if (doubled) this.done.doubled++
    if (late) this.done.late++
    if (doubled || late) setTimeout(deliver, this.#chance.between(1, LATE_MS_MAX))
    if (!late) this.#straight(letter, deliver)
  }
}
