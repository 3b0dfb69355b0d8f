/** What a host may hand to a RawNode: checked at the door, so that a slip of the host's never reaches the log. Knows nothing of Raft. */

import { copyBytes } from '../base/bytes.ts'
import { FlotillaError } from '../base/errors.ts'
import { type ConfChange, isChange } from '../protocol/confchange.ts'

/** A copy of the host's bytes: it may use its buffer again. Throws `COMMAND_INVALID` for anything else. */
export function bytesOf(data: Uint8Array): Uint8Array {
  if (data instanceof Uint8Array) return copyBytes(data)
  throw new FlotillaError('COMMAND_INVALID', 'a command, or the data of a snapshot, is bytes (Uint8Array)')
}

/** An index, as it is. Throws `CONFIG_INVALID` for what is none. */
export function indexOf(index: number): number {
  if (Number.isSafeInteger(index) && index >= 0) return index
  throw new FlotillaError('CONFIG_INVALID', `an index is a whole number from 0 on, not ${String(index)}`)
}

/** A change, as it is. Throws `CONF_INVALID` for what is none. */
export function changeOf(change: ConfChange): ConfChange {
  if (isChange(change)) return change
  throw new FlotillaError('CONF_INVALID', 'a change of configuration is { transition, steps, context }')
}

/** The caller's words with a read. Throws `COMMAND_INVALID` for anything but a string. */
export function contextOf(context: string): string {
  if (typeof context === 'string') return context
  throw new FlotillaError('COMMAND_INVALID', 'the context of a read is a string')
}
