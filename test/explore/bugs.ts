/** Mistakes that small worlds must find, made in the words of the charts or in the host, without touching a source. Knows how each is made, not how it shows. */

import type { RoleContext, roleMachine } from '../../machines/role.ts'
import { stepperOf } from '../../src/chart/stepper.ts'
import { guard, type Reduce, reducer } from '../../src/chart/words.ts'
import { committedInTerm } from '../../src/leader/commit.ts'
import * as reign from '../../src/leader/reign.ts'
import { matchOf } from '../../src/leader/tracker.ts'
import { spokenRole } from '../../src/peer/role-words.ts'
import { contextOf, type PeerSteps, stepsOver } from '../../src/peer/step.ts'
import * as append from '../../src/protocol/append.ts'
import { checkChange } from '../../src/protocol/confchange.ts'
import type { ClientRead, ClientReconfigure, LogCompacted, StoragePersisted } from '../../src/protocol/events.ts'
import type { AppendEntries, AppendEntriesReply, RequestVote } from '../../src/protocol/messages.ts'
import { isVoter, quorumIndex } from '../../src/protocol/quorum.ts'
import type { Output } from '../../src/protocol/ready.ts'
import type { RoleGuard, RoleReducer } from '../../src/protocol/role-names.ts'
import { restoreSnapshot } from '../../src/protocol/snapshot.ts'
import { addressed } from '../../src/protocol/state.ts'
import { votersOnly } from '../../src/protocol/types.ts'
import * as vote from '../../src/protocol/vote.ts'
import type { ExploreOptions } from '../../src/testkit/explore/search.ts'

/** A mistake. */
export interface Bug {
  readonly name: string
  /** The rule it breaks. */
  readonly source: string
  /** What a world with it in is walked with. */
  readonly options: ExploreOptions
}

const SAMPLE = contextOf({
  id: 1,
  conf: votersOnly([1]),
  hardState: { term: 0, vote: null, commit: 0 },
  applied: 0,
  truncated: { index: 0, term: 0 },
  lastIndex: 0,
  runs: [],
  reader: { entries: () => [] },
})

interface Words {
  readonly guards?: object
  readonly actions?: object
}

/** The core with other words in some places. */
function stepsWith(words: Words): PeerSteps {
  const changed = (spokenRole as unknown as typeof roleMachine).provide(words as never)
  return stepsOver(stepperOf<typeof roleMachine, Output>(changed as never, SAMPLE))
}

const ask = <E>(question: (s: RoleContext, e: E) => boolean) => guard<RoleContext, E>(question)
const change = <E>(reduce: Reduce<RoleContext, E>) => reducer<RoleContext, E>(reduce)

/** Whatever a quorum holds is committed, of whatever term. */
const byCounting =
  <E>(reduce: Reduce<RoleContext, E>): Reduce<RoleContext, E> =>
  (s, e) => {
    const patch = reduce(s, e)
    const after = { ...s, ...patch }
    const index = quorumIndex(after.conf, matchOf(after))
    return index > after.commit ? { ...patch, commit: index } : patch
  }

const withGuard = <E>(name: RoleGuard, question: (s: RoleContext, e: E) => boolean): ExploreOptions => ({
  steps: stepsWith({ guards: { [name]: ask(question) } }),
})

const withReducer = <E>(name: RoleReducer, reduce: Reduce<RoleContext, E>): ExploreOptions => ({
  steps: stepsWith({ actions: { [name]: change(reduce) } }),
})

const REAL = stepsWith({})

/** Whether a change could be made at all, whatever is under way. */
const isMakeable = (s: RoleContext, e: ClientReconfigure): boolean =>
  s.transfer.value === 'idle' && checkChange(s.conf, e.change) === null

/** The last change in the log that is not in force, of any leader. */
const pendingTerm = ({ log }: RoleContext): number => log.termAt(log.configurations.at(-1) ?? 0) ?? 0

