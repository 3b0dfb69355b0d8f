/** What can happen to a peer, and when. Knows what is around the core, not what the core makes of it. */

import { roleOf } from '../../peer/collect.ts'
import type { PeerSteps } from '../../peer/step.ts'
import type { ConfChange } from '../../protocol/confchange.ts'
import type { Message } from '../../protocol/messages.ts'
import type { RaftSettings } from '../../protocol/settings.ts'
import type { PeerId } from '../../protocol/types.ts'
import type { PeerState } from './peer-state.ts'

/** Time, where it counts: in ticks that all clocks take together. */
export interface Ticks {
  /** The shortest silence after which anybody may be elected. */
  readonly silence: number
  /** How old a round of heartbeats may be to cover a read. */
  readonly lease: number
}

/** What is around the core, the same for every peer. */
export interface Host {
  readonly steps: PeerSteps
  readonly settings: RaftSettings
  /** Whether anybody ever crashes. If not, what is on disks is of no interest once it is there. */
  readonly mayCrash: boolean
  /** Whether a flush is a step of its own, before which a crash may come. */
  readonly slowDisk: boolean
  /** Whether applying is a step of its own; then it is on the disk with the next write. */
  readonly slowMachine: boolean
  /** Whether a letter waits for the disk. */
  readonly waits: (message: Message) => boolean
  /** Null: any timer may expire at any time. */
  readonly ticks: Ticks | null
}

/** What can happen to a peer. */
export type Stimulus =
  | { readonly kind: 'hear'; readonly message: Message }
  | { readonly kind: 'fire'; readonly delay: string }
  | { readonly kind: 'read'; readonly ticket: number }
  | { readonly kind: 'reconfigure'; readonly change: ConfChange }
  | { readonly kind: 'transfer'; readonly to: PeerId }
  | { readonly kind: Plain }

/** What can happen and needs no more words. */
export type Plain = 'propose' | 'flush' | 'apply' | 'install' | 'abandon' | 'compact' | 'report' | 'crash' | 'tick' | 'jump'

/** Whether that can happen to a peer now. What nobody would notice may be said to be possible. */
export function isPossible(host: Host, peer: PeerState, stimulus: Stimulus): boolean {
  const { core } = peer
  if (core === null) return stimulus.kind === 'crash'
  const { context } = core
  switch (stimulus.kind) {
    case 'fire':
      return mayFire(host, peer, stimulus.delay)
    case 'propose':
    case 'reconfigure':
    case 'transfer':
    case 'report':
      return roleOf(core) === 'leader'
    case 'flush':
      return peer.pending.length > 0
    case 'apply':
      return host.slowMachine && context.staged === null && context.applied < Math.min(context.commit, context.log.durableIndex)
    case 'install':
    case 'abandon':
      return context.staged !== null
    case 'compact':
      return context.staged === null && context.applied > context.log.truncated.index
    default:
      return true
  }
}

/** Nobody's patience ends before the shortest silence; a heartbeat may be sent at any time. */
function mayFire({ ticks }: Host, { timers, ages }: PeerState, delay: string): boolean {
  for (const arm of timers.values()) {
    if (arm.delay !== delay) continue
    return ticks === null || delay === 'heartbeatInterval' || (ages.get(arm.id) ?? 0) >= ticks.silence
  }
  return false
}
