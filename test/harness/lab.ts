/** Where the tests of the paper get their peers and groups from: the chart under them can be exchanged for one with a hole in it. */

import { prng } from '../../src/base/prng.ts'
import { type PeerSteps, startPeer, stepEvent, stepMessage } from '../../src/peer/step.ts'
import type { Message } from '../../src/protocol/messages.ts'
import { DEFAULT_SETTINGS, type RaftSettings } from '../../src/protocol/settings.ts'
import type { ConfState, HardState, PeerId, Term } from '../../src/protocol/types.ts'
import { Cluster, type ClusterOptions } from './cluster.ts'
import { Disk } from './disk.ts'
import { TestPeer } from './test-peer.ts'

/** One peer alone with its letters. */
export interface BenchOptions {
  readonly id?: PeerId
  readonly size?: number
  readonly log?: readonly Term[]
  readonly hard?: Partial<HardState>
  readonly seed?: number
  readonly settings?: Partial<RaftSettings>
  /** Instead of `size` plain voters. */
  readonly conf?: ConfState
}

/** A peer and everything it sent: others are played by the test. */
export class Bench {
  readonly peer: TestPeer
  #sent: Message[] = []

  constructor(steps: PeerSteps, options: BenchOptions) {
    const { id = 1, size = 3, log = [], hard = {}, seed = 1, conf } = options
    const settings = { ...DEFAULT_SETTINGS, ...options.settings }
    const voters = Array.from({ length: size }, (_, i) => i + 1)
    const send = (message: Message): void => void this.#sent.push(message)
    this.peer = new TestPeer({
      id,
      voters,
      disk: Disk.holding(log, hard),
      steps,
      chance: prng(seed),
      send,
      settings,
      ...(conf && { conf }),
    })
  }

  /** What left since the last look. */
  get sent(): readonly Message[] {
    const sent = this.#sent
    this.#sent = []
    return sent
  }

  /** Hears a letter; answers with what left because of it. */
  hear(message: Message): readonly Message[] {
    this.#sent = []
    this.peer.hear(message)
    return this.sent
  }
}

export interface Lab {
  cluster(size: number, options?: ClusterOptions): Cluster
  bench(options?: BenchOptions): Bench
}

export const labOf = (steps: PeerSteps): Lab => ({
  cluster: (size, options) => new Cluster(steps, size, options),
  bench: (options = {}) => new Bench(steps, options),
})

/** The chart as it is. */
export const STEPS: PeerSteps = { start: startPeer, message: stepMessage, event: stepEvent }

/** A sentence, and the proof that the chart keeps it: throws if not. */
export type Claim = (lab: Lab) => void

/** Sentences of one section. */
export type Chapter = Readonly<Record<string, Claim>>
