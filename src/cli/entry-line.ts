/** A committed entry as one line for people, or as JSON. Knows the commands of the kv store; any other stays bytes. */

import type { CommittedEntry } from '../client/types.ts'
import { decodeCommand, type KvCommand } from '../statemachines/kv/command.ts'
import { jsonField, lineOf } from './values.ts'

/** What an entry says, in a word and the rest. */
export interface Told {
  readonly verb: string
  readonly rest: string
}

/** The command in words. */
export function tell({ kind, data }: CommittedEntry): Told {
  if (kind !== 'command') return { verb: kind, rest: '' }
  const command = commandOf(data)
  if (command === null) return { verb: 'command', rest: lineOf(data) }
  switch (command.op) {
    case 'put':
      return { verb: 'put', rest: `${nameOf(command)}  ${lineOf(command.value)}` }
    case 'delete':
      return { verb: 'delete', rest: nameOf(command) }
    case 'compareAndSet':
      return { verb: 'cas', rest: `${nameOf(command)}  ${shownValue(command.expected)} → ${shownValue(command.replacement)}` }
    case 'batch':
      return { verb: 'batch', rest: command.operations.map((one) => `${one.op} ${nameOf(one)}`).join(', ') }
  }
}

/** The entry as an object for JSON. */
export function jsonOf(entry: CommittedEntry): object {
  const { group, index, term, kind, data } = entry
  const command = kind === 'command' ? commandOf(data) : null
  const told = command === null ? (kind === 'command' ? jsonField('data', data) : {}) : { command: plain(command) }
  return { group, index, term, kind, ...told }
}

function plain(command: KvCommand): object {
  if (command.op === 'batch') return { op: command.op, operations: command.operations.map(plain) }
  const { op, family, key } = command
  const fields: object[] = [{ op, family }, jsonField('key', key)]
  if (op === 'put') fields.push(jsonField('value', command.value))
  if (op === 'compareAndSet' && command.expected) fields.push(jsonField('expected', command.expected))
  if (op === 'compareAndSet' && command.replacement) fields.push(jsonField('replacement', command.replacement))
  return Object.assign({}, ...fields) as object
}

function commandOf(data: Uint8Array): KvCommand | null {
  try {
    return decodeCommand(data)
  } catch {
    return null // of another kind of state machine
  }
}

const nameOf = ({ family, key }: { readonly family: string; readonly key: Uint8Array }): string =>
  family === 'default' ? lineOf(key) : `${family}:${lineOf(key)}`

const shownValue = (value: Uint8Array | undefined): string => (value === undefined ? '(none)' : lineOf(value))
