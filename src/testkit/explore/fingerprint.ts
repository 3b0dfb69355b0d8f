/** 64 bits of a state of the world: the same for all states that differ in names only, if names mean nothing. */

import type { Atlas, Peer } from './atlas.ts'
import type { World } from './world.ts'

/** Two numbers of 32 bits. */
export interface Fingerprint {
  readonly high: number
  readonly low: number
}

export class Fingerprints {
  readonly #atlas: Atlas
  /** By renaming: places of peers that come next to each other under their new names, and may exchange them. */
  readonly #neighbours: readonly (readonly (readonly [number, number])[])[]
  #high = 0
  #low = 0

  constructor(atlas: Atlas) {
    this.#atlas = atlas
    this.#neighbours = atlas.renamings.map((to) =>
      to.slice(1).flatMap((name, one) => {
        const other = to.indexOf(name + 1) - 1
        const exchangeable = atlas.renamings.some((names) => names[one + 1] === other + 1)
        return other >= 0 && exchangeable ? [[one, other] as const] : []
      }),
    )
  }

  /** Of all renamings of a world that put its peers in order of shape, the least. */
  of(world: World): Fingerprint {
    let [high, low] = [-1, -1]
    for (let renaming = 0; renaming < this.#atlas.renamings.length; renaming++) {
      if (!this.#isOrdered(world, renaming)) continue
      this.#take(world, renaming)
      const [a, b] = [this.#high >>> 0, this.#low >>> 0]
      if (high < 0 || a < high || (a === high && b < low)) [high, low] = [a, b]
    }
    return { high, low }
  }

  /** Whether the peers come in order of their shapes under their new names. */
  #isOrdered({ peers }: World, renaming: number): boolean {
    for (const [one, other] of this.#neighbours[renaming] as readonly (readonly [number, number])[])
      if ((peers[one] as Peer).shape > (peers[other] as Peer).shape) return false
    return true
  }

  #take({ peers, letters, spent, past }: World, renaming: number): void {
    const atlas = this.#atlas
    const to = atlas.renamings[renaming] as readonly number[]
    this.#high = 0x9e3779b9
    this.#low = 0x85ebca6b
    const names: number[] = []
    for (const [at, peer] of peers.entries()) names[(to[at + 1] as number) - 1] = atlas.nameOfPeer(peer, renaming)
    for (const name of names) this.#mix(name)
    this.#mix(atlas.nameOfPast(past, renaming))
    for (const count of spent) this.#mix(count)
    let [high, low] = [0, 0]
    for (const letter of letters) {
      const name = atlas.nameOfLetter(letter, renaming) // a sum, for they are in no order
      high = (high + avalanche(Math.imul(name + 1, 0x9e3779b1))) | 0
      low = (low + avalanche(Math.imul(name + 1, 0x85ebca77) ^ 0x27d4eb2f)) | 0
    }
    this.#mix(high)
    this.#mix(low)
    this.#finish()
  }

  #mix(value: number): void {
    const k = Math.imul(value + 1, 0xcc9e2d51)
    this.#high = Math.imul(rotate(this.#high ^ Math.imul(rotate(k, 15), 0x1b873593), 13), 5) + 0xe6546b64
    const l = Math.imul(value + 1, 0xab0e9789)
    this.#low = Math.imul(rotate(this.#low ^ Math.imul(rotate(l, 17), 0x38b34ae5), 19), 5) + 0x561ccd1b
  }

  #finish(): void {
    this.#high = avalanche(this.#high ^ this.#low)
    this.#low = avalanche(this.#low + Math.imul(this.#high, 0x9e3779b1))
  }
}

const rotate = (value: number, by: number): number => (value << by) | (value >>> (32 - by))

function avalanche(value: number): number {
  let h = value
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return h ^ (h >>> 16)
}
