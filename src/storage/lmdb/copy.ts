/** Copies of a stopped store's database: made by LMDB, read from the first record to the last, and only then given their name. Knows no groups. */

import {
  closeSync,
  copyFileSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs'
import { join } from 'node:path'
import { FlotillaError, toFlotillaError } from '../../base/errors.ts'
import { syncDirectory } from '../whole-file.ts'
import { closeEnv, type Env, openEnv } from './env.ts'
import { forgetHere } from './facts.ts'
import { FORMAT_KEY } from './keys.ts'
import { takeLock } from './lock.ts'
import { checkEnvironment, DATA_FILE } from './precheck.ts'
import { unseal } from './seal.ts'
import { SLOTS_FILE } from './slots.ts'
import { lmdbCommit, WATCHDOG_MS } from './writer.ts'

/** What became of a database. */
export interface Copied {
  /** Bytes of the file that was copied. */
  readonly before: number
  /** Bytes of the copy. */
  readonly after: number
  /** Records in it, all of which were read. */
  readonly records: number
}

/** Where a copy grows, beside what it is to replace. */
export const COPY_DRAFT = 'copy.part'

/**
 * Puts a copy without empty pages in the place of a stopped store's database. A crash leaves the old one or the new one. Rejects with `STORE_IN_USE` while a
 * process has the store open, `STORAGE_FAILED` when the copy cannot be written, and with what reading meets when there is damage: then nothing has changed.
 */
export const compactStore = (dir: string): Promise<Copied> =>
  whileOurs(dir, async (own) => {
    const draft = join(own, COPY_DRAFT)
    const copied = await copyInto(own, draft, { compact: true, finish: stirTwice })
    renameSync(join(draft, DATA_FILE), join(own, DATA_FILE))
    rmSync(join(own, 'lock.mdb'), { force: true }) // its readers were those of the file that is gone
    syncDirectory(own)
    rmSync(draft, { recursive: true })
    return copied
  })

/**
 * Makes a copy of a stopped store in a directory that is not there yet, as a node can be started on it. Rejects as {@link compactStore} does, and with
 * `CONFIG_INVALID` when there is something.
 */
export const backUpStore = (dir: string, to: string): Promise<Copied> =>
  whileOurs(dir, async (own) => {
    if (existsSync(to)) throw new FlotillaError('CONFIG_INVALID', `${to} is there already, and is not written over`, { to })
    const draft = `${to}.part`
    const copied = await copyInto(own, draft, { compact: false, finish: forgetHere })
    if (existsSync(join(own, SLOTS_FILE))) copyDurably(join(own, SLOTS_FILE), join(draft, SLOTS_FILE))
    syncDirectory(draft)
    renameSync(draft, to)
    syncDirectory(join(to, '..'))
    return copied
  })

async function whileOurs<T>(dir: string, work: (dir: string) => Promise<T>): Promise<T> {
  if (!existsSync(join(dir, DATA_FILE))) throw new FlotillaError('STORAGE_FAILED', `there is no store in ${dir}`, { dir })
  const own = realpathSync(dir)
  const lock = await takeLock(own)
  try {
    checkEnvironment(own)
    return await work(own)
  } catch (thrown) {
    throw toFlotillaError(thrown, 'STORAGE_FAILED')
  } finally {
    await lock.release()
  }
}

/** A copy in a directory of its own, flushed and read. On an error nothing of it is left. */
async function copyInto(
  dir: string,
  draft: string,
  { compact, finish }: { readonly compact: boolean; readonly finish: (copy: Env) => Promise<void> },
): Promise<Copied> {
  rmSync(draft, { recursive: true, force: true }) // of a crash
  mkdirSync(draft)
  try {
    const records = await withEnv(dir, async (env) => {
      await env.root.backup(draft, compact)
      return readAll(env)
    })
    const copy = join(draft, DATA_FILE)
    syncFile(copy)
    const read = await withEnv(draft, async (env) => {
      await finish(env)
      return readAll(env)
    })
    checkEnvironment(draft)
    if (read !== records)
      throw new FlotillaError('STORAGE_FAILED', `the copy has ${read} of ${records} records`, { dir, read, records })
    rmSync(join(draft, 'lock.mdb'), { force: true })
    return { before: statSync(join(dir, DATA_FILE)).size, after: statSync(copy).size, records }
  } catch (thrown) {
    rmSync(draft, { recursive: true, force: true })
    throw thrown
  }
}

/** Two transactions that change nothing. A compact copy has only one whole meta page; they write both, as they are in every other file. */
export async function stirTwice(env: Env): Promise<void> {
  const format = env.meta.get(FORMAT_KEY)
  for (let i = 0; format !== undefined && i < 2; i++)
    await lmdbCommit(env)([{ db: env.meta, key: FORMAT_KEY, value: Uint8Array.from(format) }])
}

async function withEnv<T>(dir: string, work: (env: Env) => Promise<T>): Promise<T> {
  const env = openEnv(dir)
  try {
    return await work(env)
  } finally {
    await closeEnv(env, WATCHDOG_MS)
  }
}

/** Reads every record and its checksum; how many there are. */
function readAll(env: Env): number {
  let records = 0
  for (const db of [env.meta, env.state, env.log, env.data]) {
    for (const { key, value } of db.getRange({})) {
      if (db !== env.meta || !FORMAT_KEY.equals(key)) unseal(key, value, 'a record')
      records++
    }
  }
  return records
}

/** Makes what a file holds durable. */
export function syncFile(path: string): void {
  const file = openSync(path, 'r')
  try {
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}

function copyDurably(from: string, to: string): void {
  copyFileSync(from, to)
  syncFile(to)
}
