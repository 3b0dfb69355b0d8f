/** The key-value store as a state machine: commands in, table writes out. Knows nothing of Raft, disks or the network. */

import { sameBytes } from '../../base/bytes.ts'
import { FlotillaError } from '../../base/errors.ts'
import { SCAN_BYTES_MAX, SCAN_ROWS_MAX } from '../../base/limits.ts'
import type { Applied, StateMachine } from '../../ports/state-machine.ts'
import type { Row, TableReader } from '../../ports/table.ts'
import { type CompareAndSet, decodeCommand, type KvCommand } from './command.ts'
import { resolveFamilies } from './families.ts'
import { decodeQuery, type Scan } from './query.ts'
import { encodeCompareAndSetResult, encodeDone, encodeGetResult, encodeScanResult, rowBytes, type ScanResult } from './result.ts'

/** Bytes of a key that show in the subject of a committed command. The whole key is in the payload. */
export const TOPIC_KEY_BYTES_MAX = 128

/** Which column families a group has besides the built-in ones. */
export interface KvOptions {
  /** Families beside `default`, `lock` and `write`. The same on every node, and never one less than before. */
  readonly families?: readonly string[]
}

/** A kv store for a group. Throws `CONFIG_INVALID` for options that are none or a bad family name. */
export function kv(options: KvOptions = {}): StateMachine {
  if (typeof options !== 'object' || options === null) {
    throw new FlotillaError('CONFIG_INVALID', 'kv() takes an object of options, such as { families: [] }')
  }
  const unknown = Object.keys(options).find((name) => name !== 'families')
  if (unknown !== undefined)
    throw new FlotillaError('CONFIG_INVALID', `kv() knows no option ${JSON.stringify(unknown.slice(0, 40))}`)
  const families = resolveFamilies(options.families ?? [])
  const known: ReadonlySet<string> = new Set(families)
  const parse = (bytes: Uint8Array): KvCommand => {
    const command = decodeCommand(bytes)
    if (command.op === 'batch') for (const operation of command.operations) checkFamily(known, operation.family)
    else checkFamily(known, command.family)
    return command
  }
  return {
    kind: 'kv',
    families,
    check: (command) => void parse(command),
    apply: (entry, table) => applyCommand(parse(entry.data), table),
    query(request, table) {
      const query = decodeQuery(request)
      checkFamily(known, query.family)
      return query.op === 'get' ? encodeGetResult(table.get(query.family, query.key)) : encodeScanResult(scan(query, table))
    },
    topic: topicOf,
  }
}

function checkFamily(known: ReadonlySet<string>, family: string): void {
  if (!known.has(family)) throw new FlotillaError('UNKNOWN_FAMILY', `this group has no family ${family}`, { family })
}

function applyCommand(command: KvCommand, table: TableReader): Applied {
  switch (command.op) {
    case 'put':
      return { writes: [{ family: command.family, key: command.key, value: command.value }], result: encodeDone() }
    case 'delete':
      return { writes: [{ family: command.family, key: command.key }], result: encodeDone() }
    case 'batch':
      return {
        writes: command.operations.map(({ family, key, ...rest }) =>
          'value' in rest ? { family, key, value: rest.value } : { family, key },
        ),
        result: encodeDone(),
      }
    case 'compareAndSet':
      return compareAndSet(command, table)
  }
}

function compareAndSet(command: CompareAndSet, table: TableReader): Applied {
  const { family, key, expected, replacement } = command
  const current = table.get(family, key)
  const matches = current === undefined || expected === undefined ? current === expected : sameBytes(current, expected)
  if (!matches) {
    return {
      writes: [],
      result: encodeCompareAndSetResult(current === undefined ? { swapped: false } : { swapped: false, current }),
    }
  }
  const write = replacement === undefined ? { family, key } : { family, key, value: replacement }
  return { writes: [write], result: encodeCompareAndSetResult({ swapped: true }) }
}

/** At least one row, if any; then as many as fit the limits. */
function scan(query: Scan, table: TableReader): ScanResult {
  const { family, from, to, limit = SCAN_ROWS_MAX, reverse = false } = query
  const range = { ...(from && { from }), ...(to && { to }), reverse, limit: limit + 1 } // one more, to know whether there is more
  const rows: Row[] = []
  let bytes = 0
  for (const row of table.range(family, range)) {
    bytes += rowBytes(row)
    const last = rows.at(-1)
    if (last !== undefined && (rows.length === limit || bytes > SCAN_BYTES_MAX)) {
      return { rows, next: reverse ? last[0] : row[0] } // `from` is inclusive and `to` is not
    }
    rows.push(row)
  }
  return { rows }
}

/** One character for each of the first bytes of a key. In a loop: a call with so many arguments takes longer than all else about a topic. */
function charactersOf(key: Uint8Array): string {
  let characters = ''
  const end = Math.min(key.length, TOPIC_KEY_BYTES_MAX)
  for (let i = 0; i < end; i++) characters += String.fromCharCode(key[i] as number)
  return characters
}

/**
 * `[op, family, key]` with each byte of the key as one character, cut at {@link TOPIC_KEY_BYTES_MAX}; `['batch']` for a batch.
 * What `check` refuses can be committed all the same, by a node of a later version: it is published as `['invalid']`.
 */
function topicOf(bytes: Uint8Array): readonly string[] {
  try {
    const command = decodeCommand(bytes)
    if (command.op === 'batch') return [command.op]
    return [command.op, command.family, charactersOf(command.key)]
  } catch (error) {
    if (error instanceof FlotillaError) return ['invalid']
    throw error
  }
}
