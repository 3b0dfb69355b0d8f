/**
 * Looks for an order of a history in which every result is right and no operation comes before one that had returned when it began. Depth first
 * (Wing and Gong), no configuration twice (Lowe). Knows no partition and no bound: whoever runs it gives it steps.
 */

import type { History, Operation } from '../history.ts'
import { Bits, Configurations } from './configurations.ts'
import type { Meter } from './meter.ts'
import type { Model } from './model.ts'
import { Outlook } from './outlook.ts'
import { States } from './states.ts'
import { Timeline } from './timeline.ts'

/** Where the search came furthest before it had to go back. */
export interface Furthest<State, Op, Result> {
  /** Operations in the order that was found for them, optional ones that were needed included. */
  readonly order: readonly Operation<Op, Result>[]
  /** The state they lead to. */
  readonly state: State
  /** Those that had begun and not been placed, the one that returned first in front: none of them can be next. */
  readonly stuck: readonly Operation<Op, Result>[]
}

/** A configuration on the way, and what has been tried from it. An operation is its number, an optional one `~number`. */
interface Frame {
  readonly state: number
  /** What led here; null at the beginning. */
  readonly placed: number | null
  /** Operations that change nothing and were right here: placed at once, as that can spoil nothing. */
  readonly observed: readonly number[]
  /** First return of an operation that is not placed: nothing that began later can be next. */
  readonly boundary: number
  readonly reached: number
  /** What can be next, in the order in which it is tried. */
  readonly choices: readonly number[]
  tried: number
  /** States to which the last choice leads, and which are still to be tried. */
  readonly successors: number[]
}

/** A frame that was left, in numbers. */
interface Place {
  readonly depth: number
  readonly left: number
  readonly path: readonly number[]
  readonly state: number
  readonly stuck: readonly number[]
}

/** Bytes of a frame, its arrays with a few numbers each, and its place on the stack. */
const FRAME_BYTES = 400

/** One search through one history. It can be run for some steps, put aside, and run on. */
export class Search<State, Op, Result> {
  readonly #model: Model<State, Op, Result>
  readonly #timeline: Timeline<Op, Result>
  readonly #states: States<State>
  readonly #met: Configurations
  readonly #outlook: Outlook<State, Op, Result> | null
  readonly #meter: Meter
  readonly #required: Bits
  readonly #optional: Bits
  readonly #hinted: boolean
  readonly #frames: Frame[] = []
  #left: number
  #furthest: Place = NOWHERE
  #steps = 0

  constructor(model: Model<State, Op, Result>, history: History<Op, Result>, meter: Meter) {
    this.#model = model
    this.#meter = meter
    this.#timeline = new Timeline(history)
    this.#states = new States((state) => model.key(state), meter)
    this.#met = new Configurations(meter)
    this.#outlook = Outlook.of(model, this.#timeline)
    const { required, optional } = this.#timeline
    this.#required = new Bits(required.length)
    this.#optional = new Bits(optional.length)
    this.#left = required.length
    this.#hinted = history.some(({ hint }) => hint !== null)
    const state = this.#states.numberOf(model.init())
    this.#enter(state, null)
    this.#met.add({ required: this.#required, optional: this.#optional, state })
  }

  /** Steps of the model and comparisons of configurations so far. */
  get steps(): number {
    return this.#steps + this.#met.compared
  }

  get bytes(): number {
    return this.#meter.bytes
  }

  /** Goes on for about so many steps, or until it holds so many bytes. `none`: there is no such order. */
  run(steps: number, mayGoOn: () => boolean): 'found' | 'none' | 'paused' {
    const end = this.steps + steps
    for (;;) {
      if (this.#left === 0) return 'found'
      const frame = this.#frames.at(-1)
      if (frame === undefined) return 'none'
      if (this.steps >= end || !mayGoOn()) return 'paused'
      const successor = this.#nextSuccessor(frame)
      if (successor === null) this.#leave()
      else this.#follow(frame.choices[frame.tried - 1] as number, frame, successor)
    }
  }

  /** Where it came furthest. Of a search that found no order. */
  furthest(): Furthest<State, Op, Result> {
    const { path, state, stuck } = this.#furthest
    const named = (choices: readonly number[]) => choices.map((choice) => this.#operation(choice))
    return { order: named(path), state: this.#states.at(state), stuck: named(stuck) }
  }

  #operation(choice: number): Operation<Op, Result> {
    const { required, optional } = this.#timeline
    return (choice >= 0 ? required[choice] : optional[~choice]) as Operation<Op, Result>
  }

  /** The next state that one of the choices leads to, or null when all were tried. */
  #nextSuccessor(frame: Frame): number | null {
    for (;;) {
      const successor = frame.successors.pop()
      if (successor !== undefined) return successor
      const choice = frame.choices[frame.tried++]
      if (choice === undefined) return null
      frame.successors.push(...this.#successors(frame, choice))
    }
  }

  #successors(frame: Frame, choice: number): readonly number[] {
    const states = this.#step(frame.state, choice)
    if (choice >= 0) return states
    // what nobody was told of is of no use where it changes nothing, ...
    const useful = states.filter((state) => state !== frame.state)
    if (useful.length === 0 || frame.placed === null || frame.placed >= 0 || frame.observed.length > 0) return useful
    // ... nor behind another such one which it makes undone: without that one, it leads to the same
    const before = this.#step((this.#frames.at(-2) as Frame).state, choice)
    return useful.filter((state) => !before.includes(state))
  }

  #step(state: number, choice: number): readonly number[] {
    this.#steps++
    const { op, result } = this.#operation(choice)
    return this.#model.step(this.#states.at(state), op, result).map((next) => this.#states.numberOf(next))
  }

