/** What a command ends with when it fails: one line, and an exit code. Knows no command. */

import { type Code, FlotillaError, toFlotillaError } from '../base/errors.ts'
import { UsageError } from './arguments.ts'

/** Exit codes, as docs/cli.md has them. */
export const DONE = 0
export const FAILED = 1
export const WRONG_USE = 2
export const NO_ANSWER = 3

/** A disk does not answer, and a thread of ours hangs in it: no orderly end would come, so the process kills itself. Shells and supervisors see this. */
export const KILLED = 137

/** Commands that are one write, and nothing else. */
const WRITES: ReadonlySet<string> = new Set(['put', 'del', 'members'])

/** What became of a write that ended so, and how a message looks that says it already. */
const FATES: Readonly<Partial<Record<Code, { readonly fate: string; readonly said: RegExp }>>> = {
  UNAVAILABLE: { fate: 'nothing was done', said: /\bnothing (was|reached)\b/ },
  DISCONNECTED: { fate: 'nothing was done', said: /\bnothing (was|reached)\b/ },
  TIMEOUT_UNKNOWN: { fate: 'the outcome is unknown', said: /\boutcome\b.*\bunknown\b|\bmay or may not\b|\bis made\b/ },
}

/** Codes that mean that nobody answered in time. */
const UNANSWERED: ReadonlySet<Code> = new Set<Code>(['UNAVAILABLE', 'DISCONNECTED', 'TIMEOUT', 'TIMEOUT_UNKNOWN'])

/** A command line's own refusals: there is no error code of the cluster for a key that is not there. */
export class Refusal extends Error {
  readonly code: string

  constructor(code: string, message: string) {
    super(message)
    this.name = 'Refusal'
    this.code = code
  }
}

/** A flag, an operand or a variable that cannot be right, found before anything was sent: wrong use, with a code of the cluster. */
export class Misuse extends FlotillaError {}

/** The work's result; what it refuses as invalid comes from the command line and is a {@link Misuse}. */
export function asUsed<T>(work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (!(error instanceof FlotillaError && error.code.endsWith('_INVALID'))) throw error
    throw new Misuse(error.code, error.message, error.details, error)
  }
}

/** A line for standard error, and the exit code. */
export interface Failure {
  readonly line: string
  readonly exitCode: number
}

/** Any thrown value, as a line and an exit code. */
export function failureOf(thrown: unknown, command: string): Failure {
  if (thrown instanceof UsageError) {
    const hint = command === '' ? 'flotilla help' : `flotilla help ${command}`
    return { line: `flotilla: USAGE: ${oneLine(thrown.message)} (see ${hint})`, exitCode: WRONG_USE }
  }
  if (thrown instanceof Refusal) return { line: `flotilla: ${thrown.code}: ${oneLine(thrown.message)}`, exitCode: FAILED }
  const error = ours(thrown)
  const words = WRITES.has(command) ? FATES[error.code] : undefined
  const said = oneLine(error.message)
  const line = `flotilla: ${error.code}: ${said}${words === undefined || words.said.test(said) ? '' : `; ${words.fate}`}`
  if (error instanceof Misuse) return { line, exitCode: WRONG_USE }
  if (command === 'node' && error.details.silent === true) return { line, exitCode: KILLED }
  return { line, exitCode: UNANSWERED.has(error.code) ? NO_ANSWER : FAILED }
}

/** Errors of the file system are settings that are wrong; anything else unknown is a defect of ours. */
function ours(thrown: unknown): FlotillaError {
  if (thrown instanceof Error && 'syscall' in thrown) return toFlotillaError(thrown, 'CONFIG_INVALID')
  return toFlotillaError(thrown, 'INVARIANT')
}

const oneLine = (text: string): string => text.replaceAll(/\s*\n\s*/g, '; ')
