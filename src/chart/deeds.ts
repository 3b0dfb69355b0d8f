/** What is done on the way through a chart, taken apart once: reducers, makers, timers. Knows how xstate writes these down, and no places. */

import type { AnyStateMachine } from 'xstate'
import { type ArmTimer, armOf, type DisarmTimer } from './timers.ts'
import { isReducer, type ReducerWord } from './words.ts'

/** One thing to do. */
export type Deed =
  | { readonly kind: 'reduce'; readonly reduce: ReducerWord['reduce'] }
  | { readonly kind: 'make'; readonly make: (args: DeedArgs) => readonly unknown[] }
  | { readonly kind: 'time'; readonly timer: ArmTimer | DisarmTimer }
  | { readonly kind: 'raise'; readonly raised: (args: DeedArgs) => { readonly type: string } }

/** What a deed is told. */
export interface DeedArgs {
  readonly context: object
  readonly event: { readonly type: string }
}

/** xstate's own actions are functions with their meaning as properties. */
interface Builtin {
  readonly type?: string
  readonly id?: string
  readonly delay?: unknown
  readonly event?: unknown
  readonly sendId?: unknown
}

/** An action of a machine as something to do; null when it is of a kind that is not understood here. */
export function deedOf(action: unknown, { implementations }: AnyStateMachine): Deed | null {
  const { actions, delays } = implementations as Readonly<Record<'actions' | 'delays', Readonly<Record<string, unknown>>>>
  const done = typeof action === 'string' ? actions[action] : action
  if (typeof done !== 'function') return null
  if (isReducer(done)) return { kind: 'reduce', reduce: done.reduce }
  if (!('resolve' in done)) return { kind: 'make', make: done as (args: DeedArgs) => readonly unknown[] }
  const { type, id, delay, event, sendId } = done as Builtin
  if (type === 'xstate.cancel' && typeof sendId === 'string') return { kind: 'time', timer: { type: 'disarm', id: sendId } }
  if (type !== 'xstate.raise') return null
  if (delay === undefined) return { kind: 'raise', raised: typeof event === 'function' ? (event as never) : () => event as never }
  const length = typeof delay === 'string' ? delays[delay] : delay
  if (typeof length !== 'number' || typeof event !== 'object') return null
  return { kind: 'time', timer: armOf(id, event as { readonly type: string }) }
}
