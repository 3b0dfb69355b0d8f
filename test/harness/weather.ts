/** Bad weather for a group in memory, from a seed: letters lost, doubled and out of order, crashes, slow disks, impatient clients. */

import { type Prng, prng } from '../../src/base/prng.ts'
import type { Cluster } from './cluster.ts'
import type { TestPeer } from './test-peer.ts'

/** What may befall a group, and how often out of a hundred. */
const PLAGUE: readonly (readonly [percent: number, act: (weather: Weather) => void])[] = [
  [55, (w) => w.deliver()],
  [4, (w) => w.lose()],
  [3, (w) => w.double()],
  [12, (w) => w.tick()],
  [10, (w) => w.propose()],
  [3, (w) => w.read()],
  [2, (w) => w.transfer()],
  [6, (w) => w.slowOrFlush()],
  [2, (w) => w.crash()],
  [3, (w) => w.restart()],
]

export class Weather {
  readonly #cluster: Cluster
  readonly #chance: Prng
  #words = 0

  constructor(cluster: Cluster, seed: number) {
    this.#cluster = cluster
    this.#chance = prng(seed)
  }

  /** So many things happen. */
  rage(steps: number): void {
    for (let i = 0; i < steps; i++) {
      this.#draw()(this)
      this.#cluster.check()
      if (i % 64 === 0) this.#cluster.checkLogs()
    }
  }

  #draw(): (weather: Weather) => void {
    let left = this.#chance.between(0, 100)
    for (const [percent, act] of PLAGUE) {
      left -= percent
      if (left < 0) return act
    }
    throw new Error('the plagues do not add up to a hundred')
  }

  /** The sun comes out: everybody is up, disks are quick, and time passes. */
  clear(): void {
    for (const id of this.#cluster.down) this.#cluster.restart(id)
    for (const peer of this.#cluster.up) {
      peer.slowDisk = false
      peer.flush()
    }
    this.#cluster.heal()
    this.#cluster.settle()
    this.#cluster.tick(120)
  }

  /** Any letter, not the oldest: they overtake each other. */
  deliver(): void {
    const { queue } = this.#cluster.network
    if (queue.length === 0) return
    const near = this.#chance.between(0, 10) < 8 ? Math.min(2, queue.length) : queue.length
    const [letter] = queue.splice(this.#chance.between(0, near), 1)
    const peer = this.#cluster.up.find(({ id }) => id === letter?.to)
    if (letter && peer) peer.hear(letter)
  }

  lose(): void {
    const { queue } = this.#cluster.network
    if (queue.length > 0) queue.splice(this.#chance.between(0, queue.length), 1)
  }

  double(): void {
    const { queue } = this.#cluster.network
    const letter = queue[this.#chance.between(0, queue.length)]
    if (letter) queue.push(letter)
  }

  tick(): void {
    this.#any()?.tick()
  }

  propose(): void {
    const peer = this.#cluster.leader ?? this.#any()
    if (peer) this.#cluster.propose(peer.id, `w${++this.#words}`)
  }

  read(): void {
    const peer = this.#cluster.leader
    if (peer) this.#cluster.read(peer.id)
  }

  transfer(): void {
    const peer = this.#cluster.leader
    const to = this.#any()
    if (peer && to) this.#cluster.transfer(peer.id, to.id === peer.id ? null : to.id)
  }

  slowOrFlush(): void {
    const peer = this.#any()
    if (!peer) return
    if (peer.slowDisk) peer.flush()
    peer.slowDisk = this.#chance.between(0, 2) === 0
  }

  crash(): void {
    const peer = this.#any()
    if (peer) this.#cluster.crash(peer.id)
  }

  restart(): void {
    const id = this.#cluster.down[0]
    if (id !== undefined) this.#cluster.restart(id)
  }

  #any(): TestPeer | undefined {
    const { up } = this.#cluster
    return up.length === 0 ? undefined : up[this.#chance.between(0, up.length)]
  }
}