/** All of them. */
export const BUGS: readonly Bug[] = [
  {
    name: 'votes twice in a term',
    source: '§5.2',
    options: {
      steps: stepsWith({
        guards: { canGrant: ask<RequestVote>((s, m) => s.leader === null && s.log.isUpToDate(m.lastIndex, m.lastTerm)) },
        actions: { grantVote: change<RequestVote>((_, m) => ({ vote: m.from })) },
      }),
    },
  },
  {
    name: 'a stale vote reply is counted',
    source: '§5.2',
    options: {
      keepLate: true,
      steps: {
        ...REAL,
        message: (snapshot, m) => {
          const { term } = snapshot.context
          const isStale = m.type === 'RequestVoteReply' && m.term < term
          return REAL.message(snapshot, isStale ? { ...m, ...addressed(snapshot.context, m.to), from: m.from, to: m.to } : m)
        },
      },
    },
  },
  {
    name: 'a vote is lost in a crash',
    source: 'thesis 3.8',
    options: { waits: () => false },
  },
  {
    name: 'entries of an older term are committed by counting',
    source: '§5.4.2, Figure 8',
    options: {
      steps: stepsWith({
        actions: {
          countReply: change<AppendEntriesReply>(byCounting(reign.countReply)),
          countSelf: change<StoragePersisted>(byCounting(reign.countSelf)),
        },
      }),
    },
  },
  {
    name: 'a follower commits what the leader names, without the minimum',
    source: '§5.3, Figure 2',
    options: withReducer<AppendEntries>('appendEntries', (s, m) => ({
      ...append.appendEntries(s, m),
      commit: Math.max(s.commit, m.commit),
    })),
  },
  {
    name: 'votes for a shorter log',
    source: '§5.4.1',
    options: {
      steps: stepsWith({
        guards: {
          canGrant: ask<RequestVote>((s, m) =>
            vote.canGrant(s, {
              ...m,
              lastIndex: Math.max(m.lastIndex, s.log.lastIndex),
              lastTerm: Math.max(m.lastTerm, s.log.lastTerm),
            }),
          ),
        },
      }),
    },
  },
  {
    name: 'entries are taken without looking at what is before them',
    source: '§5.3',
    options: {
      steps: stepsWith({
        guards: { logMatches: ask<AppendEntries>((s, m) => s.staged === null && m.prevIndex <= s.log.lastIndex) },
      }),
    },
  },
  {
    name: 'the leader counts its own copy before it is on disk',
    source: 'thesis 10.2.1',
    options: withReducer<AppendEntriesReply>('countReply', (s, m) => {
      const patch = reign.countReply(s, m)
      const after = { ...s, ...patch }
      const index = quorumIndex(after.conf, (peer) => (peer === s.id ? after.log.lastIndex : matchOf(after)(peer)))
      return index > after.commit && after.log.termAt(index) === s.term ? { ...patch, commit: index } : patch
    }),
  },
  {
    name: 'a change begins before an entry of the own term is committed, whatever an earlier leader left',
    source: 'single-server changes across terms',
    options: withGuard<ClientReconfigure>('mayReconfigure', (s, e) => isMakeable(s, e) && pendingTerm(s) !== s.term),
  },
  {
    name: 'two changes at once',
    source: 'thesis 4.1',
    options: withGuard<ClientReconfigure>('mayReconfigure', (s, e) => isMakeable(s, e) && committedInTerm(s)),
  },
  {
    name: 'a committed change that is not applied does not keep from campaigning',
    source: 'configuration on apply',
    options: withGuard('mayCampaign', (s) => isVoter(s.conf, s.id) && s.staged === null),
  },
  {
    name: 'an older snapshot takes a log back',
    source: 'older snapshot over a newer log',
    options: {
      steps: stepsWith({
        guards: { snapshotIsNewer: ask(() => true) },
        actions: { restoreSnapshot: change((s) => ({ ...restoreSnapshot(s), ...(s.staged && { commit: s.staged.index }) })) },
      }),
    },
  },
  {
    name: 'entries that are not applied are cut off',
    source: '§7',
    options: withReducer<LogCompacted>('compactLog', (s) => ({ log: s.log.compact(s.log.durableIndex) })),
  },
  {
    name: 'a new leader answers reads before it has committed anything',
    source: '§8',
    options: withGuard('committedInTerm', () => true),
  },
  {
    name: 'a read is answered before anybody confirmed it',
    source: 'thesis 6.4',
    options: withReducer<ClientRead>('queueRead', reign.serveRead),
  },
  {
    name: 'an answer to an earlier round confirms a read',
    source: 'repeated context confirms a stale read',
    options: withReducer<ClientRead>('queueRead', (s, e) => reign.queueRead(s, { ...e, unsentRound: s.round })),
  },
  {
    name: 'a lease is as old as one likes',
    source: 'thesis 6.4.1',
    options: { lease: 99 },
  },
  {
    name: 'whoever hears a leader votes all the same',
    source: 'thesis 4.2.3',
    options: {
      steps: {
        ...REAL,
        message: (snapshot, m) => REAL.message(snapshot, m.type === 'RequestVote' ? { ...m, transfer: true } : m),
      },
    },
  },
  {
    name: 'a restart breaks the silence that a lease was built on',
    source: 'thesis 6.4.1',
    options: {
      steps: {
        ...REAL,
        start: (input) => {
          const [snapshot, said] = REAL.start(input)
          return [{ ...snapshot, context: { ...snapshot.context, sheltered: false } }, said]
        },
      },
    },
  },
]

/** The mistake of that name. */
export function bugOf(name: string): Bug {
  const bug = BUGS.find((one) => one.name === name)
  if (!bug) throw new Error(`no such mistake: ${name}`)
  return bug
}
