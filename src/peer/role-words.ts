/** The words of machines/role.ts: every name in the chart, bound to the rule that it stands for. All of them, or it does not compile. */

import { type RoleContext, roleMachine } from '../../machines/role.ts'
import { type SnapshotFrom, stepperOf } from '../chart/stepper.ts'
import { type Ask, chain, guard, type Make, maker, type Reduce, reducer } from '../chart/words.ts'
import { accepting, acceptProposals, committedInTerm } from '../leader/commit.ts'
import { deferRead, expireLease, leaseHeld, readsFull, releaseReads, sendHeartbeat } from '../leader/confirm.ts'
import { cancels, electable, sameTarget, sendTimeoutNow } from '../leader/handoff.ts'
import { acceptConf, mayReconfigure, mustRetire, refuseConf } from '../leader/reconfigure.ts'
import * as reign from '../leader/reign.ts'
import { sendAppend } from '../leader/replication.ts'
import { countLoss, countSnapshot, quorumActive } from '../leader/tracker.ts'
import * as append from '../protocol/append.ts'
import { isOutside, nowCalled, switchConf } from '../protocol/conf-applied.ts'
import type {
  ClientPropose,
  ClientRead,
  ClientReconfigure,
  ClientTransfer,
  RaftEvent,
  StoragePersisted,
} from '../protocol/events.ts'
import { learnCommit } from '../protocol/facts.ts'
import * as forward from '../protocol/forward.ts'
import { isVoter } from '../protocol/quorum.ts'
import type { Output, Refused } from '../protocol/ready.ts'
import type { RoleDelay, RoleGuard, RoleMaker, RoleReducer } from '../protocol/role-names.ts'
import * as snapshot from '../protocol/snapshot.ts'
import { adoptTerm, replyTerm } from '../protocol/terms.ts'
import * as vote from '../protocol/vote.ts'

const ask = <E extends RaftEvent>(question: Ask<RoleContext, E>) => guard<RoleContext, E>(question)
const reduce = <E extends RaftEvent>(change: Reduce<RoleContext, E>) => reducer<RoleContext, E>(change)
const make = <E extends RaftEvent>(say: Make<RoleContext, E, Output>) => maker<RoleContext, E, Output>(say)

type TransferEvent = reign.TransferEvent
const { aimOf } = reign

const guards = {
  accepting: ask(accepting),
  canGrant: ask(vote.canGrant),
  cancelsTransfer: ask<TransferEvent>((s, e) => cancels(s, aimOf(e))),
  committedInTerm: ask(committedInTerm),
  electable: ask<TransferEvent>((s, e) => electable(s, aimOf(e))),
  electableInQuorum: ask<TransferEvent>((s, e) => electable(s, aimOf(e)) && quorumActive(s)),
  forwards: ask(forward.forwards),
  isOutside: ask(isOutside),
  isStaged: ask(snapshot.isStaged),
  isVoter: ask((s) => isVoter(s.conf, s.id)),
  knowsLeader: ask(forward.knowsLeader),
  leaseHeld: ask(leaseHeld),
  logMatches: ask(append.logMatches),
  lost: ask(vote.lost),
  mayCampaign: ask(vote.mayCampaign),
  mayCanvass: ask(vote.mayCanvass),
  mayForget: ask(vote.mayForget),
  mayReconfigure: ask(mayReconfigure),
  mustRetire: ask(mustRetire),
  nowCalled: ask(nowCalled),
  quorumActive: ask(quorumActive),
  readsFull: ask(readsFull),
  sameTarget: ask<TransferEvent>((s, e) => sameTarget(s, aimOf(e))),
  snapshotIsNewer: ask(snapshot.snapshotIsNewer),
  won: ask(vote.won),
  wouldGrant: ask(vote.wouldGrant),
} satisfies Record<RoleGuard, unknown>

