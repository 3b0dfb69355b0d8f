/** What can go wrong in a simulated world: all kinds of faults, by name. */

import { CLIENT_FAULTS } from './faults/clients.ts'
import { DISK_FAULTS } from './faults/disks.ts'
import type { FaultParams } from './faults/kind.ts'
import { NETWORK_FAULTS } from './faults/network.ts'
import { OPERATOR_FAULTS } from './faults/operators.ts'
import { PROCESS_FAULTS } from './faults/processes.ts'

export type { End, FaultKind, FaultParams, Ground, Scene } from './faults/kind.ts'

/** One fault of a plan. */
export interface Fault {
  readonly kind: FaultName
  /** When it strikes, in milliseconds since the world began. */
  readonly at: number
  /** How long it lasts. */
  readonly ms: number
  readonly params: FaultParams
}

export const FAULTS = { ...NETWORK_FAULTS, ...PROCESS_FAULTS, ...DISK_FAULTS, ...OPERATOR_FAULTS, ...CLIENT_FAULTS } as const

/** What a fault is called. */
export type FaultName = keyof typeof FAULTS

/** All kinds of faults. */
export const FAULT_NAMES = Object.keys(FAULTS) as readonly FaultName[]
