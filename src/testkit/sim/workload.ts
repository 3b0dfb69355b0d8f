/** What clients do in a simulated world, and how it is judged: the part that a user writes for a state machine of their own. */

import type { Prng } from '../../base/prng.ts'
import type { Client } from '../../client/client.ts'
import type { StateMachine } from '../../ports/state-machine.ts'
import type { Violation } from './violation.ts'

/** One client at work. */
export interface ClientScene {
  readonly name: string
  /** The real client, on a connection of its own. */
  readonly client: Client
  readonly group: string
  /** The only chance that may be used: everything else would not be repeated. */
  readonly chance: Prng
  /** Whether the nodes answer reads under leases. */
  readonly leaseReads: boolean
  /** Virtual milliseconds. */
  now(): number
  sleep(ms: number): Promise<void>
  /** Whether it is time to go home. */
  isOver(): boolean
  /** Something for the trace. A code of an error among the details counts as met. */
  note(what: string, ...details: readonly (string | number)[]): void
}

/** The world after the storm: everybody is up and has caught up. */
export type FinalScene = Pick<ClientScene, 'client' | 'group' | 'now'>

/** What came of a workload. */
export interface WorkloadVerdict {
  readonly violation: Violation | null
  /** Operations that were answered, that certainly did nothing, and of which nobody knows. */
  readonly ok: number
  readonly failed: number
  readonly unknown: number
  /** Parts of the history that were too large to judge. */
  readonly undecided?: number
}

/** What clients of one group do. Made anew for each run. */
export interface Workload<Final = unknown> {
  /** Of the group: asked for once for each node and run, since a process has its own. */
  stateMachine(): StateMachine
  /** A client's day. Ends soon after `isOver`. An error that is not expected ends the run. */
  run(scene: ClientScene): Promise<void>
  /** One write, right after the storm: within ten election timeouts one has to succeed. It is tried again when it fails. */
  write?(scene: FinalScene): Promise<unknown>
  /** Reads what there is in the end. */
  finish(scene: FinalScene): Promise<Final>
  judge(final: Final): WorkloadVerdict
}
