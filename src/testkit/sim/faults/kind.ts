/** What a kind of fault is: how it is drawn, and what it may lay its hands on. To add one, write it into a file beside this one, where its like are. */

import type { Prng } from '../../../base/prng.ts'
import type { DiskImage } from '../../../storage/memory/disk.ts'
import type { Machine } from '../machine.ts'
import type { Link, SimNetwork } from '../network.ts'
import type { Process } from '../process.ts'
import type { Timeline } from '../timeline.ts'

/** What a fault is made of: plain values, so that it can be kept in a file. */
export type FaultParams = Readonly<Record<string, number | string | readonly string[]>>

/** What a fault may be drawn from. */
export interface Scene {
  readonly chance: Prng
  /** Machines of the cluster. */
  readonly machines: readonly string[]
}

/** Somebody outside the cluster: a client at work, or one that listens to what is committed. */
export interface Person {
  readonly name: string
  readonly process: Process
  /** What its connection is called. */
  readonly connection: string
  /** Its process dies, and nobody hears any more what came of what it had asked. What this returns sends somebody else in its place. */
  dies(): End
}

/** What a fault may lay its hands on. */
export interface Ground {
  /** A fault that lay in wait has struck. */
  met(): void
  readonly timeline: Timeline
  readonly network: SimNetwork
  machine(name: string): Machine
  readonly machines: readonly Machine[]
  /** Machines and clients: everybody who sends. */
  readonly everybody: readonly string[]
  /** Clients that are there now, in the order in which they came. */
  readonly people: readonly Person[]
  /** Breaks a machine's connection to NATS, if it has one. Returns how to mend it. */
  disconnect(machine: string): End | typeof MISSED
  /** Breaks somebody's connection to NATS. Returns how to mend it. */
  hangUp(person: Person): End
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
export type End = () => void

/** There was nothing that it could have struck: it does not count as met. */
export const MISSED = 'missed'

/** One kind. */
export interface FaultKind {
  /** Milliseconds it lasts, at least and at most. */
  readonly ms: readonly [min: number, max: number]
  /** Lies in wait, and may wait in vain: it counts as met when it says so, see {@link Ground.met}. */
  readonly lurks?: true
  draw(scene: Scene): FaultParams
  /** Strikes; what it returns is called when its time is over, or the storm. */
  strike(ground: Ground, params: FaultParams): End | typeof MISSED | undefined
}

export const some = ({ machines, chance }: Scene): string => machines[chance.between(0, machines.length)] as string

/** So many machines, at least one and not all. */
export function part({ machines, chance }: Scene): readonly string[] {
  const shuffled = [...machines]
  for (let i = shuffled.length - 1; i > 0; i--) {
    const j = chance.between(0, i + 1)
    ;[shuffled[i], shuffled[j]] = [shuffled[j] as string, shuffled[i] as string]
  }
  return shuffled.slice(0, machines.length === 1 ? 1 : chance.between(1, machines.length))
}

export const one = (params: FaultParams, name: string): string => String(params[name])
export const number = (params: FaultParams, name: string): number => Number(params[name])
export const names = (params: FaultParams, name: string): readonly string[] => params[name] as readonly string[]

/** Links between two sides, both ways. */
export function between(left: readonly string[], right: readonly string[]): Link[] {
  return left.flatMap((a) =>
    right.flatMap((b): Link[] => [
      [a, b],
      [b, a],
    ]),
  ) // prettier-ignore
}

/** They are cut, until it ends. */
export const cutting = ({ network }: Ground, links: readonly Link[]): End => {
  network.cut(links)
  return () => network.mend(links)
}

/** It is started again. */
export const restarting =
  (machine: Machine): End =>
  () =>
    machine.start()
