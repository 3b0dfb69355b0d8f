/** The plan of a run: everything that is drawn before it begins. A run is its plan, carried out; a file of one is replayed for ever. */

import { FlotillaError } from '../../base/errors.ts'
import { type Prng, prng } from '../../base/prng.ts'
import { FAULT_NAMES, FAULTS, type Fault, type FaultKind, type FaultName, type Scene } from './faults.ts'

/** A run before it begins. Plain data. */
export interface Plan {
  readonly seed: number
  readonly profile: string
  readonly nodes: readonly string[]
  /** How long the storm lasts, in simulated milliseconds. */
  readonly stormMs: number
  readonly clients: number
  readonly groups: number
  /** Keys that the clients share. */
  readonly keys: number
  /** Entries that a log may have before it is cut off. */
  readonly logEntries: number
  readonly leaseReads: boolean
  readonly faults: readonly Fault[]
}

/** How often what happens: faults of a kind in ten simulated seconds, and how many at most. */
export type Rates = Readonly<Partial<Record<FaultName, readonly [perTenSeconds: number, budget: number]>>>

const NETWORK: Rates = {
  partition: [0.8, 20],
  oneWay: [0.3, 10],
  deaf: [0.3, 10],
  bridge: [0.3, 10],
  slowLink: [0.5, 20],
  loss: [0.6, 20],
  doubling: [0.4, 20],
  reordering: [0.4, 20],
  replay: [0.5, 20],
  disconnect: [0.6, 20],
}

/** Profiles by name. */
export const PROFILES = {
  calm: {},
  rough: {
    partition: [0.4, 10],
    loss: [0.4, 10],
    slowLink: [0.3, 10],
    crash: [0.5, 10],
    pause: [0.3, 10],
    slowDisk: [0.4, 10],
    disconnect: [0.3, 10],
    transfer: [0.2, 10],
    clientCut: [0.3, 10],
    clientPause: [0.3, 10],
    clientCrash: [0.3, 10],
    clientDisconnect: [0.2, 10],
  },
  hostile: {
    ...NETWORK,
    crash: [0.8, 20],
    crashMidway: [0.8, 20],
    powerLoss: [0.15, 5],
    restart: [0.2, 10],
    pause: [0.6, 20],
    clockDrift: [0.3, 10],
    clockJump: [0.2, 10],
    slowDisk: [0.5, 20],
    flushFails: [0.2, 5],
    transfer: [0.4, 20],
    compact: [0.3, 20],
    clientCut: [0.6, 20],
    clientPause: [0.5, 20],
    clientCrash: [0.5, 20],
    clientDisconnect: [0.4, 20],
  },
  disk: {
    crash: [0.6, 20],
    crashMidway: [1, 30],
    powerLoss: [0.4, 10],
    slowDisk: [1, 30],
    flushFails: [0.5, 10],
    diskFull: [0.6, 10],
    diskLost: [0.3, 3],
    diskRolledBack: [0.3, 3],
    rotInLog: [0.3, 5],
    rotInHardState: [0.2, 3],
    rotInChunks: [2, 40],
    compact: [0.5, 20],
    falseChunk: [2, 40],
  },
  churn: {
    churn: [0.8, 20],
    swap: [0.5, 20],
    transfer: [0.8, 20],
    crash: [0.5, 20],
    partition: [0.4, 10],
    slowLink: [0.4, 10],
    compact: [0.5, 20],
  },
  clocks: {
    pause: [1.2, 40],
    suspend: [0.5, 20],
    clockDrift: [1, 30],
    clockJump: [1, 30],
    leapSecond: [0.3, 10],
    partition: [0.5, 10],
    transfer: [0.4, 10],
    crash: [0.3, 10],
  },
} as const satisfies Readonly<Record<string, Rates>>

/** A name in {@link PROFILES}. */
export type ProfileName = keyof typeof PROFILES

/** What a plan is drawn for. What is missing is drawn, too. */
export interface PlanWish {
  readonly seed: number
  /** A profile by name; `swarm`: a random part of all faults, each at a random rate. */
  readonly profile?: ProfileName | 'swarm'
  readonly nodes?: number
  readonly seconds?: number
  readonly clients?: number
  readonly groups?: number
  /** How much denser faults come than in the profile: 3 makes a short run as eventful as one three times as long. Default 1. */
  readonly density?: number
}

