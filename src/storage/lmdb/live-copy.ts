/** A copy of an open store, made while it is written to: of one moment, read from the first record to the last, and only then given its name. */

import { mkdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { statfs } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { FlotillaError, toFlotillaError } from '../../base/errors.ts'
import type { StoreCopy } from '../../ports/store.ts'
import type { Gate } from '../gate.ts'
import { checkAbsent, syncDirectory } from '../whole-file.ts'
import { stirTwice, syncFile } from './copy.ts'
import { type Bytes, closeEnv, type Env, envBytes, openEnv } from './env.ts'
import { forgetHere } from './facts.ts'
import { isTombstone, readGroups } from './group-record.ts'
import { readIdentity } from './identity.ts'
import { FORMAT_KEY } from './keys.ts'
import { DATA_FILE } from './precheck.ts'
import { unseal } from './seal.ts'
import { Slots } from './slots.ts'
import { readState } from './state-record.ts'

/** Milliseconds of reading before the event loop has a turn. Heartbeats wait for it. */
const TURN_MS = 2

/** Records that are read with one range. */
const PORTION = 256

export interface LiveCopiesOptions {
  /** How long a close waits for a copy, in milliseconds. */
  readonly patienceMs: number
  /** Lets the event loop have a turn; asked for every few milliseconds. */
  readonly breathe?: () => Promise<void>
}

/** Copies of one open environment, one at a time. */
export class LiveCopies {
  readonly #env: Env
  readonly #gate: Gate
  readonly #patienceMs: number
  readonly #breathe: () => Promise<void>
  #running: Promise<unknown> | null = null

  constructor(env: Env, gate: Gate, { patienceMs, breathe = () => nextTurn() }: LiveCopiesOptions) {
    this.#env = env
    this.#gate = gate
    this.#patienceMs = patienceMs
    this.#breathe = breathe
  }

  /** See {@link NodeStore.backUp}. */
  async make(to: string, spareBytes: number): Promise<StoreCopy> {
    this.#gate.check()
    if (this.#running) throw new FlotillaError('BUSY', 'a copy of the store is being made already')
    checkAbsent(to)
    const making = this.#make(to, spareBytes)
    this.#running = making.catch(() => {})
    try {
      return await making
    } catch (thrown) {
      throw toFlotillaError(thrown, 'STORAGE_FAILED')
    } finally {
      this.#running = null
    }
  }

  /** Resolves when nothing reads the environment for a copy any more. Rejects with `STORAGE_FAILED` when it takes too long: LMDB must not be closed then. */
  async idle(): Promise<void> {
    if (!this.#running) return
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_, reject) => {
      const failure = new FlotillaError('STORAGE_FAILED', 'a copy of the store did not end', { dir: this.#env.dir })
      timer = setTimeout(() => reject(failure), this.#gate.patience(this.#patienceMs))
    })
    await Promise.race([this.#running, late]).finally(() => clearTimeout(timer))
  }

  async #make(to: string, spareBytes: number): Promise<StoreCopy> {
    const env = this.#env
    await checkRoom(env, dirname(to), spareBytes)
    const draft = `${to}.part`
    rmSync(draft, { recursive: true, force: true }) // of a crash
    mkdirSync(draft)
    try {
      await env.root.backup(draft, true)
      const records = await this.#finish(draft)
      flush(draft)
      this.#gate.check()
      checkAbsent(to)
      renameSync(draft, to)
      syncDirectory(dirname(to))
      return { bytes: statSync(join(to, DATA_FILE)).size, records }
    } catch (thrown) {
      rmSync(draft, { recursive: true, force: true })
      throw thrown
    }
  }

  /** Makes a store of the copy: both meta pages, what was promised, and everything read. Returns the number of records. */
  async #finish(draft: string): Promise<number> {
    const copy = openEnv(draft)
    let slots: Slots | null = null
    try {
      await stirTwice(copy)
      await forgetHere(copy)
      const records = await this.#readAll(copy)
      slots = await Slots.open(draft, readIdentity(copy).uuid)
      await slots.write(promisesOf(copy))
      return records
    } finally {
      await slots?.close()
      await closeEnv(copy, this.#patienceMs)
    }
  }

  /** Reads every record and its checksum, in short turns; how many there are. */
  async #readAll(copy: Env): Promise<number> {
    let records = 0
    let since = performance.now()
    for (const db of copy.all) {
      for (let last: Buffer | null = null; ; ) {
        const read = readPortion(db, last, db === copy.meta)
        records += read.records
        last = read.last
        if (last === null) break
        if (performance.now() - since < TURN_MS) continue
        await this.#breathe()
        this.#gate.check()
        since = performance.now()
      }
    }
    return records
  }
}

/** Makes a copy durable, and takes away what was needed to read it. */
function flush(draft: string): void {
  rmSync(join(draft, 'lock.mdb'), { force: true })
  syncFile(join(draft, DATA_FILE))
  syncDirectory(draft)
}

/** Records behind that key, and the key of the last; null: there are no more. */
function readPortion(
  db: Bytes,
  behind: Buffer | null,
  isMeta: boolean,
): { readonly records: number; readonly last: Buffer | null } {
  let records = 0
  let last: Buffer | null = null
  const range = { limit: PORTION, ...(behind && { start: behind, exclusiveStart: true }) }
  for (const { key, value } of db.getRange(range)) {
    if (!isMeta || !FORMAT_KEY.equals(key)) unseal(key, value, 'a record')
    records++
    last = Buffer.from(key)
  }
  return { records, last }
}

/** What its groups have promised, of the moment of the copy: what the store promises meanwhile is not in it. */
const promisesOf = (copy: Env) =>
  [...readGroups(copy).records].flatMap(([group, record]) =>
    isTombstone(record) ? [] : [{ group, ...readState(copy, record.number).hardState }],
  )

/** Refuses a copy that would fill a disk: its own, or what the store keeps free of the one that they share. */
async function checkRoom(env: Env, parent: string, spareBytes: number): Promise<void> {
  const bytes = envBytes(env)
  const { bavail, bsize } = await statfs(parent)
  const kept = statSync(parent).dev === statSync(env.dir).dev ? spareBytes : 0
  if (bavail * bsize - kept >= bytes) return
  throw new FlotillaError('STORAGE_FULL', `the disk of ${parent} has no room for a copy of the store`, {
    bytes,
    free: bavail * bsize,
    kept,
  })
}
