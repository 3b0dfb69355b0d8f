/** Mistakes that small worlds must find, made in the words of the charts or in the host, without touching a source. Knows how each is made, not how it shows. */

import type { RoleContext, roleMachine } from '../../machines/role.ts'
import { stepperOf } from '../../src/chart/stepper.ts'
import { guard, type Reduce, reducer } from '../../src/chart/words.ts'
import * as reign from '../../src/leader/reign.ts'
import { matchOf } from '../../src/leader/tracker.ts'
import { spokenRole } from '../../src/peer/role-words.ts'
import { contextOf, type PeerSteps, stepsOver } from '../../src/peer/step.ts'
import * as append from '../../src/protocol/append.ts'
import type { StoragePersisted } from '../../src/protocol/events.ts'
import type { AppendEntries, AppendEntriesReply, RequestVote } from '../../src/protocol/messages.ts'
import { quorumIndex } from '../../src/protocol/quorum.ts'
import type { Output } from '../../src/protocol/ready.ts'
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

const REAL = stepsWith({})

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
    options: {
      steps: stepsWith({
        actions: {
          appendEntries: change<AppendEntries>((s, m) => {
            const patch = append.appendEntries(s, m)
            const last = (patch.log ?? s.log).lastIndex
            return { ...patch, commit: Math.max(s.commit, Math.min(m.commit, last)) }
          }),
        },
      }),
    },
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
]

/** The mistake of that name. */
export function bugOf(name: string): Bug {
  const bug = BUGS.find((one) => one.name === name)
  if (!bug) throw new Error(`no such mistake: ${name}`)
  return bug
}
