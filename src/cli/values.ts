/** Bytes on their way to a person or to JSON, and back. Knows no command. */

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
