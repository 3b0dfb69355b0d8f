/** Raft messages on the wire: one envelope per pair of nodes and turn, whoever's groups the messages are of. Checked once, here. */

import { z } from 'zod'
import { EMPTY } from '../base/bytes.ts'
import { FlotillaError } from '../base/errors.ts'
import { READS_MAX } from '../base/limits.ts'
import { MEMBERS_MAX } from '../protocol/confchange.ts'
import type { Message } from '../protocol/messages.ts'
import type { Entry, EntryKind } from '../protocol/types.ts'
import { type Blob, decodeFrame, frameOf } from './frame.ts'
import { type PeerPromise, promiseSchema } from './promises.ts'

/** A message and the group it is for. */
export interface GroupMessage {
  readonly group: string
  /** Which founding of the group the sender means: a digest of its first configuration. */
  readonly epoch: string
  readonly message: Message
}

/** Who speaks. */
export interface Sender {
  readonly cluster: string
  readonly node: string
  /** Identity of the sender's store, and how often it was opened. */
  readonly store: string
  readonly boot: number
  /** Drawn at that opening. */
  readonly run: string
  /** The sender's disk is nearly full: it should not lead. Missing: it has room. */
  readonly low?: boolean | undefined
}

export interface Envelope {
  readonly sender: Sender
  readonly messages: readonly GroupMessage[]
  /** What peers of the sender have on its disk. Missing: nothing is said of it. */
  readonly promises?: readonly PeerPromise[] | undefined
}

/** Messages, or promises, in one envelope. */
const MESSAGES_MAX = 10_000

const KINDS = ['noop', 'command', 'configuration'] as const satisfies readonly EntryKind[]

const whole = z.int().min(0)
const peer = z.int().min(1)
const letter = { from: peer, to: peer, term: whole }
const tail = { lastIndex: whole, lastTerm: whole }
const known = { commit: whole, commitTerm: whole }
const candidate = { ...tail, ...known, priority: whole.optional() }
const vote = { granted: z.boolean(), ...known }
const tickets = z.array(whole).max(READS_MAX)
const peers = z.array(peer).max(MEMBERS_MAX)
const conf = { voters: peers, votersOutgoing: peers, learners: peers, learnersNext: peers, autoLeave: z.boolean() }
const id = z.string().min(1).max(63)

const message = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('AppendEntries'),
    ...letter,
    prevIndex: whole,
    prevTerm: whole,
    commit: whole,
    entries: whole.max(1_000_000),
  }),
  z.strictObject({
    type: z.literal('AppendEntriesReply'),
    ...letter,
    accepted: z.boolean(),
    index: whole,
    hintIndex: whole,
    hintTerm: whole,
  }),
  z.strictObject({ type: z.literal('Heartbeat'), ...letter, commit: whole, round: whole }),
  z.strictObject({ type: z.literal('HeartbeatReply'), ...letter, round: whole }),
  z.strictObject({ type: z.literal('PreVote'), ...letter, ...candidate }),
  z.strictObject({ type: z.literal('PreVoteReply'), ...letter, ...vote }),
  z.strictObject({ type: z.literal('RequestVote'), ...letter, ...candidate, transfer: z.boolean() }),
  z.strictObject({ type: z.literal('RequestVoteReply'), ...letter, ...vote }),
  z.strictObject({ type: z.literal('TimeoutNow'), ...letter }),
  z.strictObject({
    type: z.literal('InstallSnapshot'),
    ...letter,
    snapshot: z.strictObject({ index: whole, term: whole, conf: z.strictObject(conf) }),
  }),
  z.strictObject({ type: z.literal('Propose'), ...letter, kind: z.enum(KINDS), data: whole.max(1_000_000) }),
  z.strictObject({ type: z.literal('ReadIndex'), ...letter, tickets }),
  z.strictObject({ type: z.literal('ReadIndexReply'), ...letter, tickets, index: whole }),
  z.strictObject({ type: z.literal('TransferLeader'), ...letter, target: peer }),
])

/** Who speaks, as it stands in every message between nodes. */
export const senderSchema = z.strictObject({
  cluster: id,
  node: id,
  store: z.string().min(1).max(64),
  boot: whole,
  run: z.string().min(1).max(64),
  low: z.boolean().optional(),
})

/** Header of an envelope. AppendEntries gives the number of its entries; they follow as blobs, in the order of the messages. */
const header = z.compile(
  z.strictObject({
    sender: senderSchema,
    messages: z.array(z.strictObject({ group: id, epoch: z.string().max(64), message })).max(MESSAGES_MAX),
    promises: z.array(promiseSchema).max(MESSAGES_MAX).optional(),
  }),
)

/** kind, then six bytes of term, before the data. */
const ENTRY_PREFIX_BYTES = 7

