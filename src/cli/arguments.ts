/** From words on a command line to checked values. Knows flags by name and nothing of what they are for. */

import { type ParseArgsConfig, parseArgs } from 'node:util'

/** Wrong use of a command: exit code 2, nothing was sent. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'UsageError'
  }
}

/** One flag. `value` names what it takes; without it the flag is a switch. */
export interface Flag {
  readonly value?: string
  readonly help: string
  /** May be given more than once. */
  readonly many?: boolean
}

export type FlagTable = Readonly<Record<string, Flag>>

/** What a command takes. */
export interface Shape {
  readonly flags: FlagTable
  /** Names of what follows the command, all of them needed. */
  readonly operands: readonly string[]
  /** What may follow these. */
  readonly optional?: readonly string[]
}

/** Words of a command line, taken apart. */
export class Arguments {
  readonly operands: readonly string[]
  readonly #values: Readonly<Record<string, Value>>

  /** Throws {@link UsageError} for unknown flags, and for too many or too few operands. */
  constructor(words: readonly string[], { flags, operands, optional = [] }: Shape) {
    const options: NonNullable<ParseArgsConfig['options']> = {}
    for (const [name, flag] of Object.entries(flags)) {
      options[name] = flag.value === undefined ? { type: 'boolean' } : { type: 'string', multiple: true }
    }
    const parsed = parse(joined(words, flags), options)
    this.#values = Object.fromEntries(
      Object.entries(parsed.values).map(([name, value]) => [name, once(name, value, flags[name])]),
    )
    this.operands = parsed.positionals
    if (this.has('help')) return
    const missing = operands.slice(this.operands.length)
    if (missing.length > 0) throw new UsageError(`${missing.join(' and ')} ${missing.length === 1 ? 'is' : 'are'} missing`)
    const extra = this.operands[operands.length + optional.length]
    if (extra !== undefined) throw new UsageError(`'${extra}' is one word too many`)
  }

  /** An operand that the shape asks for. */
  operand(index: number): string {
    return this.operands[index] ?? ''
  }

  /** Whether a switch is set. */
  has(name: string): boolean {
    return this.#values[name] === true
  }

  /** A flag's value. */
  text(name: string): string | undefined {
    const value = this.#values[name]
    return typeof value === 'string' ? value : undefined
  }

  /** All values of a flag that may be repeated, each of which may be a list with commas. */
  list(name: string): string[] {
    const value = this.#values[name]
    const given = Array.isArray(value) ? value.map(String) : typeof value === 'string' ? [value] : []
    return given.flatMap((one) => one.split(',')).filter((one) => one !== '')
  }

  /** A whole number between bounds. */
  whole(name: string, { min, max }: { readonly min: number; readonly max: number }): number | undefined {
    const value = this.text(name)
    if (value === undefined) return undefined
    const number = Number(value)
    if (/^\d+$/.test(value) && number >= min && number <= max) return number
    throw new UsageError(`--${name} is a whole number from ${min} to ${max}, not '${value}'`)
  }

  /** A value that must be given. */
  needed(name: string): string {
    const value = this.text(name)
    if (value === undefined || value === '') throw new UsageError(`--${name} is missing`)
    return value
  }
}

type Value = string | boolean | readonly (string | boolean)[] | undefined

/** The one value of a flag that must not be repeated: the first and the last of several would be equally right. */
function once(name: string, value: Value, flag: Flag | undefined): Value {
  if (!Array.isArray(value) || flag?.many) return value
  if (value.length > 1) throw new UsageError(`--${name} is given twice: ${value.join(', ')}`)
  return value[0]
}

/** A negative number after a flag is its value, and may be told that it is none that is allowed; any other word with a dash is a flag. */
function joined(words: readonly string[], flags: FlagTable): string[] {
  const result: string[] = []
  for (const [i, word] of words.entries()) {
    if (word === '--') return [...result, ...words.slice(i)]
    const before = result.at(-1) ?? ''
    if (/^-\d/.test(word) && before.startsWith('--') && flags[before.slice(2)]?.value !== undefined)
      result[result.length - 1] = `${before}=${word}`
    else result.push(word)
  }
  return result
}

function parse(words: readonly string[], options: NonNullable<ParseArgsConfig['options']>) {
  try {
    return parseArgs({ args: [...words], options, allowPositionals: true, strict: true })
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    const ambiguous = /^Option '(?:-\w, )?(--[\w-]+)[^']*' argument is ambiguous/.exec(message)
    if (ambiguous)
      throw new UsageError(`${ambiguous[1]} needs a value; one that begins with a dash is written ${ambiguous[1]}=-…`)
    throw new UsageError((message.split(/\. |\n/, 1)[0] ?? message).replace(/\.$/, ''))
  }
}
