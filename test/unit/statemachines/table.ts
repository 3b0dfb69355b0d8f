/** A table in memory for state machine tests: a sorted list, nothing durable. */

import { compareBytes } from '../../../src/base/bytes.ts'
import { FlotillaError } from '../../../src/base/errors.ts'
import type { StateMachine } from '../../../src/ports/state-machine.ts'
import type { Range, Row, TableReader, TableWrite } from '../../../src/ports/table.ts'

/** Rows of all families, and what {@link run} needs to fill them. */
export class MemoryTable implements TableReader {
  /** Index of the last entry; the next command gets the one after it. */
  applied = 0
  readonly #rows = new Map<string, { readonly family: string; readonly key: Uint8Array; readonly value: Uint8Array }>()

  get(family: string, key: Uint8Array): Uint8Array | undefined {
    return this.#rows.get(nameOf(family, key))?.value.slice()
  }

  *range(family: string, range: Range): Iterable<Row> {
    const rows = [...this.#rows.values()].filter((row) => row.family === family).sort((a, b) => compareBytes(a.key, b.key))
    if (range.reverse) rows.reverse()
    let left = range.limit ?? Number.POSITIVE_INFINITY
    for (const { key, value } of rows) {
      if (range.from && compareBytes(key, range.from) < 0) continue
      if (range.to && compareBytes(key, range.to) >= 0) continue
      if (left-- <= 0) return
      yield [key.slice(), value.slice()]
    }
  }

  write(writes: readonly TableWrite[]): void {
    for (const { family, key, value } of writes) {
      if (value === undefined) this.#rows.delete(nameOf(family, key))
      else this.#rows.set(nameOf(family, key), { family, key: key.slice(), value: value.slice() })
    }
  }

  /** All rows as text, in order: what two replicas are compared by. */
  dump(): readonly string[] {
    return [...this.#rows].map(([name, { value }]) => `${name}=${Buffer.from(value).toString('latin1')}`).sort()
  }
}

const nameOf = (family: string, key: Uint8Array): string => `${family}/${Buffer.from(key).toString('hex')}`

/** Applies commands one after another as the next entries; a refusal is that entry's result, as on a node. */
export function run(machine: StateMachine, table: MemoryTable, commands: readonly Uint8Array[]): (Uint8Array | FlotillaError)[] {
  return commands.map((data) => {
    table.applied++
    try {
      const applied = machine.apply({ term: 1, index: table.applied, kind: 'command', data }, table)
      table.write(applied.writes)
      return applied.result
    } catch (error) {
      if (error instanceof FlotillaError) return error
      throw error
    }
  })
}

/** The only result of one command; a refusal is thrown. */
export function apply(machine: StateMachine, table: MemoryTable, command: Uint8Array): Uint8Array {
  const [result] = run(machine, table, [command])
  if (result instanceof Uint8Array) return result
  throw result
}

/** For assert.throws: a FlotillaError of this code whose text matches. */
export const refusal =
  (code: string, text = /./) =>
  (error: unknown): boolean =>
    error instanceof FlotillaError && error.code === code && text.test(error.message)
