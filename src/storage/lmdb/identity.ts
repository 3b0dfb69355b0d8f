/** Whose store this is, and in which format. Read before anything else is believed. */

import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import { text, utf8 } from '../../base/bytes.ts'
import { FlotillaError } from '../../base/errors.ts'
import type { StoreIdentity } from '../../ports/store.ts'
import type { Env } from './env.ts'
import { FORMAT_KEY, IDENTITY_KEY } from './keys.ts'
import { seal, unseal } from './seal.ts'
import type { Change } from './writer.ts'

/**
 * Version of everything in docs/storage.md. Rises when an older Flotilla could not read what a newer one wrote, or the other way round: 3 links the
 * entries of a log, and keeps promises a second time; 4 has the bytes of the rows in each state record.
 */
export const FORMAT = 4

/** The oldest one that is read. The next opening makes it the latest. */
const FORMAT_OLDEST = 3

const identitySchema = z.object({
  uuid: z.uuid(),
  boot: z.int().positive(),
  cluster: z.string(),
  node: z.string(),
})

/** Who wants to open a store. */
export interface Claim {
  readonly cluster: string
  readonly node: string
}

/** The identity of this boot, and what makes it durable. */
export interface Boot {
  readonly identity: StoreIdentity
  readonly changes: readonly Change[]
}

function checkFormat(env: Env, stored: Uint8Array): void {
  const format = text(stored)
  const newer = Number(format) > FORMAT
  if (!newer && Number(format) >= FORMAT_OLDEST) return
  const advice = newer
    ? 'run the Flotilla version that wrote it, or a later one'
    : 'run the Flotilla version that wrote it, or give the node an empty directory and admit it anew'
  const message = `the store in ${env.dir} has format ${format}, this version reads ${FORMAT_OLDEST} to ${FORMAT}: ${advice}`
  throw new FlotillaError('STORE_MISMATCH', message, { dir: env.dir, format })
}

/** Whose store it is. Throws `STORAGE_FAILED` when that cannot be read. */
export function readIdentity(env: Env): Omit<StoreIdentity, 'run'> {
  const sealed = env.meta.get(IDENTITY_KEY)
  try {
    if (!sealed) throw new Error('the record is missing')
    return identitySchema.parse(JSON.parse(text(unseal(IDENTITY_KEY, sealed, "the store's identity"))))
  } catch (cause) {
    throw new FlotillaError('STORAGE_FAILED', `the identity of the store in ${env.dir} cannot be read`, { dir: env.dir }, cause)
  }
}

/** Databases without a format stamp are either new, or not to be touched. */
function checkEmpty(env: Env): void {
  for (const db of [env.meta, env.state, env.log, env.data]) {
    if (db.getKeysCount({ limit: 1 }) === 0) continue
    throw new FlotillaError('STORAGE_FAILED', `the store in ${env.dir} has content but no format stamp`, { dir: env.dir })
  }
}

/** The next boot of a store. Throws `STORE_MISMATCH` when it belongs to another cluster or node, or has another format. */
export function nextBoot(env: Env, claim: Claim): Boot {
  const stamp = env.meta.get(FORMAT_KEY)
  const changes: Change[] = []
  let identity: StoreIdentity
  if (stamp) {
    checkFormat(env, stamp)
    const stored = readIdentity(env)
    if (stored.cluster !== claim.cluster || stored.node !== claim.node) {
      const message = `the store in ${env.dir} belongs to node "${stored.node}" of cluster "${stored.cluster}", not to "${claim.node}" of "${claim.cluster}"`
      throw new FlotillaError('STORE_MISMATCH', message, { dir: env.dir, stored: { cluster: stored.cluster, node: stored.node } })
    }
    identity = { ...stored, boot: stored.boot + 1, run: randomUUID() }
  } else {
    checkEmpty(env)
    identity = { uuid: randomUUID(), boot: 1, run: randomUUID(), cluster: claim.cluster, node: claim.node }
  }
  changes.push({ db: env.meta, key: FORMAT_KEY, value: utf8(String(FORMAT)) })
  changes.push({ db: env.meta, key: IDENTITY_KEY, value: seal(IDENTITY_KEY, utf8(JSON.stringify(identity))) })
  return { identity, changes }
}