const reducers = {
  adoptTerm: reduce(adoptTerm),
  appendEntries: reduce(append.appendEntries),
  appendProposals: reduce(reign.appendProposals),
  assertNoSecondLeader: reduce(reign.assertNoSecondLeader),
  campaign: reduce(vote.campaign),
  cancelTransfer: reduce(reign.cancelTransfer),
  canvass: reduce(vote.canvass),
  compactLog: reduce(snapshot.compactLog),
  countBeat: reduce(reign.countBeat),
  countLoss: reduce(countLoss),
  countOwnVote: reduce(chain<RoleContext, StoragePersisted>(append.markPersisted, vote.countOwnVote)),
  countReply: reduce(reign.countReply),
  countSelf: reduce(reign.countSelf),
  countSnapshot: reduce(countSnapshot),
  countTold: reduce(reign.countTold),
  deferRead: reduce(deferRead),
  dropLeadership: reduce(reign.dropLeadership),
  expireLease: reduce(expireLease),
  forgetLeader: reduce(vote.forgetLeader),
  grantVote: reduce(vote.grantVote),
  hearBeat: reduce(append.hearBeat),
  hearLeader: reduce(append.hearLeader),
  heedCall: reduce(vote.heedCall),
  keepSnapshot: reduce(snapshot.keepSnapshot),
  learnCommit: reduce(learnCommit),
  markApplied: reduce(append.markApplied),
  markPersisted: reduce(append.markPersisted),
  proposeConf: reduce(reign.proposeConf),
  queueRead: reduce(reign.queueRead),
  recordVote: reduce(vote.recordVote),
  requestTransfer: reduce(reign.requestTransfer),
  restartTransfer: reduce(reign.restartTransfer),
  restoreSnapshot: reduce(snapshot.restoreSnapshot),
  retire: reduce(reign.retire),
  serveRead: reduce(reign.serveRead),
  settleConf: reduce(reign.settleConf),
  skipSnapshot: reduce(snapshot.skipSnapshot),
  stageSnapshot: reduce(snapshot.stageSnapshot),
  startBeat: reduce(reign.startBeat),
  startQuorumRound: reduce(reign.startQuorumRound),
  switchConf: reduce(switchConf),
  takeLeadership: reduce(reign.takeLeadership),
  unstage: reduce(snapshot.unstage),
} satisfies Record<RoleReducer, unknown>

type ClientEvent = ClientPropose | ClientRead | ClientReconfigure | ClientTransfer

const ticketsOf = (e: ClientEvent): readonly number[] => {
  if (e.type === 'client.propose') return e.proposals.map((proposal) => proposal.ticket)
  return e.type === 'client.read' ? e.tickets : [e.ticket]
}

const refuse = (code: Refused['code'], e: ClientEvent): Refused[] => [{ type: 'refused', tickets: ticketsOf(e), code }]

const makers = {
  acceptConf: make(acceptConf),
  acceptProposals: make(acceptProposals),
  askForIndex: make(forward.askForIndex),
  forwardProposals: make(forward.forwardProposals),
  forwardTransfer: make(forward.forwardTransfer),
  passOn: make(forward.passOn),
  refuseBusy: make<ClientEvent>((s, e) => refuse(s.transfer.value === 'idle' ? 'BUSY' : 'TRANSFERRING', e)),
  refuseConf: make(refuseConf),
  refuseNotLeader: make<ClientEvent>((_, e) => refuse('NOT_LEADER', e)),
  refuseTarget: make<ClientEvent>((_, e) => refuse('TARGET_INVALID', e)),
  releaseAsked: make(forward.releaseAsked),
  releaseReads: make(releaseReads),
  replyAccepted: make(append.replyAccepted),
  replyDenied: make(vote.replyDenied),
  replyGranted: make(vote.replyGranted),
  replyHeartbeat: make(append.replyHeartbeat),
  replyInstalled: make(snapshot.replyInstalled),
  replyRejected: make(append.replyRejected),
  replySnapshot: make(snapshot.replySnapshot),
  replyTerm: make(replyTerm),
  sendAppend: make(sendAppend),
  sendHeartbeat: make(sendHeartbeat),
  sendPreVote: make(vote.sendPreVote),
  sendRequestVote: make(vote.sendRequestVote),
  sendTimeoutNow: make(sendTimeoutNow),
} satisfies Record<RoleMaker, unknown>

/** The chart names its delays; how long they are is the host's to draw. A number makes xstate return them as timers instead of raising at once. */
const delays = { electionTimeout: 0, heartbeatInterval: 0, quorumInterval: 0, voteLease: 0 } satisfies Record<RoleDelay, number>

export type RoleSnapshot = SnapshotFrom<typeof roleMachine>

/** The role chart with its words: what runs, and what the tests walk through. */
export const spokenRole = roleMachine.provide({ guards, delays, actions: { ...reducers, ...makers } as never })

/** The role chart as a pure function, given any legal context to start from. */
export const roleStepper = (sample: RoleContext) => stepperOf<typeof roleMachine, Output>(spokenRole as never, sample)
