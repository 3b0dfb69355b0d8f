/** Gives committed entries to the state machine, in order, a bounded portion at a time, and passes on what came of each. */

import { EMPTY } from '../base/bytes.ts'
import { type Code, FlotillaError } from '../base/errors.ts'
import { APPLY_BYTES_MAX } from '../base/limits.ts'
import type { Applied, StateMachine } from '../ports/state-machine.ts'
import type { Table } from '../ports/table.ts'
import type { ConfApplied } from '../protocol/events.ts'
import type { Log } from '../protocol/log.ts'
import type { Entry, LogIndex } from '../protocol/types.ts'
import { membershipAfter } from './members.ts'
import type { Waiters } from './waiters.ts'

export interface ApplierOptions {
  readonly stateMachine: StateMachine
  readonly table: Table
  readonly waiters: Waiters
  /** Called for each entry after its effect is visible. */
  readonly onApplied: (entry: Entry) => void
  /** Called for each change of configuration that took effect, or was to and has none: the core must hear of it at once. */
  readonly onConf: (event: ConfApplied) => void
  /** Whether nothing more is to be applied: this peer is no member any more. */
  readonly isOver: () => boolean
}

/** Failures that are the store's and not the command's: another node has none of them. */
const OF_THE_STORE: ReadonlySet<Code> = new Set<Code>(['STORAGE_FAILED', 'STORE_DAMAGED', 'STORE_CLOSED'])

const NO_EFFECT: Applied = { writes: [], result: EMPTY }

export class Applier {
  readonly #options: ApplierOptions

  constructor(options: ApplierOptions) {
    this.#options = options
  }

  get applied(): LogIndex {
    return this.#options.table.applied
  }

  /** Applies the next portion up to `commit`. True when something is left for the next turn. */
  apply(log: Log, commit: LogIndex): boolean {
    const { table, isOver } = this.#options
    if (table.applied >= commit || isOver()) return false
    for (const entry of log.slice(table.applied + 1, commit + 1, APPLY_BYTES_MAX)) {
      if (entry.kind === 'configuration') this.#applyConf(entry)
      else this.#applyOne(entry)
      if (isOver()) return false
    }
    return table.applied < commit
  }

  /** §6: who the members are is applied state like any other; a change that cannot be made has no effect, on every replica. */
  #applyConf(entry: Entry): void {
    const { table, waiters, onApplied, onConf } = this.#options
    const { index, term } = entry
    const { membership, change, why } = membershipAfter(table.membership, entry.data)
    table.apply(index, [], membership)
    onConf({ type: 'conf.applied', index, change })
    if (why === null) waiters.applied({ index, term, body: EMPTY })
    else waiters.failed(index, term, new FlotillaError('CONF_INVALID', why))
    onApplied(entry)
  }

  #applyOne(entry: Entry): void {
    const { table, waiters, onApplied } = this.#options
    const { index, term } = entry
    try {
      const { writes, result } = this.#effectOf(entry)
      table.apply(index, writes)
      waiters.applied({ index, term, body: result })
    } catch (error) {
      if (!(error instanceof FlotillaError) || OF_THE_STORE.has(error.code)) throw error
      table.apply(index, []) // refused, with the same words on every node
      waiters.failed(index, term, error)
    }
    onApplied(entry)
  }

  #effectOf(entry: Entry): Applied {
    const { stateMachine, table } = this.#options
    return entry.kind === 'command' ? stateMachine.apply(entry, table) : NO_EFFECT
  }
}
