/** Which configurations of a search were met: sets of placed operations with a state (Lowe). Knows neither operations nor states, only numbers. */

import type { Meter } from './meter.ts'
import { mix } from './mix.ts'

/** A set of numbers as bits, that knows where its ones begin to have gaps and where they end. */
export class Bits {
  readonly words: Int32Array
  #gap = 0
  #top = -1

  constructor(size: number) {
    this.words = new Int32Array(Math.ceil(size / 32))
  }

  /** Word before which all bits are set. */
  get gap(): number {
    while (this.words[this.#gap] === -1) this.#gap++
    return this.#gap
  }

  /** Word behind which no bit is set; below `gap` when there is none at or above it. */
  get top(): number {
    while (this.#top >= 0 && this.words[this.#top] === 0) this.#top--
    return this.#top
  }

  has(bit: number): boolean {
    return ((this.words[bit >>> 5] as number) & (1 << (bit & 31))) !== 0
  }

  add(bit: number): void {
    const word = bit >>> 5
    this.words[word] = (this.words[word] as number) | (1 << (bit & 31))
    this.#top = Math.max(this.#top, word)
  }

  delete(bit: number): void {
    const word = bit >>> 5
    this.words[word] = (this.words[word] as number) & ~(1 << (bit & 31))
    this.#gap = Math.min(this.#gap, word)
  }
}

/** What was placed, and the state it led to. */
export interface Configuration {
  readonly required: Bits
  readonly optional: Bits
  readonly state: number
}

/** Words of a segment: a record lies in one. The first segments are smaller, since most histories are. */
const SEGMENT_WORDS = 1 << 16
const SEGMENT_WORDS_MIN = 1 << 10

/** Words of a record before its bits: the next one of its chain, hash, state, first word of the required bits, number of them. */
const HEADER_WORDS = 5

const SLOTS_MIN = 1 << 8

/**
 * A set of configurations. One is taken for known if one with the same required operations and the same state was met that had used none of the
 * optional operations that this one has kept: whatever can follow now could have followed then. Exact: hashes only find what is then compared.
 */
export class Configurations {
  readonly #meter: Meter
  readonly #segments: Int32Array[] = []
  #slots = new Int32Array(SLOTS_MIN)
  #count = 0
  #used = SEGMENT_WORDS
  /** Records that were compared: work that a bound must know of. */
  compared = 0

  constructor(meter: Meter) {
    this.#meter = meter
    meter.charge(4 * SLOTS_MIN)
  }

  /** Remembers a configuration. False when it, or a better one, is known. */
  add(configuration: Configuration): boolean {
    const { required, optional } = configuration
    const gap = required.gap
    const count = Math.max(0, required.top - gap + 1)
    let hash = mix(mix(configuration.state, gap), count)
    for (let i = gap; i < gap + count; i++) hash = mix(hash, required.words[i] as number)
    const slot = hash & (this.#slots.length - 1)
    for (let at = this.#slots[slot] as number; at !== 0; at = this.#word(at, 0)) {
      this.compared++
      if (this.#word(at, 1) === hash && this.#covers(at, configuration, count)) return false
    }
    const at = this.#reserve(HEADER_WORDS + count + optional.words.length)
    const segment = this.#segments[at >>> 16] as Int32Array
    const offset = at & 0xffff
    segment.set([this.#slots[slot] as number, hash, configuration.state, gap, count], offset)
    segment.set(required.words.subarray(gap, gap + count), offset + HEADER_WORDS)
    segment.set(optional.words, offset + HEADER_WORDS + count)
    this.#slots[slot] = at
    if (++this.#count > this.#slots.length) this.#grow()
    return true
  }

  #word(at: number, offset: number): number {
    return (this.#segments[at >>> 16] as Int32Array)[(at & 0xffff) + offset] as number
  }

  #covers(at: number, { required, optional, state }: Configuration, count: number): boolean {
    const gap = required.gap
    if (this.#word(at, 2) !== state || this.#word(at, 3) !== gap || this.#word(at, 4) !== count) return false
    const segment = this.#segments[at >>> 16] as Int32Array
    const bits = (at & 0xffff) + HEADER_WORDS
    for (let i = 0; i < count; i++) if (segment[bits + i] !== required.words[gap + i]) return false
    const { words } = optional
    for (let i = 0; i < words.length; i++) if (((segment[bits + count + i] as number) & ~(words[i] as number)) !== 0) return false
    return true
  }

  /** Where so many words are free. Never 0, which ends a chain. */
  #reserve(words: number): number {
    const last = this.#segments.at(-1)
    if (last === undefined || this.#used + words > last.length) {
      const wanted = Math.min(SEGMENT_WORDS, SEGMENT_WORDS_MIN * 4 ** this.#segments.length)
      this.#segments.push(new Int32Array(Math.max(wanted, words + 1)))
      this.#meter.charge(4 * (this.#segments.at(-1) as Int32Array).length)
      this.#used = this.#segments.length === 1 ? 1 : 0
    }
    const at = (this.#segments.length - 1) * SEGMENT_WORDS + this.#used
    this.#used += words
    return at
  }

  #grow(): void {
    const slots = new Int32Array(this.#slots.length * 2)
    for (let old of this.#slots)
      while (old !== 0) {
        const next = this.#word(old, 0)
        const slot = this.#word(old, 1) & (slots.length - 1)
        const segment = this.#segments[old >>> 16] as Int32Array
        segment[old & 0xffff] = slots[slot] as number
        slots[slot] = old
        old = next
      }
    this.#meter.charge(4 * (slots.length - this.#slots.length))
    this.#slots = slots
  }
}
