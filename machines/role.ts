/**
 * Figure 4 with the conditions of Figure 2 and the additions of the thesis: the protocol itself, one handler per rule.
 * Guards ask, reducers change, makers make messages. The words are in src/peer/role-words.ts; terms are sorted out before (src/protocol/terms.ts).
 */

import { createMachine, raise, type SnapshotFrom } from 'xstate'
import type { RaftEvent } from '../src/protocol/events.ts'
import type { Due, Followers, Reads } from '../src/protocol/leadership.ts'
import type { RaftState } from '../src/protocol/state.ts'
import type { progressMachine } from './progress.ts'
import type { transferMachine } from './transfer.ts'

/** The chart of one follower, kept as a value. */
export type ProgressSnapshot = SnapshotFrom<typeof progressMachine>

/** The chart of a handover, kept as a value. */
export type TransferSnapshot = SnapshotFrom<typeof transferMachine>

/** Everything a peer knows: the state of every role, and what a leader keeps besides. Nothing else stores a role. */
export interface RoleContext extends RaftState {
  readonly followers: Followers<ProgressSnapshot>
  readonly transfer: TransferSnapshot
  readonly reads: Reads
  /** Counts the leader's rounds of heartbeats: dates confirmations of reads. */
  readonly round: number
  /** Payload bytes in our log beyond the commit index. */
  readonly uncommittedBytes: number
  /** What the last reducer decided and the makers after it put into words. */
  readonly due: Due
}

export type RoleGuard =
  | 'accepting'
  | 'canGrant'
  | 'committedInTerm'
  | 'electable'
  | 'logMatches'
  | 'lost'
  | 'mayCampaign'
  | 'quorumActive'
  | 'readsFull'
  | 'won'
  | 'wouldGrant'

export type RoleReducer =
  | 'adoptTerm'
  | 'appendEntries'
  | 'appendProposals'
  | 'assertNoSecondLeader'
  | 'campaign'
  | 'canvass'
  | 'countBeat'
  | 'countLoss'
  | 'countOwnVote'
  | 'countReply'
  | 'countSelf'
  | 'deferRead'
  | 'dropLeadership'
  | 'forgetLeader'
  | 'grantVote'
  | 'hearBeat'
  | 'hearLeader'
  | 'markApplied'
  | 'markPersisted'
  | 'queueRead'
  | 'recordVote'
  | 'requestTransfer'
  | 'startBeat'
  | 'startQuorumRound'
  | 'takeLeadership'

export type RoleMaker =
  | 'acceptProposals'
  | 'refuseBusy'
  | 'refuseNotLeader'
  | 'releaseReads'
  | 'replyAccepted'
  | 'replyDenied'
  | 'replyGranted'
  | 'replyHeartbeat'
  | 'replyRejected'
  | 'replyTerm'
  | 'sendAppend'
  | 'sendHeartbeat'
  | 'sendPreVote'
  | 'sendRequestVote'
  | 'sendTimeoutNow'

export type RoleDelay = 'electionTimeout' | 'heartbeatInterval' | 'quorumInterval' | 'voteLease'

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
    PreVote: [
      { guard: 'wouldGrant', actions: 'replyGranted' }, // thesis 9.6: changes nothing
      { actions: 'replyDenied' },
    ],
    RequestVote: { actions: 'replyDenied' }, // §5.2: our vote of this term is given, or that log lacks something
    'storage.persisted': { actions: 'markPersisted' },
    'storage.applied': { actions: 'markApplied' }, // §5.3
    'client.*': { actions: 'refuseNotLeader' }, // §8: with a hint
  },
  states: {
    following: {
      // §5.2 "Followers"
      initial: 'follower',
      on: {
        RequestVote: { guard: 'canGrant', target: '.follower', actions: ['grantVote', 'replyGranted'] }, // §5.2 one vote per term; §5.4.1 only to an up-to-date log
        AppendEntries: [
          { guard: 'logMatches', target: '.follower', actions: ['appendEntries', 'replyAccepted'] }, // §5.3; the timer starts again
          { target: '.follower', actions: ['hearLeader', 'replyRejected'] },
        ],
        Heartbeat: { target: '.follower', actions: ['hearBeat', 'replyHeartbeat'] }, // §5.2
      },
      states: {
        follower: {
          after: {
            voteLease: { actions: 'forgetLeader' }, // thesis 4.2.3: silence; may vote again
            electionTimeout: [
              { guard: 'mayCampaign', target: '#role.campaigning' }, // §5.2
              { target: 'follower', reenter: true },
            ],
          },
          on: {
            TimeoutNow: { guard: 'mayCampaign', target: '#role.campaigning.candidate' }, // thesis 3.10: at once, without pre-vote
          },
        },
      },
    },
    campaigning: {
      // §5.2 "Candidates"
      initial: 'preCandidate',
      on: {
        AppendEntries: { target: 'following', actions: raise(({ event }) => event) }, // §5.2: a leader exists; hear it as a follower
        Heartbeat: { target: 'following', actions: raise(({ event }) => event) },
      },
      states: {
        preCandidate: {
          // thesis 9.6: term and vote untouched
          entry: ['canvass', 'sendPreVote'],
          always: [
            { guard: 'won', target: 'candidate' },
            { guard: 'lost', target: '#role.following' },
          ],
          on: {
            PreVoteReply: { actions: 'recordVote' },
            RequestVote: { guard: 'canGrant', target: '#role.following', actions: ['grantVote', 'replyGranted'] }, // §5.2: it may still be free
          },
          after: { electionTimeout: { target: 'preCandidate', reenter: true } },
        },
        candidate: {
          // §5.2: term + 1, a vote for ourselves, ask all
          entry: ['campaign', 'sendRequestVote'],
          always: [
            { guard: 'won', target: '#role.leader' },
            { guard: 'lost', target: '#role.following' },
          ],
          on: {
            RequestVoteReply: { actions: 'recordVote' },
            'storage.persisted': { actions: 'countOwnVote' }, // our own vote counts once it is on disk
          },
          after: { electionTimeout: 'preCandidate' }, // §5.2: a split vote; try again
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
        'client.read': [
          { guard: 'readsFull', actions: 'refuseBusy' },
          { guard: 'committedInTerm', actions: ['queueRead', 'sendHeartbeat', 'releaseReads'] }, // §8, thesis 6.4
          { actions: 'deferRead' }, // §8: not before an entry of our own term is committed
        ],
        'client.transfer': [
          { guard: 'electable', target: '.round', actions: ['requestTransfer', 'sendTimeoutNow'] }, // thesis 3.10; one election timeout from now
          { actions: 'refuseBusy' },
        ],
        AppendEntriesReply: { actions: ['countReply', 'sendAppend', 'sendTimeoutNow', 'sendHeartbeat'] }, // §5.3, §5.4.2
        HeartbeatReply: { actions: ['countBeat', 'sendAppend', 'releaseReads'] },
        'storage.persisted': { actions: ['countSelf', 'sendAppend', 'sendHeartbeat', 'releaseReads'] }, // our own copy counts once it is on disk
        'peer.unreachable': { actions: 'countLoss' },
        AppendEntries: { actions: 'assertNoSecondLeader' }, // §5.2: impossible in one term
        Heartbeat: { actions: 'assertNoSecondLeader' },
      },
      states: {
        round: {
          // thesis 6.2: a leader that does not reach a quorum for an election timeout leads nobody
          initial: 'beat',
          after: {
            quorumInterval: [
              { guard: 'quorumActive', target: 'round', reenter: true, actions: ['startQuorumRound', 'sendHeartbeat'] },
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
