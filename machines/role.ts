/**
 * Figure 4 with the conditions of Figure 2 and the additions of the thesis: the protocol itself, one handler per rule.
 * Guards ask, reducers change, makers make messages. The words are in src/peer/role-words.ts; terms are sorted out before (src/protocol/terms.ts).
 */

import { createMachine, raise, type SnapshotFrom } from 'xstate'
import type { RaftEvent } from '../src/protocol/events.ts'
import type { Due, Followers, Reads } from '../src/protocol/leadership.ts'
import type { RoleDelay, RoleGuard, RoleMaker, RoleReducer } from '../src/protocol/role-names.ts'
import type { RaftState } from '../src/protocol/state.ts'
import type { leaseMachine } from './lease.ts'
import type { membershipMachine } from './membership.ts'
import type { progressMachine } from './progress.ts'
import type { transferMachine } from './transfer.ts'

/** The chart of one follower, kept as a value. */
export type ProgressSnapshot = SnapshotFrom<typeof progressMachine>

/** The chart of a handover, kept as a value. */
export type TransferSnapshot = SnapshotFrom<typeof transferMachine>

/** The chart of a change of configuration, kept as a value. */
export type MembershipSnapshot = SnapshotFrom<typeof membershipMachine>

/** The chart of a read lease, kept as a value. */
export type LeaseSnapshot = SnapshotFrom<typeof leaseMachine>

/** Everything a peer knows: the state of every role, and what a leader keeps besides. Nothing else stores a role. */
export interface RoleContext extends RaftState {
  readonly followers: Followers<ProgressSnapshot>
  readonly transfer: TransferSnapshot
  readonly membership: MembershipSnapshot
  readonly lease: LeaseSnapshot
  readonly reads: Reads
  /** Counts the leader's rounds of heartbeats: dates confirmations of reads. */
  readonly round: number
  /** Payload bytes of a leader's own entries beyond the commit index. */
  readonly uncommittedBytes: number
  /** What the last reducer decided and the makers after it put into words. */
  readonly due: Due
}

