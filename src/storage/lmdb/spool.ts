/**
 * Chunks of snapshots on disk, in an environment of their own: gigabytes of them never hold up a flush of the log, and it can be thrown away at any
 * time. So whatever is wrong with it is answered by a new one, never by a failure of the node.
 */

import { mkdirSync, readdirSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { FlotillaError } from '../../base/errors.ts'
import { SPOOL_BYTES_MAX } from '../../base/limits.ts'
import { type Logger, silent } from '../../ports/logger.ts'
import type { Spool, SpooledChunk, SpoolSide } from '../../ports/spool.ts'
import { hashName, spoolFull } from '../spool-bounds.ts'
import { Turns } from '../turns.ts'
import { isSoundFile } from './meta-pages.ts'
import { isOfThisBoot, type RoomOptions, SpoolRoom } from './spool-room.ts'
import { type Commit, WATCHDOG_MS } from './writer.ts'

/** How a spool is kept. */
export interface SpoolOptions {
  /** Told when a damaged or broken spool is made anew. */
  readonly logger?: Logger
  /** Bytes of chunks at most. */
  readonly bytesMax?: number
  /** Bytes of file that are not given back when the last chunk is gone. */
  readonly idleFileBytes?: number
  /** Milliseconds after which a write that has not settled counts as failed. */
  readonly watchdogMs?: number
  /** Wraps the way to disk, for tests of failures. */
  readonly wrapCommit?: (commit: Commit) => Commit
}

/** Chunks that one step of a sweep looks at. */
const PORTION = 1000

/** An empty file of this size is not worth making anew. */
const IDLE_FILE_BYTES = 16 * 1024 * 1024

/**
 * Opens the spool in a directory of its own, made when missing. The caller holds the lock of the store around it. Never throws: where nothing can be
 * opened, it keeps nothing, and what is to be put is refused with `BUSY`.
 */
export const openSpool = (dir: string, options: SpoolOptions = {}): LmdbSpool => new LmdbSpool(dir, options)

/** A {@link Spool} on disk. After its close it holds nothing and refuses what is put. */
export class LmdbSpool implements Spool {
  readonly #dir: string
  readonly #log: Logger
  readonly #bytesMax: number
  readonly #idleFileBytes: number
  readonly #roomOptions: RoomOptions
  readonly #turns = new Turns()
  /** Rooms that are being taken off the disk. */
  readonly #leaving = new Set<Promise<void>>()
  #room: SpoolRoom | null = null
  /** Number of the latest room: a directory is never used for a second one. */
  #number = 0
  #closing: Promise<void> | null = null

  constructor(dir: string, options: SpoolOptions) {
    this.#dir = dir
    this.#log = options.logger ?? silent
    this.#bytesMax = options.bytesMax ?? SPOOL_BYTES_MAX
    this.#idleFileBytes = options.idleFileBytes ?? IDLE_FILE_BYTES
    this.#roomOptions = { watchdogMs: options.watchdogMs ?? WATCHDOG_MS, wrapCommit: options.wrapCommit }
    this.#room = this.#reopen() ?? this.#make()
  }

  manifest(group: string, side: SpoolSide): Uint8Array | undefined {
    return this.#read((room) => room.manifest(group, side))
  }

  async keepManifest(group: string, side: SpoolSide, manifest: Uint8Array | undefined): Promise<void> {
    await this.#change((room) => room.keepManifest(group, side, manifest))
  }

  has(group: string, hash: Uint8Array): boolean {
    return this.#read((room) => room.has(group, hash)) ?? false
  }

  get(group: string, hash: Uint8Array): Uint8Array | undefined {
    return this.#read((room) => {
      try {
        return room.get(group, hash)
      } catch (cause) {
        this.#log.warn({ group, chunk: hashName(hash), cause }, 'a chunk of a snapshot is damaged on disk; it is dropped')
        this.#change((now) => now.drop(group, [hash])).catch(() => {}) // told by the change itself
        return undefined
      }
    })
  }

  async put(group: string, chunks: readonly SpooledChunk[]): Promise<void> {
    await this.#change(async (room) => {
      const fresh = new Map<string, SpooledChunk>()
      for (const chunk of chunks) if (!room.has(group, chunk.hash)) fresh.set(hashName(chunk.hash), chunk)
      let bytes = room.bytes
      for (const chunk of fresh.values()) bytes += chunk.bytes.length
      if (bytes > this.#bytesMax) throw spoolFull(room.bytes, this.#bytesMax)
      await room.put(group, [...fresh.values()])
    })
  }

  async sweep(group: string, isKept: (hash: Uint8Array) => boolean): Promise<void> {
    let from: Uint8Array | null = new Uint8Array(0)
    while (from !== null) {
      from = await this.#change((room) => sweepPortion(room, { group, from: from as Uint8Array, isKept }))
      await nextTurn()
    }
    await this.#change((room) => this.#giveBack(room))
  }

  bytes(): number {
    return this.#room?.bytes ?? 0
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  /** What was asked for before is done first. What hangs stays behind, and is not opened again. */
  async #close(): Promise<void> {
    await this.#turns.idle()
    const room = this.#room
    this.#room = null
    await room?.close().catch((cause: unknown) => this.#log.warn({ dir: this.#dir, cause }, 'the spool could not be closed'))
    await Promise.all(this.#leaving)
  }

  /** The room of an earlier process; all others go. Null: there is none that can be used. */
  #reopen(): SpoolRoom | null {
    const numbers = this.#stored()
    this.#number = Math.max(0, ...numbers)
    const latest = this.#roomDir(this.#number)
    for (const number of numbers) if (number !== this.#number) this.#remove(this.#roomDir(number))
    if (numbers.length === 0) return null
    try {
      if (isOfThisBoot(latest) && isSoundFile(join(latest, 'data.mdb'))) return new SpoolRoom(latest, this.#roomOptions)
      this.#log.warn({ dir: latest }, 'the spool was not left as it should be; it is made anew')
    } catch (cause) {
      this.#log.warn({ dir: latest, cause }, 'the spool cannot be opened; it is made anew')
    }
    this.#remove(latest)
    return null
  }

  #make(): SpoolRoom | null {
    const dir = this.#roomDir(++this.#number)
    try {
      return new SpoolRoom(dir, this.#roomOptions)
    } catch (cause) {
      this.#log.warn({ dir, cause }, 'a spool cannot be made; no snapshots are kept')
      this.#remove(dir)
      return null
    }
  }

  #stored(): number[] {
    try {
      mkdirSync(this.#dir, { recursive: true })
      return readdirSync(this.#dir)
        .filter((name) => /^[1-9]\d{0,14}$/.test(name))
        .map(Number)
    } catch (cause) {
      this.#log.warn({ dir: this.#dir, cause }, 'the directory of the spool cannot be read')
      return []
    }
  }

  #roomDir(number: number): string {
    return join(this.#dir, String(number))
  }

  #remove(dir: string): void {
    this.#leave(rm(dir, { recursive: true, force: true }))
  }

  #leave(removal: Promise<void>): void {
    const left = removal
      .catch((cause: unknown) => this.#log.warn({ dir: this.#dir, cause }, 'an old spool could not be removed'))
      .finally(() => this.#leaving.delete(left))
    this.#leaving.add(left)
  }

  /** A read that LMDB cannot answer means that the file is broken. */
  #read<T>(read: (room: SpoolRoom) => T): T | undefined {
    const room = this.#room
    if (room === null) return undefined
    try {
      return read(room)
    } catch (cause) {
      this.#replace(room, cause)
      return undefined
    }
  }

  /** One change at a time. One that fails leaves nobody knows what: it is refused, and the next finds a new room. */
  #change<T>(change: (room: SpoolRoom) => Promise<T>): Promise<T> {
    if (this.#closing) return Promise.reject(new FlotillaError('STORE_CLOSED', 'the spool is closed'))
    return this.#turns.run(async () => {
      this.#room ??= this.#make()
      const room = this.#room
      if (room === null) throw new FlotillaError('BUSY', 'there is no place for snapshots on their way', { dir: this.#dir })
      try {
        return await change(room)
      } catch (thrown) {
        if (thrown instanceof FlotillaError && thrown.code === 'BUSY') throw thrown
        this.#replace(room, thrown)
        throw new FlotillaError('BUSY', 'snapshots on their way could not be kept; they begin anew', { dir: this.#dir }, thrown)
      }
    })
  }

  #replace(room: SpoolRoom, cause: unknown): void {
    if (this.#room !== room) return
    this.#log.warn({ dir: room.dir, cause }, 'the spool is broken; it is made anew')
    this.#leave(room.destroy())
    this.#room = this.#make()
  }

  /** Once the last chunk is gone, a large file is left for a new one. */
  async #giveBack(room: SpoolRoom): Promise<void> {
    if (room.bytes > 0 || room.fileBytes <= this.#idleFileBytes) return
    const next = this.#make()
    if (next === null) return
    try {
      await next.adopt(room)
    } catch (cause) {
      this.#leave(next.destroy())
      this.#log.warn({ dir: next.dir, cause }, 'an empty spool could not be made smaller')
      return
    }
    this.#room = next
    this.#leave(room.destroy())
  }
}

interface Portion {
  readonly group: string
  readonly from: Uint8Array
  readonly isKept: (hash: Uint8Array) => boolean
}

/** Drops what is not kept among the next chunks, and says where to go on; null at the end. */
async function sweepPortion(room: SpoolRoom, { group, from, isKept }: Portion): Promise<Uint8Array | null> {
  const hashes = room.hashes(group, from, PORTION)
  const last = hashes.at(-1)
  await room.drop(
    group,
    hashes.filter((hash) => !isKept(hash)),
  )
  return last === undefined || hashes.length < PORTION ? null : new Uint8Array([...last, 0]) // the key behind it
}
