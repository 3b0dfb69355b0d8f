/** Bytes of commands, queries and results: big-endian numbers and length-prefixed fields. Knows no operation. */

import { EMPTY, newBytes } from '../../base/bytes.ts'
import { type Code, FlotillaError } from '../../base/errors.ts'
import { COMMAND_BYTES_MAX, ID_PATTERN, KEY_BYTES_MAX, VALUE_BYTES_MAX } from '../../base/limits.ts'

/** First byte of every command, query and result. */
export const FORMAT_VERSION = 1

const FAMILY_BYTES_MAX = 63
const CAPACITY_MIN = 64

/** The family last read, and found to be one: the next command mostly names it too. */
let lastFamily = ''

/** Refuses a key no command may name: `COMMAND_INVALID` when empty, `TOO_LARGE` above the limit. */
export function checkKey(key: Uint8Array): void {
  if (key.length === 0) throw new FlotillaError('COMMAND_INVALID', 'a key has at least one byte')
  checkBound(key)
}

/** Refuses the end of a range above the length of a key (`TOO_LARGE`). An empty end is one before every key. */
export function checkBound(key: Uint8Array): void {
  if (key.length > KEY_BYTES_MAX) throw tooLarge('key', key.length, KEY_BYTES_MAX)
}

/** Refuses a value above the limit with `TOO_LARGE`. An empty value is a value. */
export function checkValue(value: Uint8Array): void {
  if (value.length > VALUE_BYTES_MAX) throw tooLarge('value', value.length, VALUE_BYTES_MAX)
}

/** Refuses a whole command above the limit with `TOO_LARGE`. */
export function checkSize(command: Uint8Array): void {
  if (command.length > COMMAND_BYTES_MAX) throw tooLarge('command', command.length, COMMAND_BYTES_MAX)
}

const tooLarge = (what: string, bytes: number, bytesMax: number): FlotillaError =>
  new FlotillaError('TOO_LARGE', `a ${what} of ${bytes} bytes is above the limit of ${bytesMax}`, { what, bytes, bytesMax })

/** Writes fields one after another. Give the expected size, so that it rarely has to grow. */
export class ByteWriter {
  #bytes: Uint8Array
  #at = 0

  constructor(capacity: number) {
    this.#bytes = newBytes(Math.max(capacity, CAPACITY_MIN))
  }

  u8(value: number): this {
    const at = this.#reserve(1)
    this.#bytes[at] = value
    return this
  }

  u16(value: number): this {
    const at = this.#reserve(2)
    this.#bytes[at] = value >>> 8
    this.#bytes[at + 1] = value
    return this
  }

  u32(value: number): this {
    return this.u16(value >>> 16).u16(value)
  }

  /** A family name: its length in one byte, then ASCII. Throws `COMMAND_INVALID` for what cannot be one. */
  family(name: string): this {
    if (!ID_PATTERN.test(name))
      throw new FlotillaError('COMMAND_INVALID', `${JSON.stringify(name)} is no family name`, { family: name })
    this.u8(name.length)
    const at = this.#reserve(name.length)
    for (let i = 0; i < name.length; i++) this.#bytes[at + i] = name.charCodeAt(i)
    return this
  }

  /** Bytes behind a length of two bytes. */
  short(bytes: Uint8Array): this {
    return this.u16(bytes.length).raw(bytes)
  }

  /** Bytes behind a length of four bytes. */
  long(bytes: Uint8Array): this {
    return this.u32(bytes.length).raw(bytes)
  }

  /** Bytes as they are. */
  raw(bytes: Uint8Array): this {
    const at = this.#reserve(bytes.length)
    this.#bytes.set(bytes, at)
    return this
  }

  /** What was written. */
  finish(): Uint8Array {
    return this.#bytes.subarray(0, this.#at)
  }

  /** Where to write so many bytes. Call it before taking hold of `#bytes`: it may put larger ones in their place. */
  #reserve(count: number): number {
    const at = this.#at
    this.#at += count
    if (this.#at > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(this.#at, this.#bytes.length * 2))
      larger.set(this.#bytes)
      this.#bytes = larger
    }
    return at
  }
}

/**
 * Reads fields one after another, as views of the given bytes. A length is compared with what is left before anything is
 * taken, so no input reads out of bounds or allocates; whatever does not fit throws the given code.
 */
export class ByteReader {
  readonly #bytes: Uint8Array
  readonly #code: Code
  #at = 0

  constructor(bytes: Uint8Array, code: Code) {
    this.#bytes = bytes
    this.#code = code
  }

  u8(): number {
    return this.#at8(this.#take(1))
  }

  u16(): number {
    return this.#at16(this.#take(2))
  }

  u32(): number {
    const at = this.#take(4)
    return this.#at16(at) * 0x1_0000 + this.#at16(at + 2)
  }

  family(): string {
    const length = this.u8()
    if (length > FAMILY_BYTES_MAX) throw this.invalid(`a family name of ${length} bytes`)
    const at = this.#take(length)
    if (this.#isAt(at, lastFamily, length)) return lastFamily
    let name = ''
    for (let i = at; i < at + length; i++) name += String.fromCharCode(this.#bytes[i] as number)
    if (!ID_PATTERN.test(name)) throw this.invalid('not a family name')
    lastFamily = name
    return name
  }

  #isAt(at: number, name: string, length: number): boolean {
    if (name.length !== length) return false
    for (let i = 0; i < length; i++) if (this.#bytes[at + i] !== name.charCodeAt(i)) return false
    return true
  }

  short(): Uint8Array {
    return this.#raw(this.u16())
  }

  long(): Uint8Array {
    return this.#raw(this.u32())
  }

  /** One of the given flag bits set or not; any other bit is refused, so that they are free for later versions. */
  flags(known: number): number {
    const flags = this.u8()
    if ((flags & ~known) !== 0) throw this.invalid(`unknown flags ${flags}`)
    return flags
  }

  /** Refuses another version than ours. */
  version(): void {
    const version = this.u8()
    if (version !== FORMAT_VERSION) throw this.invalid(`format version ${version}, understood is ${FORMAT_VERSION}`)
  }

  /** Refuses bytes after the last field. */
  end(): void {
    const rest = this.#bytes.length - this.#at
    if (rest !== 0) throw this.invalid(`${rest} bytes too many`)
  }

  /** The error for input that is not what it should be. */
  invalid(what: string): FlotillaError {
    return new FlotillaError(this.#code, `${what} at byte ${this.#at}`, { at: this.#at, bytes: this.#bytes.length })
  }

  /** By hand: a DataView for each of millions of small commands costs more than all the reading. */
  #at8(at: number): number {
    return this.#bytes[at] as number
  }

  #at16(at: number): number {
    return this.#at8(at) * 0x100 + this.#at8(at + 1)
  }

  #raw(length: number): Uint8Array {
    if (length === 0) return EMPTY
    const at = this.#take(length)
    return this.#bytes.subarray(at, at + length)
  }

  #take(count: number): number {
    const at = this.#at
    if (count > this.#bytes.length - at) throw this.invalid(`${count} bytes wanted, ${this.#bytes.length - at} left`)
    this.#at = at + count
    return at
  }
}
