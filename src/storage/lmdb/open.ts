/** Opening a node's store on LMDB: whose directory it is, whether it can be had, and what a crash left to be cleared. */

import { realpathSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { FlotillaError, toFlotillaError } from '../../base/errors.ts'
import type { Logger } from '../../ports/logger.ts'
import type { NodeStore } from '../../ports/store.ts'
import { makeDirectory } from '../directory.ts'
import { Gate } from '../gate.ts'
import { clearPortion, strayNumbers } from './clear.ts'
import { COPY_DRAFT } from './copy.ts'
import { closeEnv, type Env, makeEnv, openEnv } from './env.ts'
import { type Groups, isTombstone, readGroups } from './group-record.ts'
import { nextBoot } from './identity.ts'
import { LiveCopies } from './live-copy.ts'
import { takeLock } from './lock.ts'
import { checkOpeningRoom, orNoRoom, SPOOL } from './no-room.ts'
import { checkEnvironment } from './precheck.ts'
import { checkUnpromised, Slots } from './slots.ts'
import { openSpool } from './spool.ts'
import { LmdbStore } from './store.ts'
import { type Commit, lmdbCommit, WATCHDOG_MS, Writer } from './writer.ts'

/** Where a store is, and whose. */
export interface LmdbOptions {
  /** Directory of this node's store alone, on a local disk. Made when missing. */
  readonly dir: string
  readonly cluster: string
  readonly node: string
  /** Bytes of address space to begin with; more is taken when needed. */
  readonly mapSize?: number
  /** Milliseconds after which a write that has not settled counts as failed. */
  readonly watchdogMs?: number
  /** Told what becomes of snapshots' chunks that cannot be read any more. */
  readonly logger?: Logger
  /** Wraps the way to disk, for tests of failures. */
  readonly wrapCommit?: (commit: Commit) => Commit
  /** Flushes nothing, for the test that shows that flushes are what keeps a promise. */
  readonly noSync?: boolean
}

/** What to do when it has failed. */
const adviceFor = (dir: string): string =>
  `Check the disk of ${dir} and its free space, then start the node again. If the disk is lost, remove the node from its groups, and add it again with an empty directory (docs/operations.md)`

/** The directory's real path, made when missing. */
function prepare(dir: string): string {
  try {
    makeDirectory(dir)
    return realpathSync(dir)
  } catch (cause) {
    const full = orNoRoom(dir, cause)
    if (full instanceof FlotillaError) throw full
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new FlotillaError('STORAGE_FAILED', `cannot use ${dir} as a store: ${why}`, { dir }, cause)
  }
}

/** Takes off the disk what belongs to no group, unless it may be that of a damaged record. Returns the highest number that was ever given. */
async function clearStrays(env: Env, writer: Writer, { records, damages }: Groups): Promise<number> {
  const groups = [...records.values()]
  const strays = strayNumbers(env, new Set(groups.filter((record) => !isTombstone(record)).map(({ number }) => number)))
  if (damages.size === 0) for (const number of strays) while (await clearPortion(env, writer, number)) {}
  return Math.max(-1, ...groups.map(({ number }) => number), ...strays)
}

/**
 * Opens or makes a store. Rejects with `STORE_IN_USE` when a live process has it, `STORE_MISMATCH` when it belongs to another cluster
 * or node or has another format, `STORAGE_FULL` when its disk has no room even for that, `STORAGE_FAILED` when it cannot be read or written.
 */
export async function openLmdb(options: LmdbOptions): Promise<NodeStore> {
  const dir = prepare(options.dir)
  const lock = await takeLock(dir)
  const watchdogMs = options.watchdogMs ?? WATCHDOG_MS
  let env: Env | undefined
  let slots: Slots | undefined
  try {
    rmSync(join(dir, COPY_DRAFT), { recursive: true, force: true }) // half a copy, as large as the store
    checkOpeningRoom(dir)
    await makeEnv(dir)
    checkEnvironment(dir)
    env = openEnv(dir, options.mapSize, options.noSync)
    const gate = new Gate(adviceFor(dir))
    const commit = lmdbCommit(env)
    const writer = new Writer(gate, options.wrapCommit?.(commit) ?? commit, watchdogMs)
    const { identity, changes } = nextBoot(env, options)
    if (identity.boot === 1) checkUnpromised(dir)
    slots = await Slots.open(dir, identity.uuid)
    const groups = readGroups(env)
    await writer.commit(changes)
    const lastNumber = await clearStrays(env, writer, groups)
    const spool = openSpool(join(dir, SPOOL), { watchdogMs, ...(options.logger && { logger: options.logger }) })
    const copies = new LiveCopies(env, gate, { patienceMs: watchdogMs })
    return new LmdbStore({ env, slots, lock, gate, writer, identity, watchdogMs, spool, copies }, groups, lastNumber)
  } catch (thrown) {
    await slots?.close()
    if (env) await closeEnv(env, watchdogMs)
    await lock.release()
    throw toFlotillaError(orNoRoom(dir, thrown), 'STORAGE_FAILED')
  }
}
