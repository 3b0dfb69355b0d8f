/** The words of machines/role.ts: every name in the chart, bound to the rule that it stands for. All of them, or it does not compile. */

import {
  type RoleContext,
  type RoleDelay,
  type RoleGuard,
  type RoleMaker,
  type RoleReducer,
  roleMachine,
} from '../../machines/role.ts'
import { type SnapshotFrom, stepperOf } from '../chart/stepper.ts'
import { type Ask, chain, guard, type Make, maker, type Reduce, reducer } from '../chart/words.ts'
import { accepting, acceptProposals, committedInTerm } from '../leader/commit.ts'
import { deferRead, readsFull, releaseReads, sendHeartbeat } from '../leader/confirm.ts'
import { electable, sendTimeoutNow } from '../leader/handoff.ts'
import * as reign from '../leader/reign.ts'
import { sendAppend } from '../leader/replication.ts'
import { countLoss, quorumActive } from '../leader/tracker.ts'
import * as append from '../protocol/append.ts'
import type { ClientPropose, ClientRead, ClientTransfer, RaftEvent, StoragePersisted } from '../protocol/events.ts'
import type { Output, Refused } from '../protocol/ready.ts'
import { adoptTerm, replyTerm } from '../protocol/terms.ts'
import * as vote from '../protocol/vote.ts'

const ask = <E extends RaftEvent>(question: Ask<RoleContext, E>) => guard<RoleContext, E>(question)
const reduce = <E extends RaftEvent>(change: Reduce<RoleContext, E>) => reducer<RoleContext, E>(change)
const make = <E extends RaftEvent>(say: Make<RoleContext, E, Output>) => maker<RoleContext, E, Output>(say)

const guards = {
  accepting: ask(accepting),
  canGrant: ask(vote.canGrant),
  committedInTerm: ask(committedInTerm),
  electable: ask(electable),
  logMatches: ask(append.logMatches),
  lost: ask(vote.lost),
  mayCampaign: ask(vote.mayCampaign),
  quorumActive: ask(quorumActive),
  readsFull: ask(readsFull),
  won: ask(vote.won),
  wouldGrant: ask(vote.wouldGrant),
} satisfies Record<RoleGuard, unknown>

const reducers = {
  adoptTerm: reduce(adoptTerm),
  appendEntries: reduce(append.appendEntries),
  appendProposals: reduce(reign.appendProposals),
  assertNoSecondLeader: reduce(reign.assertNoSecondLeader),
  campaign: reduce(vote.campaign),
  canvass: reduce(vote.canvass),
  countBeat: reduce(reign.countBeat),
  countLoss: reduce(countLoss),
  countOwnVote: reduce(chain<RoleContext, StoragePersisted>(append.markPersisted, vote.countOwnVote)),
  countReply: reduce(reign.countReply),
  countSelf: reduce(reign.countSelf),
  deferRead: reduce(deferRead),
  dropLeadership: reduce(reign.dropLeadership),
  forgetLeader: reduce(vote.forgetLeader),
  grantVote: reduce(vote.grantVote),
  hearBeat: reduce(append.hearBeat),
  hearLeader: reduce(append.hearLeader),
  markApplied: reduce(append.markApplied),
  markPersisted: reduce(append.markPersisted),
  queueRead: reduce(reign.queueRead),
  recordVote: reduce(vote.recordVote),
  requestTransfer: reduce(reign.requestTransfer),
  startBeat: reduce(reign.startBeat),
  startQuorumRound: reduce(reign.startQuorumRound),
  takeLeadership: reduce(reign.takeLeadership),
} satisfies Record<RoleReducer, unknown>

type ClientEvent = ClientPropose | ClientRead | ClientTransfer

const ticketsOf = (e: ClientEvent): readonly number[] => {
  if (e.type === 'client.propose') return e.proposals.map((proposal) => proposal.ticket)
  return e.type === 'client.read' ? e.tickets : [e.ticket]
}

const refuse = (code: Refused['code'], e: ClientEvent): Refused[] => [{ type: 'refused', tickets: ticketsOf(e), code }]

const makers = {
  acceptProposals: make(acceptProposals),
  refuseBusy: make<ClientEvent>((s, e) => refuse(s.transfer.value === 'idle' ? 'BUSY' : 'TRANSFERRING', e)),
  refuseNotLeader: make<ClientEvent>((_, e) => refuse('NOT_LEADER', e)),
  releaseReads: make(releaseReads),
  replyAccepted: make(append.replyAccepted),
  replyDenied: make(vote.replyDenied),
  replyGranted: make(vote.replyGranted),
  replyHeartbeat: make(append.replyHeartbeat),
  replyRejected: make(append.replyRejected),
  replyTerm: make(replyTerm),
  sendAppend: make(sendAppend),
  sendHeartbeat: make(sendHeartbeat),
  sendPreVote: make(vote.sendPreVote),
  sendRequestVote: make<RaftEvent>((s, e) => vote.sendRequestVote(s, e.type === 'TimeoutNow')), // thesis 3.10: voters need not protect the leader
  sendTimeoutNow: make(sendTimeoutNow),
} satisfies Record<RoleMaker, unknown>

/** The chart names its delays; how long they are is the host's to draw. A number makes xstate return them as timers instead of raising at once. */
const delays = { electionTimeout: 0, heartbeatInterval: 0, quorumInterval: 0, voteLease: 0 } satisfies Record<RoleDelay, number>

export type RoleSnapshot = SnapshotFrom<typeof roleMachine>

/** The role chart with its words: what runs, and what the tests walk through. */
export const spokenRole = roleMachine.provide({ guards, delays, actions: { ...reducers, ...makers } as never })

/** The role chart as a pure function, given any legal context to start from. */
export const roleStepper = (sample: RoleContext) => stepperOf<typeof roleMachine, Output>(spokenRole as never, sample)
