/** What can go wrong in a simulated world: kinds of faults, each with how it is drawn and what it does. To add one is to add it here. */

import type { Prng } from '../../base/prng.ts'
import type { DiskImage } from '../../storage/memory/disk.ts'
import type { Machine } from './machine.ts'
import type { Link, SimNetwork } from './network.ts'
import type { Timeline } from './timeline.ts'

/** What a fault is made of: plain values, so that it can be kept in a file. */
export type FaultParams = Readonly<Record<string, number | string | readonly string[]>>

/** One fault of a plan. */
export interface Fault {
  readonly kind: FaultName
  /** When it strikes, in milliseconds since the world began. */
  readonly at: number
  /** How long it lasts. */
  readonly ms: number
  readonly params: FaultParams
}

/** What a fault may be drawn from. */
export interface Scene {
  readonly chance: Prng
  /** Machines of the cluster. */
  readonly machines: readonly string[]
}

/** What a fault may lay its hands on. */
export interface Ground {
  readonly timeline: Timeline
  readonly network: SimNetwork
  machine(name: string): Machine
  readonly machines: readonly Machine[]
  /** Machines and clients: everybody who sends. */
  readonly everybody: readonly string[]
  /** Breaks a machine's connection to NATS. Returns how to mend it. */
  disconnect(machine: string): () => void
  /** Old raft messages, as they were sent, are heard again. */
  replay(count: number): void
  /** Somebody asks a leader to hand over. */
  transfer(): void
  /** A member is taken out, and comes back as a new one. */
  churn(machine: string): void
  /** A member gives its place to itself under a new id, through a joint configuration. */
  swap(machine: string): void
  /**
   * Whether something stored on that machine may be lost for good: not while another is still without what it lost, so that one good copy is left. Says yes
   * only to who does it then; from there on the operator is at work until the machine is whole again.
   */
  mayHarm(machine: string): boolean
  /** What the machine had promised is forgotten with its disk. */
  replaceDisk(machine: Machine, old: DiskImage | null): void
  /** Groups cut their logs off now. */
  compact(): void
}

/** How a fault ends. */
type End = () => void

/** One kind. */
export interface FaultKind {
  /** Milliseconds it lasts, at least and at most. */
  readonly ms: readonly [min: number, max: number]
  draw(scene: Scene): FaultParams
  /** Strikes; what it returns is called when its time is over, or the storm. */
  strike(ground: Ground, params: FaultParams): End | undefined
}

const some = ({ machines, chance }: Scene): string => machines[chance.between(0, machines.length)] as string

/** So many machines, at least one and not all. */
function part({ machines, chance }: Scene): readonly string[] {
  const shuffled = [...machines]
  for (let i = shuffled.length - 1; i > 0; i--) {
    const j = chance.between(0, i + 1)
    ;[shuffled[i], shuffled[j]] = [shuffled[j] as string, shuffled[i] as string]
  }
  return shuffled.slice(0, machines.length === 1 ? 1 : chance.between(1, machines.length))
}

const one = (params: FaultParams, name: string): string => String(params[name])
const number = (params: FaultParams, name: string): number => Number(params[name])
const names = (params: FaultParams, name: string): readonly string[] => params[name] as readonly string[]

/** Links between two sides, both ways. */
function between(left: readonly string[], right: readonly string[]): Link[] {
  return left.flatMap((a) =>
    right.flatMap((b): Link[] => [
      [a, b],
      [b, a],
    ]),
  ) // prettier-ignore
}

const cutting = ({ network }: Ground, links: readonly Link[]): End => {
  network.cut(links)
  return () => network.mend(links)
}

const others = (ground: Ground, side: readonly string[]): string[] =>
  ground.machines.map(({ name }) => name).filter((name) => !side.includes(name))

const restarting =
  (machine: Machine): End =>
  () =>
    machine.start()