/** How many nodes a run has when nobody says: three most of the time. */
const SIZES: readonly number[] = [3, 3, 3, 3, 5, 5, 1, 7]

/** Everything that the seed determines beforehand. Throws `CONFIG_INVALID` for what cannot be. */
export function planOf(wish: PlanWish): Plan {
  checkWish(wish)
  const { seed, profile = 'rough', nodes, seconds = 20, clients, groups, density = 1 } = wish
  const chance = prng(seed)
  const size = nodes ?? (SIZES[chance.between(0, SIZES.length)] as number)
  const machines = Array.from({ length: size }, (_, i) => String.fromCharCode(97 + i))
  const drawn = { clients: chance.between(2, 6), groups: chance.next() < 0.2 ? 2 : 1, keys: chance.between(2, 9) }
  const stormMs = seconds * 1000
  const rates = profile === 'swarm' ? swarm(chance) : PROFILES[profile]
  return {
    seed,
    profile,
    nodes: machines,
    stormMs,
    clients: clients ?? drawn.clients,
    groups: groups ?? drawn.groups,
    keys: drawn.keys,
    logEntries: chance.next() < 0.5 ? chance.between(5, 60) : 100_000,
    leaseReads: profile === 'clocks' || chance.next() < 0.3,
    faults: faultsOf(rates, { chance, machines, stormMs, density }),
  }
}

/** What a wish may be. */
const BOUNDS = {
  seed: [0, 2 ** 31],
  nodes: [1, 7],
  clients: [1, 100],
  groups: [1, 20],
} as const

function checkWish(wish: PlanWish): void {
  const { profile = 'rough', seconds = 1, density = 1 } = wish
  const refuse = (what: string): never => {
    throw new FlotillaError('CONFIG_INVALID', what)
  }
  if (profile !== 'swarm' && !Object.hasOwn(PROFILES, profile))
    refuse(`profile is swarm or one of ${Object.keys(PROFILES).join(', ')}, not '${profile}'`)
  for (const [name, [min, max]] of Object.entries(BOUNDS) as [keyof typeof BOUNDS, readonly [number, number]][]) {
    const value = wish[name]
    const isMissing = value === undefined && name !== 'seed'
    if (!isMissing && !(Number.isInteger(value) && Number(value) >= min && Number(value) <= max))
      refuse(`${name} is a whole number from ${min} to ${max}, not ${value}`)
  }
  if (!(seconds > 0 && Number.isFinite(seconds))) refuse(`seconds is a number above 0, not ${seconds}`)
  if (!(density > 0 && Number.isFinite(density))) refuse(`density is a number above 0, not ${density}`)
}

/** Each kind with an even chance, at a rate of its own: what a mix of everything drowns shows up (Groce et al., "Swarm Testing"). */
function swarm(chance: Prng): Rates {
  const drawn = FAULT_NAMES.filter(() => chance.next() < 0.5).map((kind) => [kind, [0.1 + chance.next(), 20]])
  return Object.fromEntries(drawn) as Rates
}

function faultsOf(
  rates: Rates,
  { chance, machines, stormMs, density }: Scene & { readonly stormMs: number; readonly density: number },
): Fault[] {
  const faults: Fault[] = []
  for (const [name, [perTenSeconds, budget]] of Object.entries(rates) as [FaultName, readonly [number, number]][]) {
    const kind: FaultKind = FAULTS[name]
    let at = 0
    for (let count = 0; count < budget; count++) {
      at += (-Math.log(1 - chance.next()) * 10_000) / (perTenSeconds * density)
      if (at >= stormMs) break
      const [min, max] = kind.ms
      const ms = Math.round(min * (max / Math.max(min, 1)) ** chance.next()) // as many short ones as long ones
      faults.push({ kind: name, at: Math.round(at), ms: max === 0 ? 0 : ms, params: kind.draw({ chance, machines }) })
    }
  }
  return faults.sort((a, b) => a.at - b.at)
}
