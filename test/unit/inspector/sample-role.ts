/** A small chart of roles to draw in tests: every kind of transition that a drawing must tell apart. */

import { createMachine } from 'xstate'

export const sampleRole = createMachine({
  id: 'role',
  initial: 'following',
  on: {
    'term.higher': { target: '.following', actions: 'adoptTerm' },
    'term.stale': { actions: 'replyTerm' },
    'client.*': { actions: 'refuseNotLeader' },
  },
  states: {
    following: {
      initial: 'follower',
      on: {
        AppendEntries: [
          { guard: 'logMatches', target: '.follower', reenter: true, actions: 'appendEntries' },
          { target: '.follower', reenter: true, actions: 'hearLeader' },
        ],
        Heartbeat: { target: '.follower', reenter: true, actions: 'hearBeat' },
        RequestVote: [
          { guard: 'canGrant', target: '.follower', reenter: true, actions: 'grantVote' },
          { actions: 'replyDenied' },
        ],
      },
      states: {
        follower: {
          after: {
            electionTimeout: [
              { guard: 'mayCampaign', target: '#role.campaigning' },
              { target: 'follower', reenter: true },
            ],
          },
          on: { TimeoutNow: { guard: 'mayCampaign', target: '#role.campaigning.candidate' } },
        },
      },
    },
    campaigning: {
      initial: 'preCandidate',
      on: { AppendEntries: { target: 'following', actions: 'again' }, Heartbeat: { target: 'following', actions: 'again' } },
      states: {
        preCandidate: {
          always: [
            { guard: 'won', target: 'candidate' },
            { guard: 'lost', target: '#role.following' },
          ],
          after: { electionTimeout: { target: 'preCandidate', reenter: true } },
          on: { PreVoteReply: { actions: 'recordVote' } },
        },
        candidate: {
          always: [
            { guard: 'won', target: '#role.leader' },
            { guard: 'lost', target: '#role.following' },
          ],
          after: { electionTimeout: 'preCandidate' },
          on: { RequestVoteReply: { actions: 'recordVote' } },
        },
      },
    },
    leader: {
      initial: 'round',
      on: {
        AppendEntriesReply: { actions: 'countReply' },
        'client.propose': [{ guard: 'accepting', actions: 'append' }, { actions: 'refuseBusy' }],
      },
      states: {
        round: {
          initial: 'beat',
          after: { quorumTimeout: [{ guard: 'quorumActive', target: 'round', reenter: true }, { target: '#role.following' }] },
          states: { beat: { after: { heartbeatInterval: { target: 'beat', reenter: true } } } },
        },
      },
    },
  },
})
