/**
 * Walks a small world breadth first: every state within the bounds, once. What is found first is found on a shortest way, so a counter-example is minimal.
 * Pure: knows no clock; who calls may stop it.
 */

import type { PeerSteps } from '../../peer/step.ts'
import { startPeer, stepEvent, stepMessage } from '../../peer/step.ts'
import { type Message, waitsForDisk } from '../../protocol/messages.ts'
import { DEFAULT_SETTINGS } from '../../protocol/settings.ts'
import { Atlas } from './atlas.ts'
import { Fingerprints } from './fingerprint.ts'
import type { Violation } from './invariants.ts'
import type { Bounds, Model } from './model.ts'
import type { Host } from './stimulus.ts'
import { renamingsOf, sameNames } from './symmetry.ts'
import { Together } from './together.ts'
import { Visited } from './visited.ts'
import { type Action, Rules, type Step, type World } from './world.ts'

/** States that are kept when nobody says otherwise: about a gigabyte. */
export const STATES_MAX = 4_000_000

/** States looked at between two questions whether to go on. */
const PACE = 4096

/** What is walked, if not the model as it is. */
export interface ExploreOptions {
  readonly bounds?: Partial<Bounds>
  /** The core; another one shows what is found when a rule is missing. Default: the real one. */
  readonly steps?: PeerSteps
  /** What the host does with letters that promise something of the disk. Default: they wait. */
  readonly waits?: (message: Message) => boolean
  /** How many ticks old a round may be that covers a read. Default: what the model says. */
  readonly lease?: number
  /** States that differ only in who is called what count as one. Default: what the model says. */
  readonly symmetry?: boolean
  /** Letters that come too late for ever are kept. Default: they go, and it is checked that nobody would listen to them. */
  readonly keepLate?: boolean
  /** States that differ only in what is under way are taken together, and there is no bound on letters: see together.ts. Default: each is looked at. */
  readonly together?: boolean
  /** States at most. Default: {@link STATES_MAX}. */
  readonly states?: number
  /** Asked now and then, with how far it is; false ends the walk. */
  readonly goOn?: (progress: Progress) => boolean
}

/** How far a walk is. */
export interface Progress {
  readonly states: number
  readonly transitions: number
  readonly depth: number
}

/** One line of a counter-example: what happened, and what came of it. */
export interface Moment {
  readonly action: Action
  readonly world: World
}

/** A shortest way to something broken. */
export interface CounterExample extends Violation {
  readonly beginning: World
  readonly moments: readonly Moment[]
}

/** What a walk found. */
export interface Walk extends Progress {
  readonly model: string
  readonly bounds: Bounds
  /** Whether states were taken together that differ only in letters. */
  readonly together: boolean
  /** Distinct peers and letters that were met. */
  readonly peers: number
  readonly letters: number
  /** Whether every state within the bounds was seen; or why not. */
  readonly end: 'complete' | 'violation' | 'too many states' | 'stopped'
  readonly counterExample: CounterExample | null
}

const REAL_STEPS: PeerSteps = { start: startPeer, message: stepMessage, event: stepEvent }

/** Walks a model. What seems broken where states were taken together is looked for again in each of them: that alone counts. */
export function explore(model: Model, options: ExploreOptions = {}): Walk {
  const bounds = { ...model.bounds, ...options.bounds }
  return (options.together && walkTogether(model, bounds, options)) || new Walker(model, bounds, options).walk()
}

/** Null: something may be broken. Names count as they are. */
function walkTogether(model: Model, given: Bounds, options: ExploreOptions): Walk | null {
  const { states = STATES_MAX, goOn = () => true, keepLate = false } = options
  const bounds = { ...given, letters: Number.POSITIVE_INFINITY }
  const atlas = new Atlas(hostOf(model, bounds, options), [sameNames(bounds.nodes)])
  const rules = new Rules(atlas, model, { bounds, keepLate })
  const walk = new Together(rules, { states, goOn }).walk(model.beginnings.map((beginning) => rules.begin(beginning)))
  const { end } = walk
  return end === 'doubtful'
    ? null
    : { model: model.name, bounds, together: true, ...atlas.sizes, ...walk, end, counterExample: null }
}

interface Spot {
  readonly world: World
  readonly number: number
}

class Walker {
  readonly #model: Model
  readonly #bounds: Bounds
  readonly #atlas: Atlas
  readonly #rules: Rules
  readonly #fingerprints: Fingerprints
  readonly #visited: Visited
  readonly #goOn: (progress: Progress) => boolean
  /** By the number of a state: the state it was reached from, and by which of the steps there. */
  readonly #from: number[] = []
  readonly #by: number[] = []
  #transitions = 0
  #depth = 0

