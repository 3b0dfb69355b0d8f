/** What a host may hand to a RawNode: checked at the door, so that a slip of the host's never reaches the log. Knows nothing of Raft. */

import { copyBytes } from '../base/bytes.ts'
import { FlotillaError } from '../base/errors.ts'
import { type ConfChange, isChange } from '../protocol/confchange.ts'
import type { Message } from '../protocol/messages.ts'
import type { Entry, LogPosition, PeerId } from '../protocol/types.ts'
import type { Mark, RawReady } from './raw-ready.ts'

const invalid = (message: string): FlotillaError => new FlotillaError('CONFIG_INVALID', message)

const isWhole = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === 'object' && value !== null

const shown = (value: unknown): string => (typeof value === 'string' ? `'${value}'` : String(value))

/** A copy of the host's bytes: it may use its buffer again. Throws `COMMAND_INVALID` for anything else. */
export function bytesOf(data: Uint8Array): Uint8Array {
  if (data instanceof Uint8Array) return copyBytes(data)
  throw new FlotillaError('COMMAND_INVALID', 'a command, or the data of a snapshot, is bytes (Uint8Array)')
}

/** An index, as it is. Throws `CONFIG_INVALID` for what is none. */
export function indexOf(index: number): number {
  if (isWhole(index)) return index
  throw invalid(`an index is a whole number from 0 on, not ${shown(index)}`)
}

/** The id of a peer, as it is. Throws `CONFIG_INVALID` for what is none. */
export function peerOf(id: PeerId): PeerId {
  if (isWhole(id) && id > 0) return id
  throw invalid(`the id of a peer is a whole number from 1 on, not ${shown(id)}`)
}

/** How a snapshot was sent, as it is. Throws `CONFIG_INVALID` for anything else. */
export function outcomeOf(outcome: 'finished' | 'failed'): 'finished' | 'failed' {
  if (outcome === 'finished' || outcome === 'failed') return outcome
  throw invalid(`a snapshot is 'finished' or 'failed', not ${shown(outcome)}`)
}

/** Something with an index, as it is. Throws `CONFIG_INVALID` for anything else. */
export function positionOf<T extends { readonly index: number }>(position: T): T {
  if (isRecord(position) && isWhole(position.index)) return position
  throw invalid('a position is { index }')
}

/** What is on disk, as it is. Throws `CONFIG_INVALID` for anything else. */
export function markOf(at: Mark | LogPosition): Mark | LogPosition {
  if (isRecord(at) && (isWhole(at.number) || (isWhole(at.index) && isWhole(at.term)))) return at as unknown as Mark | LogPosition
  throw invalid('what is on disk is the mark of a Ready, or { index, term } of its last entry')
}

/** A Ready, as it is. Throws `CONFIG_INVALID` for anything else. */
export function readyOf(ready: RawReady): RawReady {
  if (isRecord(ready) && isRecord(ready.mark) && Array.isArray(ready.committedEntries)) return ready
  throw invalid('a Ready is what ready() returned')
}

/** A change, as it is. Throws `CONF_INVALID` for what is none. */
export function changeOf(change: ConfChange): ConfChange {
  if (isChange(change)) return change
  throw new FlotillaError('CONF_INVALID', 'a change of configuration is { transition, steps, context }')
}

/** What takes effect, as it is: an entry, or what is in it, or nothing. Throws `CONFIG_INVALID` for anything else. */
export function appliedOf(given: ConfChange | Entry | null): ConfChange | Entry | null {
  if (given === null || isChange(given)) return given
  if (isRecord(given) && isWhole(given.index) && given.kind === 'configuration' && given.data instanceof Uint8Array)
    return given as unknown as Entry
  throw invalid('what takes effect is a committed entry of kind configuration, the change in it, or null')
}

/** The caller's words with a read. Throws `COMMAND_INVALID` for anything but a string. */
export function contextOf(context: string): string {
  if (typeof context === 'string') return context
  throw new FlotillaError('COMMAND_INVALID', 'the context of a read is a string')
}

/** A message that shares no bytes with what it was read from: the host may use its receive buffer again. */
export function ownCopyOf(m: Message): Message {
  switch (m.type) {
    case 'AppendEntries':
      return m.entries.length === 0 ? m : { ...m, entries: m.entries.map((entry) => ({ ...entry, data: sliceOf(entry.data) })) }
    case 'InstallSnapshot':
      return { ...m, snapshot: { ...m.snapshot, data: sliceOf(m.snapshot.data) } }
    case 'Propose':
      return { ...m, data: m.data.map(sliceOf) }
    default:
      return m
  }
}

/** A copy of the same kind: the slice of a Buffer's own would be a view. */
const sliceOf = (data: Uint8Array): Uint8Array => Uint8Array.prototype.slice.call(data)
