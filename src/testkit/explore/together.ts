/**
 * Walks a small world with states taken together that differ only in the letters under way: one place stands for all of them, and has the letters of all.
 * Whatever can happen in one of them can happen there, so where nothing is found nothing is wrong; what is found may be wrong nowhere. Votes that were granted
 * still tell states apart: they are all that remembers whom a peer has voted for in a term that it left. Pure.
 */

import type { Letter } from './atlas.ts'
import type { Progress } from './search.ts'
import type { Rules, World } from './world.ts'

/** States that differ only in letters. */
interface Place {
  readonly world: World
  /** By number of the letter, a bit each. */
  letters: Uint32Array
  /** Has letters that were not there when it was last looked at. */
  isDue: boolean
}

/** When to stop. */
export interface TogetherOptions {
  /** Places at most. */
  readonly states: number
  /** Asked now and then; false ends the walk. */
  readonly goOn: (progress: Progress) => boolean
}

/** How it ended. `doubtful`: something seems broken. */
export interface TogetherWalk extends Progress {
  readonly end: 'complete' | 'doubtful' | 'too many states' | 'stopped'
}

/** Places looked at between two questions whether to go on. */
const PACE = 4096

/** A granted vote, which tells states apart. */
const isVote = ({ message: m }: Letter): boolean => m.type === 'RequestVoteReply' && m.granted

export class Together {
  readonly #rules: Rules
  readonly #options: TogetherOptions
  readonly #places = new Map<string, Place>()
  /** Letters by their bits, and the other way round. */
  readonly #letters: Letter[] = []
  readonly #bits = new Map<Letter, number>()
  #due: Place[] = []
  #looks = 0
  #transitions = 0
  #depth = 0

  constructor(rules: Rules, options: TogetherOptions) {
    this.#rules = rules
    this.#options = options
  }

  /** Walks until no place gets letters that it had not. The depth is how many times everything that had changed was looked at. */
  walk(beginnings: readonly World[]): TogetherWalk {
    for (const world of beginnings) this.#meet(world)
    while (this.#due.length > 0) {
      const due = this.#due
      this.#due = []
      for (const place of due) {
        if (!this.#look(place)) return this.#ended('doubtful')
        if (this.#places.size > this.#options.states) return this.#ended('too many states')
        if (++this.#looks % PACE === 0 && !this.#options.goOn(this.#progress)) return this.#ended('stopped')
      }
      this.#depth++
    }
    return this.#ended('complete')
  }

  /** Everything that can happen there. False: something is broken. */
  #look(place: Place): boolean {
    place.isDue = false
    let isRight = true
    this.#rules.next({ ...place.world, letters: this.#lettersAt(place) }, ({ world, violation }) => {
      this.#transitions++
      if (violation) isRight = false
      else this.#meet(world)
    })
    return isRight
  }

  #meet(world: World): void {
    const key = keyOf(world)
    const known = this.#places.get(key)
    const place = known ?? { world: { ...world, letters: [] }, letters: new Uint32Array(1), isDue: false }
    if (!known) this.#places.set(key, place)
    let hasNews = known === undefined
    for (const letter of world.letters) if (this.#put(place, letter)) hasNews = true
    if (!hasNews || place.isDue) return
    place.isDue = true
    this.#due.push(place)
  }

  /** Whether that letter is new there. */
  #put(place: Place, letter: Letter): boolean {
    const bit = this.#bitOf(letter)
    const at = bit >>> 5
    if (at >= place.letters.length) {
      const wider = new Uint32Array(at + 1)
      wider.set(place.letters)
      place.letters = wider
    }
    const before = place.letters[at] as number
    place.letters[at] = before | (1 << (bit & 31))
    return place.letters[at] !== before
  }

  #bitOf(letter: Letter): number {
    const known = this.#bits.get(letter)
    if (known !== undefined) return known
    this.#bits.set(letter, this.#letters.length)
    return this.#letters.push(letter) - 1
  }

  #lettersAt({ letters }: Place): Letter[] {
    return this.#letters.filter((_, bit) => ((letters[bit >>> 5] ?? 0) & (1 << (bit & 31))) !== 0)
  }

  get #progress(): Progress {
    return { states: this.#places.size, transitions: this.#transitions, depth: this.#depth }
  }

  #ended(end: TogetherWalk['end']): TogetherWalk {
    return { ...this.#progress, end }
  }
}

/** Written in full: this is done for every step of a walk. */
function keyOf({ peers, letters, spent, past }: World): string {
  let key = `${past.no}`
  for (const { no } of peers) key += `,${no}`
  for (const count of spent) key += `,${count}`
  const votes: number[] = []
  for (const letter of letters) if (isVote(letter)) votes.push(letter.no)
  return votes.length === 0 ? key : `${key}|${votes.sort((one, other) => one - other).join()}`
}
