/** Bytes on their way to a person or to JSON, and back; and keys and families as a command line may give them. Knows no command. */

import { toBytes } from '../base/bytes.ts'
import { checkId } from '../wire/subjects.ts'
import type { Arguments } from './arguments.ts'
import { asUsed, Misuse } from './failures.ts'

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Text, or null when the bytes are not UTF-8. */
export function utf8Of(bytes: Uint8Array): string | null {
  try {
    return strict.decode(bytes)
  } catch {
    return null
  }
}

/** `{ value: '…' }`, or `{ valueBase64: '…' }` for bytes that are not UTF-8. */
export function jsonField(name: string, bytes: Uint8Array): Readonly<Record<string, string>> {
  const text = utf8Of(bytes)
  return text === null ? { [`${name}Base64`]: Buffer.from(bytes).toString('base64') } : { [name]: text }
}

/** Bytes on one line: control characters and what is not UTF-8 as `\xNN`, a backslash as `\\`. */
export function lineOf(bytes: Uint8Array): string {
  const text = utf8Of(bytes)
  if (text === null)
    return Array.from(bytes, (byte) => (byte >= 32 && byte < 127 ? escaped(String.fromCharCode(byte)) : hex(byte))).join('')
  return escaped(text)
}

const hex = (byte: number): string => `\\x${byte.toString(16).padStart(2, '0')}`

/** Nothing that a terminal would obey gets through: C0, C1, and the marks that turn text around. */
function escaped(text: string): string {
  return text.replaceAll(/[\\\p{Cc}\p{Cf}\u2028\u2029]/gu, (character) =>
    character === '\\' ? '\\\\' : Array.from(Buffer.from(character), hex).join(''),
  )
}

/** The family that is meant. Throws a {@link Misuse} for what can be the name of none. */
export const familyIn = (args: Arguments): string => asUsed(() => checkId('family', args.text('family') ?? 'default'))

/** An operand that is a key. Throws a {@link Misuse} for one that can never be. */
export function keyIn(args: Arguments, index: number): string {
  const key = args.operand(index)
  if (key === '') throw new Misuse('COMMAND_INVALID', 'a key has at least one byte')
  asUsed(() => toBytes(key))
  return key
}