  #follow(choice: number, { state: before }: Frame, state: number): void {
    this.#place(choice)
    if (this.#outlook?.isSpoiled(this.#states.at(before), this.#operation(choice))) {
      this.#takeBack(choice)
      return
    }
    this.#enter(state, choice)
    if (this.#left === 0) return
    if (!this.#met.add({ required: this.#required, optional: this.#optional, state })) this.#leave()
  }

  #place(choice: number): void {
    this.#outlook?.place(choice)
    if (choice < 0) this.#optional.add(~choice)
    else {
      this.#timeline.lift(choice)
      this.#required.add(choice)
      this.#left--
    }
  }

  #takeBack(choice: number): void {
    this.#outlook?.takeBack(choice)
    if (choice < 0) this.#optional.delete(~choice)
    else {
      this.#left++
      this.#required.delete(choice)
      this.#timeline.unlift(choice)
    }
  }

  /** Places what only observes and is right in this state, and sees what else can be next. */
  #enter(number: number, placed: number | null): void {
    const { next, tail } = this.#timeline
    const state = this.#states.at(number)
    const observed: number[] = []
    const choices: number[] = []
    let before = 0 // the last entry that is still in the list
    let entry = next[before] as number
    for (; entry !== tail; entry = next[before] as number) {
      const operation = this.#timeline.ownerOf(entry)
      if (operation < 0) break
      if (this.#isSeen(state, operation)) {
        this.#place(operation)
        observed.push(operation)
        continue
      }
      if (!this.#observes(operation)) choices.push(operation)
      before = entry
    }
    this.#addOptional(choices, entry)
    const reached = this.#reached(placed)
    this.#sort(choices, reached)
    this.#frames.push({ state: number, placed, observed, boundary: entry, reached, choices, tried: 0, successors: [] })
    this.#meter.charge(bytesOf(choices))
  }

  /** The highest hint on the way here. */
  #reached(placed: number | null): number {
    const before = this.#frames.at(-1)?.reached ?? Number.NEGATIVE_INFINITY
    return placed === null ? before : Math.max(before, this.#operation(placed).hint ?? before)
  }

  #observes(operation: number): boolean {
    const { op, result } = this.#operation(operation)
    return this.#model.observes?.(op, result) ?? false
  }

  /** Whether an operation only observes, and just this. */
  #isSeen(state: State, operation: number): boolean {
    if (!this.#observes(operation)) return false
    this.#steps++
    const { op, result } = this.#operation(operation)
    return this.#model.step(state, op, result).length > 0
  }

  #addOptional(choices: number[], boundary: number): void {
    for (let i = 0; i < this.#timeline.optional.length && this.#timeline.began(i, boundary); i++)
      if (!this.#optional.has(i)) choices.push(~i)
  }

  #sort(choices: number[], reached: number): void {
    if (!this.#hinted) return
    const ranks = new Map(choices.map((choice) => [choice, rankOf(this.#operation(choice), choice, reached)]))
    choices.sort((a, b) => (ranks.get(a) as number) - (ranks.get(b) as number))
  }

  /** What has begun before a return and is not placed, with the one that returns first. */
  #stuck(boundary: number): readonly number[] {
    const first = ~this.#timeline.ownerOf(boundary)
    const open: number[] = []
    for (let entry = this.#timeline.next[0] as number; entry !== boundary; entry = this.#timeline.next[entry] as number)
      open.push(this.#timeline.ownerOf(entry))
    return [first, ...open.filter((operation) => operation !== first)]
  }

  /** Keeps the furthest place: with the fewest operations left, and without optional ones that were no help. */
  #notice(frame: Frame): void {
    const { depth, left } = this.#furthest
    if (this.#left > left || (this.#left === left && this.#frames.length >= depth)) return
    const path = this.#frames.flatMap(pathOf)
    const stuck = this.#stuck(frame.boundary)
    this.#furthest = { depth: this.#frames.length, left: this.#left, path, state: frame.state, stuck }
  }

  #leave(): void {
    const frame = this.#frames.at(-1) as Frame
    this.#notice(frame)
    this.#frames.pop()
    this.#meter.charge(-bytesOf(frame.choices))
    for (let i = frame.observed.length - 1; i >= 0; i--) this.#takeBack(frame.observed[i] as number)
    if (frame.placed !== null) this.#takeBack(frame.placed)
  }
}

/** What a frame holds: its objects, and its choices in arrays that grow. */
const bytesOf = (choices: readonly number[]): number => FRAME_BYTES + 16 * choices.length

/** Nothing is placed yet, and the first state is the model's own. */
const NOWHERE: Place = { depth: 0, left: Number.POSITIVE_INFINITY, path: [], state: 0, stuck: [] }

const pathOf = ({ placed, observed }: Frame): readonly number[] => (placed === null ? observed : [placed, ...observed])

/** Far above every index of a log. */
const UNHINTED = 2 ** 51

/**
 * By their hints; those without one come later, and last those of which nobody knows whether they took place, also if they had a hint and the order is
 * beyond it: then they changed nothing where they took place, and would elsewhere.
 */
function rankOf({ hint }: Operation<unknown, unknown>, choice: number, reached: number): number {
  if (choice < 0) return hint === null || hint < reached ? 2 * UNHINTED + ~choice : hint
  return hint ?? UNHINTED + choice
}
