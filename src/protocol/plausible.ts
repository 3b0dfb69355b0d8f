/** What a peer listens to at all: everything that arrives is looked at here first. Never throws, changes nothing, knows no roles. */

import { checkConf, isMember } from './confchange.ts'
import { deniesCommit } from './facts.ts'
import {
  type AppendEntries,
  comesFromLeader,
  hasNoTerm,
  isReply,
  type Known,
  type Message,
  type MessageType,
  type PreVote,
  type RequestVote,
} from './messages.ts'
import type { RaftState } from './state.ts'
import { isFarAhead } from './terms.ts'
import { type ConfState, type Entry, isKind, type LogIndex, type Snapshot, type Term } from './types.ts'

type Is = (value: unknown) => boolean
type Loose<T> = { readonly [K in keyof T]: unknown }

/** What has to be known of a peer to judge what it hears. */
type Listener = Pick<RaftState, 'id' | 'term' | 'leader' | 'log' | 'commit' | 'conf'>

/** A check for each field of a type: a new field does not compile until it has one. */
type Checks<T> = { readonly [K in Exclude<keyof T, 'type'>]-?: Is }

/** The largest index, term or count that is believed. Nobody counts that far, and from here there is room left to count on: at 2^53, n + 1 is n. */
const NUMBER_MAX = 2 ** 52

const isNumber: Is = (value) => Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= NUMBER_MAX
const isPosition: Is = (value) => isNumber(value) && (value as number) >= 1
const isPeer: Is = (value) => Number.isSafeInteger(value) && (value as number) >= 1
const isBoolean: Is = (value) => typeof value === 'boolean'
const isBytes: Is = (value) => value instanceof Uint8Array
const isOptionalNumber: Is = (value) => value === undefined || isNumber(value)
const isRecord = (value: unknown): value is object => typeof value === 'object' && value !== null

/** A list without holes, of which every element passes. */
const listOf =
  (is: Is): Is =>
  (value) => {
    if (!Array.isArray(value)) return false
    for (let i = 0; i < value.length; i++) if (!is(value[i])) return false
    return true
  }

const isNumbers = listOf(Number.isSafeInteger)

/** None at all would be a question that costs its hearer, and that no bound counts. */
const isTickets: Is = (value) => isNumbers(value) && (value as unknown[]).length > 0

const HEAD = { from: isPeer, to: isPeer, term: isNumber }
const KNOWN = { commit: isOptionalNumber, commitTerm: isOptionalNumber }
const VOTE = { ...HEAD, ...KNOWN, granted: isBoolean }
const VOTING = {
  ...HEAD,
  ...KNOWN,
  lastIndex: isNumber,
  lastTerm: isNumber,
  priority: isOptionalNumber,
}

/** Every message, field by field. What is inside of entries and snapshots is looked at later, together with what is around it. */
const CHECKS: { readonly [T in MessageType]: Checks<Extract<Message, { type: T }>> } = {
  AppendEntries: { ...HEAD, prevIndex: isNumber, prevTerm: isNumber, commit: isNumber, entries: Array.isArray },
  AppendEntriesReply: { ...HEAD, accepted: isBoolean, index: isNumber, hintIndex: isNumber, hintTerm: isNumber },
  Heartbeat: { ...HEAD, commit: isNumber, round: isNumber },
  HeartbeatReply: { ...HEAD, round: isNumber },
  PreVote: VOTING,
  PreVoteReply: VOTE,
  RequestVote: { ...VOTING, transfer: isBoolean },
  RequestVoteReply: VOTE,
  TimeoutNow: HEAD,
  InstallSnapshot: { ...HEAD, snapshot: isRecord },
  Propose: { ...HEAD, kind: isKind, data: listOf(isBytes) },
  ReadIndex: { ...HEAD, tickets: isTickets },
  ReadIndexReply: { ...HEAD, tickets: isTickets, index: isNumber },
  TransferLeader: { ...HEAD, target: isPeer },
}

interface Field {
  readonly name: string
  readonly is: Is
  /** What to say if it is not. */
  readonly reason: string
}

const fieldsOf = (type: string, checks: Readonly<Record<string, Is>>): readonly Field[] =>
  Object.entries(checks).map(([name, is]) => ({ name, is, reason: `${type} with a wrong ${name}` }))

const FIELDS: ReadonlyMap<unknown, readonly Field[]> = new Map(
  Object.entries(CHECKS).map(([type, checks]) => [type, fieldsOf(type, checks)]),
)

/** The first field that is not as it must be, in words. */
function wrongField(record: object, fields: readonly Field[]): string | null {
  for (const { name, is, reason } of fields) if (!is((record as Readonly<Record<string, unknown>>)[name])) return reason
  return null
}

/**
 * Why what arrived is not to be taken in: it is no message, or none that anybody who keeps to the rules could send to this peer. Null: take it.
 * Fields that no message has are of no interest. Getters are not expected; what comes from a wire has none.
 */
