/** How the nodes of a simulated world are set up. */

import type { NodePlan } from './machine.ts'
import type { Plan } from './plan.ts'
import type { Workload } from './workload.ts'

export const ELECTION_TIMEOUT_MS = 1000

/** What each node is told when it starts: its groups, each with a state machine made anew, and how patient it is. */
export const nodePlanOf = (plan: Plan, workloads: ReadonlyMap<string, Workload>): NodePlan => ({
  nodes: plan.nodes,
  groups: () =>
    [...workloads].map(([id, workload]) => ({
      id,
      stateMachine: workload.stateMachine(),
      compaction: { entries: plan.logEntries, keep: Math.min(20_000, Math.ceil(plan.logEntries / 5)) },
    })),
  timing: { electionTimeoutMs: ELECTION_TIMEOUT_MS, heartbeatMs: ELECTION_TIMEOUT_MS / 10 },
  leaseReads: plan.leaseReads,
  autoPromote: true,
})
