/**
 * One LMDB environment of chunks and manifests. It is not flushed: what is written is the system's, so a killed process finds it again, and after a
 * crash of the system it is not opened any more. Knows nothing of what to do when it is full, damaged or broken.
 */

import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { open, type RootDatabase } from 'lmdb'
import { utf8, writeU32 } from '../../base/bytes.ts'
import type { SpooledChunk, SpoolSide } from '../../ports/spool.ts'
import { Gate } from '../gate.ts'
import { hashName } from '../spool-bounds.ts'
import { type Bytes, closeRoot } from './env.ts'
import { bootId } from './process-owner.ts'
import { seal, unseal } from './seal.ts'
import { type Change, type Commit, lmdbCommit, Writer } from './writer.ts'

/** Says in which boot of the system the directory was opened. Not there while it is being opened: what ends the process then is not tried again. */
const BOOT_FILE = 'boot'

/** Address space to begin with: LMDB maps more when the file outgrows it. */
const MAP_BYTES = 256 * 1024 * 1024

/** How a room is opened. */
export interface RoomOptions {
  /** Milliseconds after which a write that has not settled counts as failed. */
  readonly watchdogMs: number
  /** Wraps the way to disk, for tests of failures. */
  readonly wrapCommit?: ((commit: Commit) => Commit) | undefined
}

/** Whether a directory holds what this boot of the system has written, complete as far as its writer lived. Where boots are unknown: any. */
export function isOfThisBoot(dir: string): boolean {
  try {
    return readFileSync(join(dir, BOOT_FILE), 'utf8') === bootId()
  } catch {
    return false
  }
}

/** A group's keys begin with its id and a zero, which no id has. */
const prefixOf = (group: string): Uint8Array => utf8(`${group}\0`)

function chunkKey(group: string, hash: Uint8Array): Buffer {
  return Buffer.concat([prefixOf(group), hash])
}

const manifestKey = (group: string, side: SpoolSide): Uint8Array => utf8(`${group}\0${side}`)

/** An open environment. */
export class SpoolRoom {
  readonly dir: string
  readonly #root: RootDatabase<Uint8Array, Uint8Array>
  readonly #chunks: Bytes
  /** Bytes of each chunk by its key, so that nobody reads chunks to know about them. */
  readonly #sizes: Bytes
  readonly #manifests: Bytes
  readonly #writer: Writer
  readonly #watchdogMs: number
  #bytes = 0

  /** Opens a directory, made when missing. Throws what the system or LMDB does. */
  constructor(dir: string, { watchdogMs, wrapCommit }: RoomOptions) {
    this.dir = dir
    this.#watchdogMs = watchdogMs
    const boot = bootId()
    mkdirSync(dir, { recursive: true })
    rmSync(join(dir, BOOT_FILE), { force: true })
    const binary = { encoding: 'binary', keyEncoding: 'binary' } as const
    const noSync = boot !== '' // where a later boot cannot be told from this one, the disk has to keep up
    const options = { path: dir, noSubdir: false, maxDbs: 4, mapSize: MAP_BYTES, overlappingSync: false, noSync, ...binary }
    this.#root = open<Uint8Array, Uint8Array>({ ...options, eventTurnBatching: false, txnStartThreshold: 1 } as typeof options)
    this.#chunks = this.#root.openDB<Uint8Array, Uint8Array>({ name: 'chunks', ...binary })
    this.#sizes = this.#root.openDB<Uint8Array, Uint8Array>({ name: 'sizes', ...binary })
    this.#manifests = this.#root.openDB<Uint8Array, Uint8Array>({ name: 'manifests', ...binary })
    const commit = lmdbCommit({ root: this.#root })
    this.#writer = new Writer(new Gate(), wrapCommit?.(commit) ?? commit, watchdogMs)
    for (const { value } of this.#sizes.getRange({})) this.#bytes += sizeOf(value)
    writeFileSync(join(dir, BOOT_FILE), boot)
  }

  /** Bytes of all chunks. */
  get bytes(): number {
    return this.#bytes
  }

  /** Bytes of the file: it never shrinks. */
  get fileBytes(): number {
    return statSync(join(this.dir, 'data.mdb')).size
  }

  manifest(group: string, side: SpoolSide): Uint8Array | undefined {
    const key = manifestKey(group, side)
    const sealed = this.#manifests.get(key)
    return sealed && unseal(key, sealed, `a manifest of group "${group}"`)
  }

  has(group: string, hash: Uint8Array): boolean {
    return this.#sizes.doesExist(chunkKey(group, hash))
  }

  /** Throws `STORAGE_FAILED` when the chunk is damaged. */
  get(group: string, hash: Uint8Array): Uint8Array | undefined {
    const key = chunkKey(group, hash)
    const sealed = this.#chunks.get(key)
    return sealed && unseal(key, sealed, `chunk ${hashName(hash)} of group "${group}"`)
  }

  /** Hashes of a group's chunks in order, from one on, so many at most. */
  hashes(group: string, from: Uint8Array, limit: number): Uint8Array[] {
    const prefix = prefixOf(group)
    const start = Buffer.concat([prefix, from])
    const end = utf8(`${group}\u0001`)
    return Array.from(this.#sizes.getKeys({ start, end, limit }), (key) => new Uint8Array(key.subarray(prefix.length)))
  }

  async keepManifest(group: string, side: SpoolSide, manifest: Uint8Array | undefined): Promise<void> {
    const key = manifestKey(group, side)
    await this.#save([{ db: this.#manifests, key, ...(manifest && { value: seal(key, manifest) }) }])
  }

  /** Keeps chunks that are not there yet. */
  async put(group: string, chunks: readonly SpooledChunk[]): Promise<void> {
    const changes: Change[] = []
    let more = 0
    for (const { hash, bytes } of chunks) {
      const key = chunkKey(group, hash)
      const size = new Uint8Array(4)
      writeU32(size, 0, bytes.length)
      changes.push({ db: this.#chunks, key, value: seal(key, bytes) }, { db: this.#sizes, key, value: size })
      more += bytes.length
    }
    await this.#save(changes)
    this.#bytes += more
  }

  async drop(group: string, hashes: readonly Uint8Array[]): Promise<void> {
    const changes: Change[] = []
    let less = 0
    for (const hash of hashes) {
      const key = chunkKey(group, hash)
      const size = this.#sizes.get(key)
      if (!size) continue
      changes.push({ db: this.#chunks, key }, { db: this.#sizes, key })
      less += sizeOf(size)
    }
    await this.#save(changes)
    this.#bytes -= less
  }

  /** Takes over the manifests of another room. */
  async adopt(other: SpoolRoom): Promise<void> {
    const kept = Array.from(other.#manifests.getRange({}), ({ key, value }) => ({
      db: this.#manifests,
      key: Buffer.from(key),
      value,
    }))
    await this.#save(kept)
  }

  /** Rejects with `STORAGE_FAILED` when a write hangs: then it stays open. */
  async close(): Promise<void> {
    await closeRoot(this.#root, this.dir, this.#watchdogMs)
  }

  /** Closes it, and takes it off the disk. The file goes even if a write of it hangs. */
  async destroy(): Promise<void> {
    try {
      await this.close()
    } finally {
      await rm(this.dir, { recursive: true, force: true })
    }
  }

  async #save(changes: readonly Change[]): Promise<void> {
    await this.#writer.commit(changes)
    this.#root.resetReadTxn() // so that the next read sees it
  }
}

const sizeOf = (value: Uint8Array): number => new DataView(value.buffer, value.byteOffset, value.length).getUint32(0)
