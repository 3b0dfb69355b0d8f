/** What happened in a run, one line each, and a hash over all of it: two runs of one seed are compared by that. Keeps the last lines only. */

/** Something that happened: what it was, to whom, and numbers and words that tell it from others. */
export interface JournalEntry {
  readonly at: number
  readonly who: string
  readonly what: string
  readonly details: readonly (string | number)[]
}

/** Lines that are kept. */
const KEPT = 200

export class Journal {
  readonly #last: JournalEntry[] = []
  #next = 0
  #count = 0
  #low = 0x811c9dc5
  #high = 0x01000193
  readonly #onEntry: ((entry: JournalEntry) => void) | undefined

  /** `onEntry` sees every line as it is written, for a trace of the whole run. */
  constructor(onEntry?: (entry: JournalEntry) => void) {
    this.#onEntry = onEntry
  }

  /** Lines so far. */
  get count(): number {
    return this.#count
  }

  /** Over everything that was written, in hexadecimal. */
  get hash(): string {
    return (this.#high >>> 0).toString(16).padStart(8, '0') + (this.#low >>> 0).toString(16).padStart(8, '0')
  }

  write(entry: JournalEntry): void {
    this.#count++
    this.#number(entry.at)
    this.#word(entry.who)
    this.#word(entry.what)
    for (const detail of entry.details) typeof detail === 'number' ? this.#number(detail) : this.#word(detail)
    this.#last[this.#next] = entry
    this.#next = (this.#next + 1) % KEPT
    this.#onEntry?.(entry)
  }

  /** The last lines, oldest first. */
  tail(): string[] {
    return [...this.#last.slice(this.#next), ...this.#last.slice(0, this.#next)].map(lineOf)
  }

  #number(value: number): void {
    const micros = Math.round(value * 1000)
    this.#mix(micros | 0)
    this.#mix(Math.floor(micros / 0x1_0000_0000) | 0)
  }

  #word(value: string): void {
    let hash = 0x811c9dc5
    for (let i = 0; i < value.length; i++) hash = Math.imul(hash ^ value.charCodeAt(i), 0x01000193)
    this.#mix(hash)
  }

  /** Two streams of 32 bits, after murmur3. */
  #mix(value: number): void {
    let k = Math.imul(value, 0xcc9e2d51)
    k = (k << 15) | (k >>> 17)
    this.#low = Math.imul(((this.#low ^ k) << 13) | ((this.#low ^ k) >>> 19), 5) + 0xe6546b64
    this.#high = Math.imul(this.#high ^ Math.imul(k, 0x1b873593) ^ this.#low, 0x85ebca6b)
  }
}

/** How a role looks, from who only listens to who leads. */
const GLYPHS: Readonly<Record<string, string>> = { learner: '◌', follower: '○', preCandidate: '◔', candidate: '◑', leader: '●' }

/** A line as people read it: `12.345  ● a  AppendEntriesReply  kv term 3 commit 12 last 14` for an event that a peer took. */
export function lineOf({ at, who, what, details }: JournalEntry): string {
  const [group, role, term, commit, last] = details
  const glyph = GLYPHS[String(role)]
  const isStep = glyph !== undefined && details.length === 5
  const told = isStep ? `${group} term ${term} commit ${commit} last ${last}` : details.join(' ')
  return `${at.toFixed(3).padStart(12)}  ${isStep ? glyph : ' '} ${who.padEnd(10)} ${shortOf(what).padEnd(22)} ${told}`.trimEnd()
}

/** A timer's event is `xstate.after.<delay>.<state>`; the delay says which. */
const shortOf = (what: string): string => (what.startsWith('xstate.after.') ? `after ${what.split('.')[2]}` : what)
