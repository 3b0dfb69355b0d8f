/** Help in words: the list of commands, and one command with its flags. Knows commands only as data. */

import type { Command } from './command.ts'
import type { Paint } from './paint.ts'

const EXIT_CODES = [
  'Exit codes: 0 done, 1 refused or failed, 2 wrong use, 3 no answer in time (of a write: the outcome is unknown after',
  'TIMEOUT_UNKNOWN, and nothing was done after UNAVAILABLE and DISCONNECTED).',
].join('\n')

/** The list of commands. */
export function overview(commands: readonly Command[], paint: Paint): string {
  const rows = commands.map((command) => `  ${synopsis(command).padEnd(22)}${paint.dim(command.summary)}`)
  return [
    `${paint.bold('flotilla')}: your state machine, run by three machines as one`,
    '',
    ...rows,
    '',
    `${paint.dim('flotilla help COMMAND')} shows its flags.`,
    EXIT_CODES,
    '',
  ].join('\n')
}

/** One command, with its flags. */
export function helpOf(command: Command, paint: Paint): string {
  const flags = Object.entries(command.flags).map(([name, { value, help }]) => {
    const shown = value === undefined ? `--${name}` : `--${name} ${value}`
    return `  ${shown.padEnd(24)}${paint.dim(help)}`
  })
  return [
    `${paint.bold(`flotilla ${synopsis(command)}`)}: ${command.summary}`,
    ...(command.detail === undefined ? [] : ['', command.detail]),
    ...(flags.length === 0 ? [] : ['', ...flags]),
    '',
  ].join('\n')
}

const synopsis = ({ name, operands, optional = [] }: Command): string =>
  [name, ...operands, ...optional.map((operand) => `[${operand}]`)].join(' ')
