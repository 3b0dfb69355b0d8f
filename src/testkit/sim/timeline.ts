/** Virtual time: what is to happen, and when. Nothing here waits for anything real. */

import type { Cancel } from '../../ports/clock.ts'

interface Due {
  readonly at: number
  readonly serial: number
  run: (() => void) | null
}

const comesFirst = (a: Due, b: Due): boolean => a.at < b.at || (a.at === b.at && a.serial < b.serial)

/** Everything that is to happen, in order of time; of one moment, in the order in which it was asked for. */
export class Timeline {
  #now = 0
  #serial = 0
  /** A binary heap, the next one first. */
  readonly #heap: Due[] = []
  #cancelled = 0

  /** Milliseconds since the world began. */
  get now(): number {
    return this.#now
  }

  /** How much is still to happen. */
  get size(): number {
    return this.#heap.length - this.#cancelled
  }

  /** Something happens then; never in the past. */
  at(time: number, run: () => void): Cancel {
    const due: Due = { at: Math.max(time, this.#now), serial: this.#serial++, run }
    this.#push(due)
    return () => {
      if (due.run === null) return
      due.run = null
      this.#cancelled++
    }
  }

  /** Something happens after so many milliseconds. */
  after(ms: number, run: () => void): Cancel {
    return this.at(this.#now + ms, run)
  }

  /** Moves on to the next thing, and does it. False when nothing is to happen any more, or nothing before that time: then it is that time. */
  step(until: number): boolean {
    for (;;) {
      const next = this.#heap[0]
      if (next === undefined || next.at > until) {
        this.#now = Math.max(this.#now, until)
        return false
      }
      this.#pop()
      const { run } = next
      if (run === null) {
        this.#cancelled--
        continue
      }
      this.#now = next.at
      next.run = null
      run()
      return true
    }
  }

  #push(due: Due): void {
    const heap = this.#heap
    let at = heap.length
    heap.push(due)
    while (at > 0) {
      const parent = (at - 1) >> 1
      const above = heap[parent] as Due
      if (!comesFirst(due, above)) break
      heap[at] = above
      at = parent
    }
    heap[at] = due
  }

  #pop(): void {
    const heap = this.#heap
    const last = heap.pop()
    if (last === undefined || heap.length === 0) return
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && comesFirst(heap[child + 1] as Due, heap[child] as Due)) child++
      const below = heap[child] as Due
      if (!comesFirst(below, last)) break
      heap[at] = below
      at = child
    }
    heap[at] = last
  }
}

/** The real one, whatever a run puts in its place. */
const realImmediate = globalThis.setImmediate

/** Things done between two looks whether it is enough. Between any two of them all promises that can settle have settled. */
const BATCH = 64

/**
 * Lets time pass until then, or until `isOver`. Each thing is done in a turn of the event loop of its own, so that what it set off through promises
 * is over before the next one.
 */
export async function play(timeline: Timeline, until: number, isOver: () => boolean = () => false): Promise<void> {
  let goesOn = true
  while (goesOn) {
    await new Promise<void>((resolve, reject) => {
      let left = BATCH
      const one = (): void => {
        try {
          if (goesOn && (isOver() || !timeline.step(until))) goesOn = false
        } catch (error) {
          goesOn = false
          reject(error)
        }
        if (--left === 0) resolve()
      }
      for (let i = 0; i < BATCH; i++) realImmediate(one)
    })
  }
}
