/** Small durable facts of the node itself. Knows nothing of what they mean. */

import { text, utf8 } from '../../base/bytes.ts'
import { HERE } from '../../ports/store.ts'
import { checkBeside } from './absence.ts'
import { readingFact } from './damage.ts'
import type { Env } from './env.ts'
import { FACT_PREFIX, factKey } from './keys.ts'
import { seal, unseal } from './seal.ts'
import { type Change, lmdbCommit } from './writer.ts'

/** A fact, to be written. */
export function factChange({ meta }: Pick<Env, 'meta'>, key: string, value: string): Change {
  const full = factKey(key)
  return { db: meta, key: full, value: seal(full, utf8(value)) }
}

/** A stored fact. Throws `STORAGE_FAILED` when it is damaged, or may be. */
export function readFact({ meta }: Pick<Env, 'meta'>, key: string): string | undefined {
  const full = factKey(key)
  return readingFact(() => {
    const sealed = meta.get(full)
    if (sealed) return text(unseal(full, sealed, `the fact "${key}"`))
    checkBeside({ db: meta, prefix: FACT_PREFIX }, full, `a fact beside "${key}"`)
    return undefined
  })
}

/** Forgets, in a copy, what is true only where it was copied from. */
export async function forgetHere(env: Env): Promise<void> {
  const first = factKey(HERE)
  const end = factKey(`${HERE.slice(0, -1)};`) // what follows a colon
  const gone: Change[] = []
  for (const { key } of env.meta.getRange({ start: first, end })) {
    gone.push(factChange(env, text(key.subarray(FACT_PREFIX.length)), ''))
  }
  if (gone.length > 0) await lmdbCommit(env)(gone)
}