export function encodeEnvelope({ sender, messages, promises }: Envelope): Uint8Array {
  const blobs: Blob[] = []
  const slim = messages.map(({ group, epoch, message: m }) => ({ group, epoch, message: slimmed(m, blobs) }))
  const more = promises ? `,"promises":${JSON.stringify(promises)}` : ''
  return frameOf(`{"sender":${jsonOf(sender)},"messages":${JSON.stringify(slim)}${more}}`, blobs)
}

/** Who speaks says so in every envelope, and is the same object as long as it is the same. */
function jsonOf(sender: Sender): string {
  const known = senders.get(sender)
  if (known !== undefined) return known
  const json = JSON.stringify(sender)
  senders.set(sender, json)
  return json
}

const senders = new WeakMap<Sender, string>()

/** A message as its header says it: bytes stand among the blobs, in its place their number. */
function slimmed(m: Message, blobs: Blob[]): unknown {
  switch (m.type) {
    case 'AppendEntries':
      pushEntries(blobs, m.entries)
      return { ...m, entries: m.entries.length }
    case 'InstallSnapshot': {
      const { data, ...snapshot } = m.snapshot
      blobs.push(data)
      return { ...m, snapshot }
    }
    case 'Propose':
      blobs.push(...m.data)
      return { ...m, data: m.data.length }
    default:
      return m
  }
}

/** Throws `CODEC_INVALID` for whatever is not an envelope; the core never sees an unchecked value. */
export function decodeEnvelope(data: Uint8Array): Envelope {
  const frame = decodeFrame(data)
  const parsed = header.safeParse(frame.header)
  if (!parsed.success)
    throw new FlotillaError('CODEC_INVALID', 'the envelope is not well formed', { issues: parsed.error.issues.slice(0, 3) })
  const blobs = frame.blobs[Symbol.iterator]()
  const messages = parsed.data.messages.map(
    ({ group, epoch, message: m }): GroupMessage => ({ group, epoch, message: filled(m, blobs) }),
  )
  if (blobs.next().done !== true) throw new FlotillaError('CODEC_INVALID', 'the envelope has blobs that no message names')
  const { sender, promises } = parsed.data
  return promises ? { sender, messages, promises } : { sender, messages }
}

/** The message that {@link slimmed} made this of. */
function filled(m: z.infer<typeof message>, blobs: Iterator<Uint8Array>): Message {
  switch (m.type) {
    case 'AppendEntries': {
      const entries: Entry[] = []
      for (let i = 1; i <= m.entries; i++) entries.push(decodeEntry(blobs.next().value, m.prevIndex + i))
      checkTerms(entries, m.prevTerm, m.term)
      return { ...m, entries }
    }
    case 'InstallSnapshot':
      return { ...m, snapshot: { ...m.snapshot, data: theNext(blobs) } }
    case 'Propose':
      return { ...m, data: Array.from({ length: m.data }, () => theNext(blobs)) }
    case 'PreVote':
    case 'RequestVote': {
      const { priority, ...asked } = m
      return priority === undefined ? asked : { ...asked, priority }
    }
    default:
      return m
  }
}

function theNext(blobs: Iterator<Uint8Array>): Uint8Array {
  const { done, value } = blobs.next()
  if (done === true) throw new FlotillaError('CODEC_INVALID', 'the envelope lacks a blob that a message names')
  return value
}

/** Neighbours are mostly of one kind and term: they share the bytes that say so. */
function pushEntries(blobs: Blob[], entries: readonly Entry[]): void {
  let last: Entry | undefined
  let start = EMPTY
  for (const entry of entries) {
    if (entry.kind !== last?.kind || entry.term !== last.term) start = entryPrefix(entry)
    blobs.push({ start, rest: entry.data })
    last = entry
  }
}

function entryPrefix({ kind, term }: Entry): Uint8Array {
  const prefix = new Uint8Array(ENTRY_PREFIX_BYTES)
  const view = new DataView(prefix.buffer)
  prefix[0] = KINDS.indexOf(kind)
  view.setUint16(1, Math.floor(term / 0x1_0000_0000))
  view.setUint32(3, term % 0x1_0000_0000)
  return prefix
}

function decodeEntry(blob: Uint8Array | undefined, index: number): Entry {
  const kind = blob && KINDS[blob[0] ?? -1]
  if (!blob || !kind || blob.length < ENTRY_PREFIX_BYTES)
    throw new FlotillaError('CODEC_INVALID', 'an entry is missing or damaged', { index })
  let term = 0
  for (let at = 1; at < ENTRY_PREFIX_BYTES; at++) term = term * 256 + (blob[at] as number)
  return { term, index, kind, data: blob.subarray(ENTRY_PREFIX_BYTES) }
}

/** Terms never fall along a log, and none is ahead of its leader's. */
function checkTerms(entries: readonly Entry[], before: number, leader: number): void {
  let last = before
  for (const { term, index } of entries) {
    if (term < last || term > leader || term === 0)
      throw new FlotillaError('CODEC_INVALID', 'the terms of the entries are out of order', { index, term })
    last = term
  }
}
