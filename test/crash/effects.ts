/** What entries of the story do to a table: they count, so that one applied twice, or not at all, shows. Knows no store. */

import { text, utf8 } from '../../src/base/bytes.ts'
import type { Membership } from '../../src/ports/store.ts'
import type { TableWrite } from '../../src/ports/table.ts'
import type { Entry } from '../../src/protocol/types.ts'

/** Families of the tables. */
export const FAMILIES = ['counts', 'marks'] as const

/** What a row says now. */
export type ReadRow = (family: string, key: string) => string | undefined

/** What applying one entry changes. */
export interface Effects {
  readonly writes: readonly TableWrite[]
  readonly membership?: Membership
}

/** A command: adds to the count of a key. Anything may follow, to make it longer. */
export const commandText = (key: string, amount: number, filling: number): string => `${key} ${amount} ${'.'.repeat(filling)}`

const row = (family: string, key: string, value: string): TableWrite => ({ family, key: utf8(key), value: utf8(value) })

/**
 * Applies an entry. A command adds to its key's count and to the sum of all, and leaves a mark as long as itself; an amount of zero takes the mark away.
 * A configuration makes its peer a learner.
 */
export function effectsOf(entry: Entry, read: ReadRow, membership: Membership): Effects {
  if (entry.kind === 'noop') return { writes: [] }
  if (entry.kind === 'configuration') {
    const peer = membership.lastPeerId + 1
    const { conf, peers } = membership
    const learners = [...conf.learners.slice(-2), peer]
    return {
      writes: [],
      membership: { conf: { ...conf, learners }, peers: { ...peers, [peer]: text(entry.data) }, lastPeerId: peer },
    }
  }
  const [key = '', amount = ''] = text(entry.data).split(' ')
  const count = (of: string): number => Number(read('counts', of) ?? 0)
  const writes = [
    row('counts', key, String(count(key) + Number(amount))),
    row('counts', 'all', String(count('all') + 1)),
    amount === '0' ? { family: 'marks', key: utf8(key) } : row('marks', key, `${entry.index} ${text(entry.data)}`),
  ]
  return { writes }
}
