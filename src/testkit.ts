/** The public names of `flotilla/testkit`: a world in a seed, for whoever writes a state machine and wants to know what it does on a bad day. Nothing else. */

export { CODES, type Code, FlotillaError } from './base/errors.ts'
export { type Prng, prng } from './base/prng.ts'
export { type SeededChance, seededChance } from './chance/seeded.ts'
export type { Trace, TracedState, TracedStep } from './ports/trace.ts'
export { checkAcknowledged, type FinalRow, withFinalReads } from './testkit/checkers/acknowledged.ts'
export { checkConverged, type ReplicaState } from './testkit/checkers/converged.ts'
export { checkSubscription, type SeenEntry, type Subscribed } from './testkit/checkers/subscription.ts'
export {
  type History,
  HistoryRecorder,
  type Moment,
  type Operation,
  type Tally,
  UNKNOWN,
  type Unknown,
} from './testkit/history.ts'
export { type Contradiction, type Facts, type Model, type Part, partitionedBy } from './testkit/linearizability/model.ts'
export {
  type CheckBounds,
  type CheckEffort,
  checkLinearizable,
  type Linearizability,
  type Violation as LinearizabilityViolation,
} from './testkit/linearizable.ts'
export { type CounterOp, type CounterResult, counterModel } from './testkit/models/counter.ts'
export { kvModel } from './testkit/models/kv.ts'
export { type KvOp, type KvResult, kvOp, kvResult } from './testkit/models/kv-operations.ts'
export { type RegisterOp, type RegisterResult, registerModel } from './testkit/models/register.ts'
export { type Sequential, sequentialModel } from './testkit/models/sequential.ts'
export { fateOf, type Recording, recordedKv } from './testkit/recorded-kv.ts'
export { COUNTABLE, type Countable, everything, NO_COVERAGE, unreached, withCoverage } from './testkit/sim/coverage.ts'
export { FAULT_NAMES, type Fault, type FaultName, type FaultParams } from './testkit/sim/faults.ts'
export { type JournalEntry, lineOf } from './testkit/sim/journal.ts'
export { kvWorkload } from './testkit/sim/kv-workload.ts'
export { type Plan, type PlanWish, PROFILES, type ProfileName, planOf, type Rates } from './testkit/sim/plan.ts'
export { type PlanFile, planFileOf, planFileText } from './testkit/sim/plan-file.ts'
export { type Touch, watchReality } from './testkit/sim/reality.ts'
export type { Counts, Coverage } from './testkit/sim/recorder.ts'
export { type ShrinkOptions, type Shrunk, shrink } from './testkit/sim/shrink.ts'
export type { Inspect, SeenNode, Sight } from './testkit/sim/sight.ts'
export { type SimulateOptions, type SimulationReport, simulate } from './testkit/sim/simulate.ts'
export type { Violation } from './testkit/sim/violation.ts'
export type { ClientScene, FinalScene, Workload, WorkloadVerdict } from './testkit/sim/workload.ts'
