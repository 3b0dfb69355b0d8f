/** The LMDB environment of one node: its options and its four databases. The only room, with its neighbours here, that knows LMDB. */

import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { type Database, open, type RootDatabase } from 'lmdb'
import { FlotillaError } from '../../base/errors.ts'

/** A database of byte keys and byte values. */
export type Bytes = Database<Uint8Array, Uint8Array>

/** Pinned state of the environment, shared by all who read it in the same moment. */
export type ReadTransaction = ReturnType<RootDatabase['useReadTransaction']>

/** Views that may be open at a time. Each can hold a reader's slot of LMDB, and keeps old pages from being used again. */
export const VIEWS_MAX = 1000

/** Readers of the table in `lock.mdb`: the views, and room for LMDB's own. */
const READERS_MAX = VIEWS_MAX + 24

/** Address space to begin with. LMDB maps more when the file outgrows it; nothing of it is allocated before it is used. */
export const MAP_BYTES = 1024 * 1024 * 1024

const BINARY = { encoding: 'binary', keyEncoding: 'binary' } as const

/** An open environment. */
export interface Env {
  readonly dir: string
  readonly root: RootDatabase<Uint8Array, Uint8Array>
  /** Format, identity, groups, facts. */
  readonly meta: Bytes
  /** Hard state, applied index and last index of each group. */
  readonly state: Bytes
  readonly log: Bytes
  /** Rows of all tables. */
  readonly data: Bytes
  /** All of them. */
  readonly all: readonly Bytes[]
  /** Who is told of damage. */
  readonly damages: { listener: ((damage: FlotillaError) => void) | null }
}

/** The file that everything is in. */
const FILE = 'data.mdb'

/** Where an environment is made before it has its place. */
const DRAFT = 'draft'

/**
 * Makes the environment of a new store: whole and flushed before it has its name. LMDB writes the first pages of a file without a flush, and a power cut
 * that keeps half of them would leave a file that ends every process that opens it. Throws `STORAGE_FAILED` when it cannot be made.
 */
export async function makeEnv(dir: string): Promise<void> {
  if (existsSync(join(dir, FILE))) return
  const draft = join(dir, DRAFT)
  try {
    rmSync(draft, { recursive: true, force: true })
    mkdirSync(draft)
    await openEnv(draft).root.close()
    renameSync(join(draft, FILE), join(dir, FILE))
    flushDirectory(dir)
    rmSync(draft, { recursive: true })
  } catch (cause) {
    throw cannotOpen(dir, cause)
  }
}

/** Makes the names in a directory durable. Windows has no such thing. */
function flushDirectory(dir: string): void {
  if (process.platform === 'win32') return
  const directory = openSync(dir, 'r')
  try {
    fsyncSync(directory)
  } finally {
    closeSync(directory)
  }
}

function cannotOpen(dir: string, cause: unknown): FlotillaError {
  if (cause instanceof FlotillaError) return cause
  const why = cause instanceof Error ? cause.message : String(cause)
  return new FlotillaError('STORAGE_FAILED', `cannot open the store in ${dir}: ${why}`, { dir }, cause)
}

/** Opens the environment. Throws `STORAGE_FAILED` when LMDB does not. */
export function openEnv(dir: string, mapSize: number = MAP_BYTES, noSync = false): Env {
  try {
    const options = {
      path: dir,
      noSubdir: false, // else a directory named like a file would become one
      maxDbs: 8,
      maxReaders: READERS_MAX,
      mapSize,
      overlappingSync: false, // visible means durable, rejected means absent
      noSync,
      eventTurnBatching: false, // a write starts at once; batch() keeps it together
      txnStartThreshold: 1, // known to LMDB's package, though not to its types
      ...BINARY,
    }
    const root = open<Uint8Array, Uint8Array>(options)
    const all: Bytes[] = []
    const named = (name: string): Bytes => {
      const db = root.openDB<Uint8Array, Uint8Array>({ name, ...BINARY })
      all.push(db)
      return db
    }
    return {
      dir,
      root,
      meta: named('meta'),
      state: named('state'),
      log: named('log'),
      data: named('data'),
      all,
      damages: { listener: null },
    }
  } catch (cause) {
    throw cannotOpen(dir, cause)
  }
}

/** Closes the environment. Rejects with `STORAGE_FAILED` when a write hangs for longer than `deadlineMs`: then it stays open. */
export const closeEnv = (env: Env, deadlineMs: number): Promise<void> => closeRoot(env.root, env.dir, deadlineMs)

/** Closes any environment, as {@link closeEnv} does. */
export async function closeRoot(root: Pick<RootDatabase, 'close'>, dir: string, deadlineMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    const failure = new FlotillaError('STORAGE_FAILED', `the store in ${dir} could not be closed within ${deadlineMs} ms`, {
      dir,
    })
    timer = setTimeout(() => reject(failure), deadlineMs)
  })
  try {
    await Promise.race([root.close(), late])
  } finally {
    clearTimeout(timer)
  }
}

/** Bytes of the environment's file. It never shrinks: what is deleted is used again. */
export function envBytes(env: Env): number {
  return statSync(join(env.dir, FILE)).size
}