export const FAULTS = {
  partition: {
    ms: [200, 6000],
    draw: (scene) => ({ side: part(scene) }),
    strike: (ground, params) => {
      const side = names(params, 'side')
      return cutting(ground, between(side, others(ground, side)))
    },
  },
  oneWay: {
    ms: [200, 5000],
    draw: (scene) => ({ from: some(scene) }),
    strike: (ground, params) => {
      const from = one(params, 'from')
      return cutting(
        ground,
        others(ground, [from]).map((to): Link => [from, to]),
      )
    },
  },
  deaf: {
    ms: [200, 5000],
    draw: (scene) => ({ to: some(scene) }),
    strike: (ground, params) => {
      const to = one(params, 'to')
      return cutting(
        ground,
        others(ground, [to]).map((from): Link => [from, to]),
      )
    },
  },
  bridge: {
    ms: [500, 6000],
    draw: (scene) => ({ bridge: some(scene), side: part(scene) }),
    strike: (ground, params) => {
      const bridge = one(params, 'bridge')
      const side = names(params, 'side').filter((name) => name !== bridge)
      return cutting(ground, between(side, others(ground, [...side, bridge])))
    },
  },
  slowLink: {
    ms: [500, 5000],
    draw: (scene) => ({ of: some(scene), ms: scene.chance.between(5, 200) }),
    strike: (ground, params) => {
      const links = between(
        [one(params, 'of')],
        ground.everybody.filter((name) => name !== one(params, 'of')),
      )
      ground.network.slow(links, number(params, 'ms'))
      return () => ground.network.slow(links, 0)
    },
  },
  loss: {
    ms: [500, 5000],
    draw: ({ chance }) => ({ share: chance.between(1, 30) / 100 }),
    strike: ({ network }, params) => {
      const episode = {}
      network.worsen(episode, { lose: number(params, 'share') })
      return () => network.clear(episode)
    },
  },
  doubling: {
    ms: [500, 5000],
    draw: ({ chance }) => ({ share: chance.between(1, 30) / 100 }),
    strike: ({ network }, params) => {
      const episode = {}
      network.worsen(episode, { double: number(params, 'share') })
      return () => network.clear(episode)
    },
  },
  reordering: {
    ms: [500, 5000],
    draw: ({ chance }) => ({ share: chance.between(1, 40) / 100 }),
    strike: ({ network }, params) => {
      const episode = {}
      network.worsen(episode, { reorder: number(params, 'share') })
      return () => network.clear(episode)
    },
  },
  replay: {
    ms: [0, 0],
    draw: ({ chance }) => ({ count: chance.between(1, 50) }),
    strike: (ground, params) => {
      ground.replay(number(params, 'count'))
      return undefined
    },
  },
  disconnect: {
    ms: [100, 5000],
    draw: (scene) => ({ node: some(scene) }),
    strike: (ground, params) => ground.disconnect(one(params, 'node')),
  },
  crash: {
    ms: [50, 5000],
    draw: (scene) => ({ node: some(scene), keepsLast: scene.chance.between(0, 2) }),
    strike: (ground, params) => {
      const machine = ground.machine(one(params, 'node'))
      machine.crash({ keepsLast: number(params, 'keepsLast') === 1 })
      return restarting(machine)
    },
  },
  crashMidway: {
    ms: [50, 5000],
    draw: (scene) => ({ node: some(scene), effects: scene.chance.between(1, 60) }),
    strike: (ground, params) => {
      const machine = ground.machine(one(params, 'node'))
      machine.light(number(params, 'effects'))
      return () => {
        machine.defuse() // or it would die when nobody starts it again
        machine.start()
      }
    },
  },
  restart: {
    ms: [50, 2000],
    draw: (scene) => ({ node: some(scene) }),
    strike: (ground, params) => {
      const machine = ground.machine(one(params, 'node'))
      void machine.stop()
      return restarting(machine)
    },
  },
  powerLoss: {
    ms: [50, 3000],
    draw: () => ({}),
    strike: ({ machines }) => {
      for (const machine of machines) machine.crash()
      return () => {
        for (const machine of machines) machine.start()
      }
    },
  },
  pause: {
    ms: [20, 4000],
    draw: (scene) => ({ node: some(scene) }),
    strike: (ground, params) => {
      const { process } = ground.machine(one(params, 'node'))
      process?.pause()
      return () => process?.resume()
    },
  },
  suspend: {
    ms: [200, 5000],
    draw: (scene) => ({ node: some(scene) }),
    strike: (ground, params) => {
      const { process } = ground.machine(one(params, 'node'))
      process?.suspend()
      return () => process?.resume()
    },
  },
  clockJump: {
    ms: [0, 0],
    draw: (scene) => ({ node: some(scene), ms: scene.chance.between(-3_600_000, 3_600_000) }),
    strike: (ground, params) => {
      ground.machine(one(params, 'node')).oscillator.wallAheadMs += number(params, 'ms')
      return undefined
    },
  },
  leapSecond: {
    ms: [0, 0],
    draw: () => ({}),
    strike: ({ machines }) => {
      for (const { oscillator } of machines) oscillator.wallAheadMs -= 1000
      return undefined
    },
  },
  clockDrift: {
    ms: [2000, 10_000],
    draw: (scene) => ({ node: some(scene), rate: 1 + scene.chance.between(-40, 41) / 1000 }),
    strike: (ground, params) => {
      const { oscillator } = ground.machine(one(params, 'node'))
      oscillator.rate = number(params, 'rate')
      return () => {
        oscillator.rate = 1
      }
    },
  },
  slowDisk: {
    ms: [500, 5000],
    draw: (scene) => ({ node: some(scene), ms: scene.chance.between(5, 300) }),
    strike: (ground, params) => {
      const machine = ground.machine(one(params, 'node'))
      machine.slow({ min: 1, max: number(params, 'ms') })
      return () => machine.slow(null)
    },
  },
  flushFails: {
    ms: [0, 0],
    draw: (scene) => ({ node: some(scene) }),
    strike: (ground, params) => {
      ground.machine(one(params, 'node')).disk.failNext()
      return undefined
    },
  },
  diskFull: {
    ms: [1000, 8000],
    draw: (scene) => ({ node: some(scene), free: scene.chance.between(0, 2_000_000) }),
    strike: (ground, params) => {
      const { disk } = ground.machine(one(params, 'node'))
      const before = disk.room
      disk.room = { freeBytes: number(params, 'free'), reusableBytes: 0 }
      return () => {
        disk.room = before
      }
    },
  },
  diskLost: {
    ms: [100, 1000],
    draw: (scene) => ({ node: some(scene) }),
    strike: (ground, params) => {
      const machine = ground.machine(one(params, 'node'))
      if (!ground.mayHarm(machine.name)) return undefined
      machine.crash()
      ground.replaceDisk(machine, null)
      return restarting(machine)
    },
  },
  diskRolledBack: {
    ms: [500, 4000],
    draw: (scene) => ({ node: some(scene) }),
    strike: (ground, params) => {
      const machine = ground.machine(one(params, 'node'))
      const old = machine.disk.copy() // what a backup has; put back when the fault ends
      if (old === null) return undefined
      return () => {
        if (!ground.mayHarm(machine.name)) return
        machine.crash()
        ground.replaceDisk(machine, old)
        machine.start()
      }
    },
  },
  rotInLog: {
    ms: [0, 0],
    draw: (scene) => ({ node: some(scene), share: scene.chance.between(0, 1000) / 1000 }),
    strike: (ground, params) => {
      const { name, disk } = ground.machine(one(params, 'node'))
      const [[id, group] = []] = disk.image?.groups ?? []
      if (id === undefined || group === undefined || group.entries.length === 0 || !ground.mayHarm(name)) return undefined
      disk.rot(id, group.truncated.index + 1 + Math.floor(group.entries.length * number(params, 'share')))
      return undefined
    },
  },
  rotInHardState: {
    ms: [50, 1000],
    draw: (scene) => ({ node: some(scene) }),
    strike: (ground, params) => {
      const machine = ground.machine(one(params, 'node'))
      if (!ground.mayHarm(machine.name)) return undefined
      machine.crash()
      for (const id of machine.disk.image?.groups.keys() ?? []) machine.disk.rot(id, 'state')
      return restarting(machine)
    },
  },
  rotInChunks: {
    ms: [0, 0],
    draw: (scene) => ({ node: some(scene) }),
    strike: (ground, params) => {
      const { disk } = ground.machine(one(params, 'node'))
      for (const id of disk.image?.groups.keys() ?? []) disk.spool.rot(id)
      return undefined
    },
  },
  transfer: {
    ms: [0, 0],
    draw: () => ({}),
    strike: (ground) => {
      ground.transfer()
      return undefined
    },
  },
  churn: {
    ms: [0, 0],
    draw: (scene) => ({ node: some(scene) }),
    strike: (ground, params) => {
      ground.churn(one(params, 'node'))
      return undefined
    },
  },
  swap: {
    ms: [0, 0],
    draw: (scene) => ({ node: some(scene) }),
    strike: (ground, params) => {
      ground.swap(one(params, 'node'))
      return undefined
    },
  },
  compact: {
    ms: [0, 0],
    draw: () => ({}),
    strike: (ground) => {
      ground.compact()
      return undefined
    },
  },
} as const satisfies Readonly<Record<string, FaultKind>>

/** A kind of fault, by its name in {@link FAULTS}. */
export type FaultName = keyof typeof FAULTS

/** All kinds of faults. */
export const FAULT_NAMES = Object.keys(FAULTS) as readonly FaultName[]
