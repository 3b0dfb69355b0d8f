/** Changes of configuration: what can be asked for, and what a configuration becomes by it (§6, thesis 4). Pure arithmetic, no roles, no log. */

import type { ConfState, PeerId } from './types.ts'

/** One peer's part in a change. A voter that is to be a learner is demoted, a learner that is to be a voter promoted. */
export interface ConfChangeStep {
  readonly type: 'AddNode' | 'AddLearner' | 'RemoveNode'
  readonly peer: PeerId
}

/** How a change is made: `auto` goes through a joint configuration only if one step is not enough, and leaves it by itself. */
export type Transition = 'auto' | 'jointImplicit' | 'jointExplicit'

/** What a configuration is to become. No steps at all: leave the joint configuration. */
export interface ConfChange {
  readonly transition: Transition
  readonly steps: readonly ConfChangeStep[]
  /** The host's own words about it, carried along: names of new peers, for example. */
  readonly context: string
}
