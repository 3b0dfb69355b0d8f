/** The network of a simulated world: delays, losses, cuts, and what else lies between processes. Draws its chances from its own stream. */

import type { Prng } from '../../base/prng.ts'
import type { Courier } from '../../transport/loopback/courier.ts'
import type { Timeline } from './timeline.ts'

/** From one machine to another. */
export type Link = readonly [from: string, to: string]

const keyOf = ([from, to]: Link): string => `${from}>${to}`

/** What may befall a letter, as shares of all letters. */
export interface Weather {
  readonly lose: number
  readonly double: number
  /** Out of the order in which it was sent: NATS itself never does that, two connections may. */
  readonly reorder: number
}

const CALM: Weather = { lose: 0, double: 0, reorder: 0 }

/** Milliseconds on the way when nothing is wrong. */
const DELAY_MS = { min: 0.1, max: 1.5 }

/** What a letter that is out of order, or a second copy of one, is late by at most. */
const LATE_MS_MAX = 120

export interface NetworkHost {
  readonly timeline: Timeline
  readonly chance: Prng
  /** The machine on which a transport of that name is. */
  machineOf(transport: string): string
  /** Whether two of a letter are one too many: NATS doubles nothing, and a proposal that comes twice is done twice. Raft does not mind. */
  mayDouble(subject: string): boolean
  /** Hands a letter to the process that the transport is of. */
  hand(transport: string, deliver: () => void): void
  /** Told of each letter that something befell. */
  onFate(fate: 'lost' | 'cut' | 'doubled' | 'late', from: string, to: string): void
}

export class SimNetwork {
  readonly #host: NetworkHost
  /** By episode. */
  readonly #weather = new Map<object, Weather>()
  /** How often a link is cut now. */
  readonly #cuts = new Map<string, number>()
  readonly #slow = new Map<string, number>()
  /** When the last letter on a link arrives: later ones do not overtake it. */
  readonly #lastAt = new Map<string, number>()
  /** When a machine's connection broke: what it had sent just before never reached the server. */
  readonly #brokenAt = new Map<string, number>()

  constructor(host: NetworkHost) {
    this.#host = host
  }

  readonly courier: Courier = ({ from, to, subject }, deliver) => {
    const { timeline, chance, onFate, mayDouble } = this.#host
    const link = keyOf([this.#host.machineOf(from), this.#host.machineOf(to)])
    const { lose, double, reorder } = this.#now()
    if (this.#cuts.has(link)) return onFate('cut', from, to)
    if (lose > 0 && chance.next() < lose) return onFate('lost', from, to)
    const delay = DELAY_MS.min + chance.next() * (DELAY_MS.max - DELAY_MS.min) + (this.#slow.get(link) ?? 0)
    const isLate = reorder > 0 && chance.next() < reorder
    let at = timeline.now + delay + (isLate ? chance.next() * LATE_MS_MAX : 0)
    if (isLate) onFate('late', from, to)
    else {
      at = Math.max(at, this.#lastAt.get(link) ?? 0)
      this.#lastAt.set(link, at)
    }
    this.#bring(at, { from, to, link, deliver })
    if (double > 0 && mayDouble(subject) && chance.next() < double) {
      onFate('doubled', from, to)
      this.#bring(at + chance.next() * LATE_MS_MAX, { from, to, link, deliver })
    }
  }

  /** Bad weather begins; ends with {@link clear}. */
  worsen(episode: object, weather: Partial<Weather>): void {
    this.#weather.set(episode, { ...CALM, ...weather })
  }

  clear(episode: object): void {
    this.#weather.delete(episode)
  }

  cut(links: readonly Link[]): void {
    for (const link of links) this.#cuts.set(keyOf(link), (this.#cuts.get(keyOf(link)) ?? 0) + 1)
  }

  mend(links: readonly Link[]): void {
    for (const link of links) {
      const left = (this.#cuts.get(keyOf(link)) ?? 1) - 1
      if (left === 0) this.#cuts.delete(keyOf(link))
      else this.#cuts.set(keyOf(link), left)
    }
  }

  /** Letters on these links take so much longer. 0: no more. */
  slow(links: readonly Link[], ms: number): void {
    for (const link of links) {
      if (ms === 0) this.#slow.delete(keyOf(link))
      else this.#slow.set(keyOf(link), ms)
    }
  }

  /** The machine's connection breaks: what it sent in this moment is lost. */
  broken(machine: string): void {
    this.#brokenAt.set(machine, this.#host.timeline.now)
  }

  #bring(
    at: number,
    {
      from,
      to,
      link,
      deliver,
    }: { readonly from: string; readonly to: string; readonly link: string; readonly deliver: () => void },
  ): void {
    const { timeline, hand, onFate } = this.#host
    const sentAt = timeline.now
    timeline.at(at, () => {
      const isGone = sentAt >= (this.#brokenAt.get(this.#host.machineOf(from)) ?? Number.POSITIVE_INFINITY) - DELAY_MS.min
      if (this.#cuts.has(link) || (isGone && sentAt <= (this.#brokenAt.get(this.#host.machineOf(from)) as number)))
        return onFate('cut', from, to)
      hand(to, deliver)
    })
  }

  /** All episodes together: each takes its share of what the others leave. */
  #now(): Weather {
    if (this.#weather.size === 0) return CALM
    let [lose, double, reorder] = [1, 1, 1]
    for (const weather of this.#weather.values()) {
      lose *= 1 - weather.lose
      double *= 1 - weather.double
      reorder *= 1 - weather.reorder
    }
    return { lose: 1 - lose, double: 1 - double, reorder: 1 - reorder }
  }
}
