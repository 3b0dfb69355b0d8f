/** A world as an inspector sees it: its nodes, and a clock to look by that is nobody's. Knows neither pages nor what is looked for. */

import type { FlotillaNode } from '../../node/types.ts'
import type { Clock } from '../../ports/clock.ts'
import { Oscillator, Process } from './process.ts'
import type { World } from './world.ts'

/** A machine at one moment. */
export interface SeenNode {
  readonly name: string
  /** Null while its process is down, or begins, or stands still: such a one tells nobody anything. */
  readonly node: FlotillaNode | null
}

/** What there is to see. Who looks may read `node.status()`, which changes nothing; whatever else is asked of a node is part of the run from then on. */
export interface Sight {
  /** The world's time, and timers in it. */
  readonly clock: Clock
  nodes(): readonly SeenNode[]
}

/** Begins to look, before anything happens; returns how to stop, which is called when all is over. */
export type Inspect = (sight: Sight) => () => void

/** The eyes are a process of their own, that no fault strikes. */
export const sightOf = (world: World): Sight => ({
  clock: new Process(world.timeline, new Oscillator(world.timeline)).clock,
  nodes: () => world.machines.map(({ name, node, process }) => ({ name, node: process?.isPaused === false ? node : null })),
})
