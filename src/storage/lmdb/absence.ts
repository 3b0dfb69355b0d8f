/**
 * Whether what is not found was never there. A wrong bit in a key leaves its record where it was, between the same two others, but nobody finds it any more;
 * its checksum covers the key, so who looks at both sides of the empty place sees it. Knows nothing of what is stored.
 */

import type { Bytes, ReadTransaction } from './env.ts'
import { unseal } from './seal.ts'

/** Where one looks. */
export interface Place {
  readonly db: Bytes
  /** Records whose keys begin otherwise are somebody else's. */
  readonly prefix: Uint8Array
  /** The view that is read; missing: as things are now. */
  readonly transaction?: ReadTransaction
}

const beginsWith = (key: Uint8Array, prefix: Uint8Array): boolean => prefix.every((byte, at) => key[at] === byte)

/** Throws `STORE_DAMAGED`, naming `what`, when the record behind a place where there should be none, or the one before it, is not what was stored there. */
export function checkBeside({ db, prefix, transaction }: Place, key: Uint8Array, what: string): void {
  const view = transaction ? { transaction } : {}
  for (const reverse of [false, true]) {
    for (const beside of db.getRange({ start: key, reverse, limit: 1, ...view }))
      if (beginsWith(beside.key, prefix)) unseal(beside.key, beside.value, what)
  }
}