  constructor(model: Model, bounds: Bounds, options: ExploreOptions) {
    const { nodes } = bounds
    const { symmetry = model.symmetric, states = STATES_MAX, keepLate = false, goOn = () => true } = options
    const everybody = Array.from({ length: nodes }, (_, i) => i + 1)
    const renamings = symmetry && model.symmetric ? renamingsOf(nodes, [everybody]) : [sameNames(nodes)]
    this.#model = model
    this.#bounds = bounds
    this.#atlas = new Atlas(hostOf(model, bounds, options), renamings)
    this.#rules = new Rules(this.#atlas, model, { bounds, keepLate })
    this.#fingerprints = new Fingerprints(this.#atlas)
    this.#visited = new Visited(states)
    this.#goOn = goOn
  }

  walk(): Walk {
    let level: Spot[] = []
    for (const beginning of this.#model.beginnings) {
      const world = this.#rules.begin(beginning)
      if (this.#isNew(world)) level.push(this.#noted(world, -1 - level.length, 0))
    }
    const beginnings = level.map(({ world }) => world)
    while (level.length > 0) {
      const next: Spot[] = []
      for (const spot of level) {
        const end = this.#look(spot, next, beginnings)
        if (end) return end
      }
      if (next.length > 0) this.#depth++
      level = next
    }
    return this.#ended('complete', null)
  }

  /** Looks at everything that can happen in one state. Answers with the end of the walk if this is it. */
  #look({ world, number }: Spot, next: Spot[], beginnings: readonly World[]): Walk | null {
    let ordinal = 0
    let broken: Step | null = null
    this.#rules.next(world, (step) => {
      this.#transitions++
      broken ??= step.violation ? step : null
      if (broken || this.#visited.isFull) return
      if (this.#isNew(step.world)) next.push(this.#noted(step.world, number, ordinal))
      ordinal++
    })
    if (broken) return this.#broken(broken, number, beginnings)
    if (this.#visited.isFull) return this.#ended('too many states', null)
    if (number % PACE === PACE - 1 && !this.#goOn(this.#progress)) return this.#ended('stopped', null)
    return null
  }

  #broken({ action, world, violation }: Step, number: number, beginnings: readonly World[]): Walk {
    this.#depth++
    const moments = [...this.#wayTo(number, beginnings), { action, world }]
    const beginning = beginnings[this.#rootOf(number)] as World
    return this.#ended('violation', { ...(violation as Violation), beginning, moments })
  }

  #isNew(world: World): boolean {
    const { high, low } = this.#fingerprints.of(world)
    return this.#visited.add(high, low)
  }

  #noted(world: World, from: number, by: number): Spot {
    this.#by.push(by)
    return { world, number: this.#from.push(from) - 1 }
  }

  #rootOf(number: number): number {
    let at = number
    while ((this.#from[at] as number) >= 0) at = this.#from[at] as number
    return -1 - (this.#from[at] as number)
  }

  /** The same steps once more, from the beginning: only their ordinals were kept. */
  #wayTo(number: number, beginnings: readonly World[]): Moment[] {
    const ordinals: number[] = []
    for (let at = number; (this.#from[at] as number) >= 0; at = this.#from[at] as number) ordinals.unshift(this.#by[at] as number)
    let world = beginnings[this.#rootOf(number)] as World
    return ordinals.map((ordinal) => {
      const steps: Step[] = []
      this.#rules.next(world, (step) => steps.push(step))
      const step = steps[ordinal]
      if (!step) throw new Error('a step that was taken cannot be taken again')
      world = step.world
      return { action: step.action, world }
    })
  }

  get #progress(): Progress {
    return { states: this.#visited.size, transitions: this.#transitions, depth: this.#depth }
  }

  #ended(end: Walk['end'], counterExample: CounterExample | null): Walk {
    const [model, bounds] = [this.#model.name, this.#bounds]
    return { model, bounds, together: false, ...this.#progress, ...this.#atlas.sizes, end, counterExample }
  }
}

function hostOf(model: Model, { crashes }: Bounds, { steps = REAL_STEPS, waits = waitsForDisk, lease }: ExploreOptions): Host {
  const { slowDisk, slowMachine, ticks } = model
  return {
    steps,
    settings: { ...DEFAULT_SETTINGS, ...model.settings },
    mayCrash: crashes > 0 || slowDisk,
    slowDisk,
    slowMachine,
    waits,
    ticks: ticks && { ...ticks, ...(lease !== undefined && { lease }) },
  }
}
