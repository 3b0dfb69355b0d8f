/** Raft messages on the wire: one envelope per pair of nodes and turn, whoever's groups the messages are of. Checked once, here. */

import { z } from 'zod'
import { EMPTY } from '../base/bytes.ts'
import { FlotillaError } from '../base/errors.ts'
import type { Message } from '../protocol/messages.ts'
import type { Entry, EntryKind } from '../protocol/types.ts'
import { type Blob, decodeFrame, encodeFrame } from './frame.ts'

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
}

export interface Envelope {
  readonly sender: Sender
  readonly messages: readonly GroupMessage[]
}

/** Messages in one envelope. */
const MESSAGES_MAX = 10_000

const whole = z.int().min(0)
const peer = z.int().min(1)
const letter = { from: peer, to: peer, term: whole }
const tail = { lastIndex: whole, lastTerm: whole }
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
  z.strictObject({ type: z.literal('PreVote'), ...letter, ...tail }),
  z.strictObject({ type: z.literal('PreVoteReply'), ...letter, granted: z.boolean() }),
  z.strictObject({ type: z.literal('RequestVote'), ...letter, ...tail, transfer: z.boolean() }),
  z.strictObject({ type: z.literal('RequestVoteReply'), ...letter, granted: z.boolean() }),
  z.strictObject({ type: z.literal('TimeoutNow'), ...letter }),
])

/** Header of an envelope. AppendEntries gives the number of its entries; they follow as blobs, in the order of the messages. */
const header = z.compile(
  z.strictObject({
    sender: z.strictObject({ cluster: id, node: id, store: z.string().min(1).max(64), boot: whole }),
    messages: z.array(z.strictObject({ group: id, epoch: z.string().max(64), message })).max(MESSAGES_MAX),
  }),
)

const KINDS: readonly EntryKind[] = ['noop', 'command', 'configuration']

/** kind, then six bytes of term, before the data. */
const ENTRY_PREFIX_BYTES = 7

export function encodeEnvelope({ sender, messages }: Envelope): Uint8Array {
  const blobs: Blob[] = []
  const slim = messages.map(({ group, epoch, message: m }) => {
    if (m.type !== 'AppendEntries') return { group, epoch, message: m }
    pushEntries(blobs, m.entries)
    return { group, epoch, message: { ...m, entries: m.entries.length } }
  })
  return encodeFrame({ sender, messages: slim }, blobs)
}

/** Throws `CODEC_INVALID` for whatever is not an envelope; the core never sees an unchecked value. */
export function decodeEnvelope(data: Uint8Array): Envelope {
  const frame = decodeFrame(data)
  const parsed = header.safeParse(frame.header)
  if (!parsed.success)
    throw new FlotillaError('CODEC_INVALID', 'the envelope is not well formed', { issues: parsed.error.issues.slice(0, 3) })
  const blobs = frame.blobs[Symbol.iterator]()
  const messages = parsed.data.messages.map(({ group, epoch, message: m }): GroupMessage => {
    if (m.type !== 'AppendEntries') return { group, epoch, message: m }
    const entries: Entry[] = []
    for (let i = 1; i <= m.entries; i++) entries.push(decodeEntry(blobs.next().value, m.prevIndex + i))
    checkTerms(entries, m.prevTerm, m.term)
    return { group, epoch, message: { ...m, entries } }
  })
  if (blobs.next().done !== true) throw new FlotillaError('CODEC_INVALID', 'the envelope has blobs that no message names')
  return { sender: parsed.data.sender, messages }
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