export const roleMachine = createMachine({
  types: {} as {
    context: RoleContext
    input: RoleContext
    events: RaftEvent
    actions: { type: RoleReducer } | { type: RoleMaker }
    guards: { type: RoleGuard }
    delays: RoleDelay
  },
  id: 'role',
  context: ({ input }) => input,
  initial: 'following',
  on: {
    // Figure 2, "Rules for Servers, All Servers"
    'term.higher': { target: '.following', actions: 'adoptTerm' }, // §5.1
    'term.stale': { actions: 'replyTerm' }, // §5.1
    'commit.told': { actions: 'learnCommit' }, // §5.3: Log Matching; perhaps a change of configuration is the last thing we lack
    PreVote: [
      { guard: 'wouldGrant', actions: 'replyGranted' }, // thesis 9.6: neither term nor vote changes
      { actions: 'replyDenied' },
    ],
    RequestVote: { actions: 'replyDenied' }, // §5.2: our vote of this term is given, or that log lacks something
    'storage.persisted': { actions: 'markPersisted' },
    'storage.applied': { actions: 'markApplied' }, // §5.3
    'conf.applied': { actions: 'switchConf' }, // thesis 4.1, but as it is applied (docs/decisions/011-configuration-on-apply.md)
    'snapshot.created': { actions: 'keepSnapshot' }, // §7
    'log.compacted': { actions: 'compactLog' }, // §7
    'client.propose': [
      { guard: 'forwards', actions: 'forwardProposals' }, // §8
      { actions: 'refuseNotLeader' }, // with a hint
    ],
    'client.read': [
      { guard: 'knowsLeader', actions: 'askForIndex' }, // thesis 6.4: followers may answer, once they know how far
      { actions: 'refuseNotLeader' },
    ],
    'client.transfer': [{ guard: 'knowsLeader', actions: 'forwardTransfer' }, { actions: 'refuseNotLeader' }],
    'client.reconfigure': { actions: 'refuseNotLeader' },
    Propose: { guard: 'knowsLeader', actions: 'passOn' }, // meant for somebody who leads no more
    ReadIndex: { guard: 'knowsLeader', actions: 'passOn' },
    TransferLeader: { guard: 'knowsLeader', actions: 'passOn' },
    ReadIndexReply: { actions: 'releaseAsked' }, // thesis 6.4
  },
  states: {
    following: {
      // §5.2 "Followers", and learners (thesis 4.2.1)
      initial: 'follower',
      on: {
        RequestVote: { guard: 'canGrant', target: '.follower', actions: ['grantVote', 'replyGranted'] }, // §5.2 one vote per term; §5.4.1 only to an up-to-date log
        AppendEntries: [
          { guard: 'logMatches', target: '.follower', actions: ['appendEntries', 'replyAccepted'] }, // §5.3; the timer starts again
          { target: '.follower', actions: ['hearLeader', 'replyRejected'] },
        ],
        Heartbeat: { target: '.follower', actions: ['hearBeat', 'replyHeartbeat'] }, // §5.2
        InstallSnapshot: [
          { guard: 'snapshotIsNewer', target: '.follower', actions: 'stageSnapshot' }, // §7; answered once it is in place
          { target: '.follower', actions: ['skipSnapshot', 'replySnapshot'] },
        ],
        'snapshot.installed': { guard: 'isStaged', actions: ['restoreSnapshot', 'replyInstalled'] }, // §7
        'snapshot.abandoned': { guard: 'isStaged', actions: 'unstage' },
      },
      states: {
        follower: {
          always: { guard: 'isOutside', target: 'learner' },
          after: {
            voteLease: { actions: 'forgetLeader' }, // thesis 4.2.3: silence; may vote again
            electionTimeout: [
              { guard: 'mayCanvass', target: '#role.campaigning' }, // §5.2, thesis 9.6
              { guard: 'mayCampaign', target: '#role.campaigning.candidate' }, // §5.2
              { target: 'follower', reenter: true },
            ],
          },
          on: {
            TimeoutNow: [
              { guard: 'mayCampaign', target: '#role.campaigning.candidate', actions: 'heedCall' }, // thesis 3.10: at once, without pre-vote
              { actions: 'heedCall' }, // a change of configuration is still to take effect
            ],
            'conf.applied': { guard: 'nowCalled', target: '#role.campaigning.candidate', actions: 'switchConf' }, // that was all it waited for
            'leader.forgotten': { guard: 'mayForget', actions: 'forgetLeader' },
          },
        },
        learner: {
          // thesis 4.2.1: takes the log and does not count; also who is no member, or not yet
          always: { guard: 'isVoter', target: 'follower' },
          after: { voteLease: { actions: 'forgetLeader' } }, // it votes when asked: it may be a voter and not know it yet
        },
      },
    },
    campaigning: {
      // §5.2 "Candidates"
      initial: 'preCandidate',
      on: {
        AppendEntries: { target: 'following', actions: raise(({ event }) => event) }, // §5.2: a leader exists; hear it as a follower
        Heartbeat: { target: 'following', actions: raise(({ event }) => event) },
        InstallSnapshot: { target: 'following', actions: raise(({ event }) => event) },
      },
      states: {
        preCandidate: {
          // thesis 9.6: term and vote untouched
          entry: ['canvass', 'sendPreVote'],
          always: [
            { guard: 'isOutside', target: '#role.following' }, // a change of configuration took effect meanwhile
            { guard: 'won', target: 'candidate' },
            { guard: 'lost', target: '#role.following' },
          ],
          on: {
            PreVoteReply: { actions: 'recordVote' },
            RequestVote: { guard: 'canGrant', target: '#role.following', actions: ['grantVote', 'replyGranted'] }, // §5.2: it may still be free
          },
          after: {
            electionTimeout: [
              { guard: 'mayCampaign', target: 'preCandidate', reenter: true }, // answers were lost
              { target: '#role.following' }, // a refusal told of a committed change
            ],
          },
        },
        candidate: {
          // §5.2: term + 1, a vote for ourselves, ask all
          entry: ['campaign', 'sendRequestVote'],
          always: [
            { guard: 'isOutside', target: '#role.following' },
            { guard: 'won', target: '#role.leader' },
            { guard: 'lost', target: '#role.following' },
          ],
          on: {
            RequestVoteReply: { actions: 'recordVote' },
            'storage.persisted': { actions: 'countOwnVote' }, // our own vote counts once it is on disk
          },
          after: {
            electionTimeout: [
              { guard: 'mayCanvass', target: 'preCandidate' }, // §5.2: a split vote; try again
              { guard: 'mayCampaign', target: 'candidate', reenter: true },
              { target: '#role.following' },
            ],
          },
        },
      },
    },
    leader: {
      // §5.2, §5.3 "Leaders"
      initial: 'round',
      entry: ['takeLeadership', 'sendAppend'], // §5.3 next = last + 1, match = 0; §8 an entry of this term at once
      exit: 'dropLeadership',
      on: {
        'client.propose': [
          { guard: 'accepting', actions: ['appendProposals', 'acceptProposals', 'sendAppend'] }, // §5.3
          { actions: 'refuseBusy' },
        ],
        Propose: { guard: 'accepting', actions: ['appendProposals', 'sendAppend'] }, // §8: a follower passed it on
        'client.reconfigure': [
          { guard: 'mayReconfigure', actions: ['proposeConf', 'acceptConf', 'sendAppend'] }, // §6, thesis 4.1, 4.3
          { actions: 'refuseConf' },
        ],
        'conf.applied': [
          { guard: 'mustRetire', actions: ['retire', 'sendAppend', 'sendTimeoutNow', raise({ type: 'office.lost' })] }, // thesis 4.2.2: hand over, then go
          { actions: ['settleConf', 'sendAppend', 'releaseReads'] },
        ],
        'office.lost': { target: 'following' },
        'client.read': [
          { guard: 'readsFull', actions: 'refuseBusy' },
          { guard: 'leaseHeld', actions: ['serveRead', 'releaseReads'] }, // thesis 6.4.1
          { guard: 'committedInTerm', actions: ['queueRead', 'sendHeartbeat', 'releaseReads'] }, // §8, thesis 6.4
          { actions: 'deferRead' }, // §8: not before an entry of our own term is committed
        ],
        ReadIndex: [
          { guard: 'readsFull' }, // who asked asks again
          { guard: 'committedInTerm', actions: ['queueRead', 'sendHeartbeat', 'releaseReads'] },
          { actions: 'deferRead' },
        ],
        'client.transfer': [
          { guard: 'electableInQuorum', target: '.round', actions: ['restartTransfer', 'sendTimeoutNow'] }, // thesis 3.10; one election timeout from now
          { guard: 'electable', actions: ['requestTransfer', 'sendTimeoutNow'] }, // thesis 6.2: who hears no quorum gets no more time for anything
          { guard: 'sameTarget' }, // under way, and its time is not extended
          { guard: 'cancelsTransfer', actions: 'cancelTransfer' }, // to ourselves: lead on
          { actions: 'refuseTarget' },
        ],
        TransferLeader: [
          { guard: 'electableInQuorum', target: '.round', actions: ['restartTransfer', 'sendTimeoutNow'] },
          { guard: 'electable', actions: ['requestTransfer', 'sendTimeoutNow'] },
          { guard: 'cancelsTransfer', actions: 'cancelTransfer' },
        ],
        'commit.told': { actions: ['countTold', 'sendAppend'] }, // a quorum that votes no more cannot tell us by counting
        AppendEntriesReply: { actions: ['countReply', 'sendAppend', 'sendTimeoutNow', 'sendHeartbeat'] }, // §5.3, §5.4.2
        HeartbeatReply: { actions: ['countBeat', 'sendAppend', 'releaseReads'] },
        'storage.persisted': { actions: ['countSelf', 'sendAppend', 'sendHeartbeat', 'releaseReads'] }, // our own copy counts once it is on disk
        'snapshot.reported': { actions: 'countSnapshot' }, // §7
        'peer.unreachable': { actions: 'countLoss' },
        'clock.jumped': { actions: 'expireLease' }, // thesis 6.4.1
        AppendEntries: { actions: 'assertNoSecondLeader' }, // §5.2: impossible in one term
        Heartbeat: { actions: 'assertNoSecondLeader' },
        InstallSnapshot: { actions: 'assertNoSecondLeader' },
      },
      states: {
        round: {
          // thesis 6.2: a leader that does not reach a quorum for an election timeout leads nobody
          initial: 'beat',
          after: {
            quorumInterval: [
              {
                guard: 'quorumActive',
                target: 'round',
                reenter: true,
                actions: ['startQuorumRound', 'sendAppend', 'sendHeartbeat'],
              },
              { target: '#role.following' },
            ],
          },
          states: {
            beat: {
              after: { heartbeatInterval: { target: 'beat', reenter: true, actions: ['startBeat', 'sendHeartbeat'] } }, // §5.2
            },
          },
        },
      },
    },
  },
})