export function reasonToDrop(s: Listener, arrived: unknown): string | null {
  if (!isRecord(arrived)) return 'not an object'
  const fields = FIELDS.get((arrived as Loose<Message>).type)
  if (fields === undefined) return 'of an unknown type'
  const wrong = wrongField(arrived, fields)
  if (wrong !== null) return wrong
  const m = arrived as Message
  return wrongHead(s, m) ?? wrongBody(s, m)
}

/** Who speaks to whom, and in which term. */
function wrongHead(s: Listener, m: Message): string | null {
  if (m.to !== s.id) return 'addressed to another peer'
  if (m.from === s.id) return 'from ourselves'
  if (hasNoTerm(m)) return m.term === 0 ? null : 'with a term, where none belongs'
  if (m.term === 0) return 'of term 0'
  if (isReply(m) && s.conf.voters.length > 0 && !isMember(s.conf, m.from)) return 'an answer of somebody we never asked'
  if (s.leader !== null && isFarAhead(s, m)) return 'of a term too far ahead'
  const rival = m.term === s.term && s.leader !== null && s.leader !== m.from && comesFromLeader(m)
  return rival ? 'from a second leader of our term' : null // §5.2: impossible
}

/** What the fields say together, and whether it can be true beside what is committed here. */
function wrongBody(s: Listener, m: Message): string | null {
  switch (m.type) {
    case 'AppendEntries':
      return m.prevTerm > m.term ? 'with a log ahead of its term' : wrongEntries(s, m)
    case 'InstallSnapshot':
      return (
        wrongSnapshot(m.snapshot, m.term) ?? (contradicts(s, m.term, m.snapshot) ? 'a snapshot against what is committed' : null)
      )
    case 'PreVote':
    case 'RequestVote':
      return m.lastTerm > m.term ? 'with a log ahead of its term' : wrongKnown(s, m, m)
    case 'PreVoteReply':
    case 'RequestVoteReply':
      return wrongKnown(s, m, { lastIndex: NUMBER_MAX, lastTerm: m.term })
    case 'TransferLeader':
      return s.leader === s.id && !isMember(s.conf, m.from) ? 'a wish of somebody who is no member' : null
    case 'AppendEntriesReply':
      return m.accepted && m.term === s.term && s.leader === s.id && m.index > s.log.lastIndex
        ? 'of entries that were never sent'
        : null
    default:
      return null
  }
}

/** What somebody knows to be committed is in its log, and nothing else is committed here. */
function wrongKnown(
  s: Listener,
  m: Known,
  { lastIndex, lastTerm }: Pick<PreVote | RequestVote, 'lastIndex' | 'lastTerm'>,
): string | null {
  const { commit = 0, commitTerm = 0 } = m
  if (commit === 0) return null // it knows of nothing
  if (commit > lastIndex || commitTerm > lastTerm) return 'with a commit index beyond its log'
  return deniesCommit(s, { commit, commitTerm }) ? 'a commit index against what is committed' : null
}

/** §5.3: one after the other, terms never falling, none beyond the leader's own. One pass. */
function wrongEntries(s: Listener, m: AppendEntries): string | null {
  const entries: readonly unknown[] = m.entries
  let index = m.prevIndex
  let term = m.prevTerm
  for (let i = 0; i < entries.length; i++) {
    const entry = entries[i]
    if (!isRecord(entry)) return 'with an entry that is none'
    const { index: at, term: of, kind, data } = entry as Loose<Entry>
    index++
    if (at !== index || !isNumber(at)) return 'with entries out of order'
    if (!isPeer(of) || (of as Term) < term || (of as Term) > m.term) return 'with an entry of a wrong term'
    if (!isKind(kind)) return 'with an entry of an unknown kind'
    if (!isBytes(data)) return 'with an entry without bytes'
    term = of as Term
    if (contradicts(s, m.term, entry as Entry)) return 'entries against what is committed'
  }
  return null
}

/**
 * Whether somebody who leads in `term` cannot have had this entry there: what is committed here is in the log of every later leader (Leader
 * Completeness, §5.4). A leader that was deposed may have had it; it has to hear of our term, so it is not dropped. The entry before our first is
 * known too, by its term.
 */
function contradicts(s: Listener, term: Term, at: { readonly index: LogIndex; readonly term: Term }): boolean {
  if (term < s.term || at.index > s.commit || at.index < s.log.truncated.index) return false
  return s.log.termAt(at.index) !== at.term
}

/** §7: a snapshot as far as Raft looks into it. */
function wrongSnapshot(snapshot: Loose<Snapshot>, term: Term): string | null {
  const wrong = wrongField(snapshot, SNAPSHOT)
  if (wrong !== null) return wrong
  return (snapshot.term as Term) > term ? 'with a snapshot ahead of its term' : null
}

/** A configuration that can be in force, with somebody who votes (§6). */
const isConf: Is = (value) => checkConf(value as ConfState) === null && (value as ConfState).voters.length > 0

const SNAPSHOT_CHECKS: Checks<Omit<Snapshot, 'bytes'>> = { index: isPosition, term: isPosition, conf: isConf, data: isBytes }

const SNAPSHOT = fieldsOf('snapshot', SNAPSHOT_CHECKS)
