/** A node's store on LMDB: one environment, one durable transaction per write for all groups. Knows nothing of Raft beyond its nouns. */

import { realpathSync } from 'node:fs'
import { assert } from '../../base/assert.ts'
import { text, utf8 } from '../../base/bytes.ts'
import { FlotillaError, toFlotillaError } from '../../base/errors.ts'
import { GROUPS_MAX } from '../../base/limits.ts'
import type { LogReader } from '../../ports/log-reader.ts'
import type { GroupBootstrap, GroupWrite, NodeStore, Recovered, StoreIdentity, Tombstone, WriteScope } from '../../ports/store.ts'
import type { Table } from '../../ports/table.ts'
import { checkBatch, checkFact, checkGroupId, checkTombstone, membershipOf, unknownGroup } from '../check-batch.ts'
import { makeDirectory } from '../directory.ts'
import { Gate } from '../gate.ts'
import { Turns } from '../turns.ts'
import { bury, clearGroup } from './clear.ts'
import { closeEnv, type Env, envBytes, openEnv } from './env.ts'
import { type GroupRecord, groupChange, readGroups, type TombstoneRecord } from './group-record.ts'
import { nextBoot } from './identity.ts'
import { factKey } from './keys.ts'
import { type Lock, takeLock } from './lock.ts'
import { OpenGroup } from './open-group.ts'
import { seal, unseal } from './seal.ts'
import { Views } from './shelf.ts'
import { EMPTY_STATE, stateChange } from './state-record.ts'
import { type Change, type Commit, lmdbCommit, WATCHDOG_MS, Writer } from './writer.ts'

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
  /** Wraps the way to disk, for tests of failures. */
  readonly wrapCommit?: (commit: Commit) => Commit
}

/** What an open store is made of. */
interface Parts {
  readonly env: Env
  readonly lock: Lock
  readonly gate: Gate
  readonly writer: Writer
  readonly identity: StoreIdentity
  readonly watchdogMs: number
}

/** The directory's real path, made when missing. */
function prepare(dir: string): string {
  try {
    makeDirectory(dir)
    return realpathSync(dir)
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new FlotillaError('STORAGE_FAILED', `cannot use ${dir} as a store: ${why}`, { dir }, cause)
  }
}

/**
 * Opens or makes a store. Rejects with `STORE_IN_USE` when a live process has it, `STORE_MISMATCH` when it belongs to another cluster
 * or node or has another format, `STORAGE_FAILED` when it cannot be read or written.
 */
export async function openLmdb(options: LmdbOptions): Promise<NodeStore> {
  const dir = prepare(options.dir)
  const lock = await takeLock(dir)
  const watchdogMs = options.watchdogMs ?? WATCHDOG_MS
  let env: Env | undefined
  try {
    env = openEnv(dir, options.mapSize)
    const gate = new Gate()
    const commit = lmdbCommit(env)
    const writer = new Writer(gate, options.wrapCommit?.(commit) ?? commit, watchdogMs)
    const { identity, changes } = nextBoot(env, options)
    const groups = readGroups(env)
    await writer.commit(changes)
    for (const record of groups.values()) if (isTombstone(record)) await clearGroup(env, writer, record.number)
    return new LmdbStore({ env, lock, gate, writer, identity, watchdogMs }, groups)
  } catch (thrown) {
    if (env) await closeEnv(env, watchdogMs)
    await lock.release()
    throw toFlotillaError(thrown, 'STORAGE_FAILED')
  }
}

type AnyRecord = GroupRecord | TombstoneRecord

const isTombstone = (record: AnyRecord | undefined): record is TombstoneRecord => record !== undefined && 'tombstone' in record

class LmdbStore implements NodeStore {
  readonly identity: StoreIdentity
  readonly #parts: Parts
  readonly #records: Map<string, AnyRecord>
  readonly #groups = new Map<string, OpenGroup>()
  readonly #views = new Views()
  readonly #turns = new Turns()
  #writing = false
  #closing: Promise<void> | null = null

  constructor(parts: Parts, records: Map<string, AnyRecord>) {
    this.identity = parts.identity
    this.#parts = parts
    this.#records = records
  }

  groups(): readonly string[] {
    this.#parts.gate.check()
    return [...this.#records].filter(([, record]) => !isTombstone(record)).map(([group]) => group)
  }

  async open(group: string, bootstrap: GroupBootstrap): Promise<Recovered> {
    this.#parts.gate.check()
    checkGroupId(group)
    return this.#turns.run(() => this.#open(group, bootstrap))
  }

  reader(group: string): LogReader {
    return this.#opened(group)
  }

  table(group: string): Table {
    return this.#opened(group).table
  }

  async write(batch: readonly GroupWrite[], scope: WriteScope = 'all'): Promise<void> {
    this.#parts.gate.check()
    assert(!this.#writing, 'WRITES_OVERLAP')
    checkBatch(batch, (group) => this.#opened(group).bounds)
    this.#writing = true
    try {
      const changes = this.#prepare(batch, scope) // at once: what is applied later belongs to the next write
      await this.#turns.run(() => this.#save(changes))
    } finally {
      this.#writing = false
    }
  }

  async destroy(group: string, { peer }: Tombstone): Promise<void> {
    const { number } = this.#opened(group)
    this.#groups.delete(group) // at once: no write takes it along any more
    const { env, writer } = this.#parts
    await this.#turns.run(async () => {
      await bury(env, writer, { group, number, peer })
      this.#records.set(group, { number, tombstone: true, peer })
      await clearGroup(env, writer, number)
    })
  }

  tombstone(group: string): Tombstone | undefined {
    this.#parts.gate.check()
    return this.#tombstone(group)
  }

  get unsavedBytes(): number {
    let bytes = 0
    for (const group of this.#groups.values()) bytes += group.table.unsavedBytes
    return bytes
  }

  bytes(): number {
    return envBytes(this.#parts.env)
  }

  async remember(key: string, value: string): Promise<void> {
    const { gate, env, writer } = this.#parts
    gate.check()
    checkFact(key, value)
    const full = factKey(key)
    await this.#turns.run(() => writer.commit([{ db: env.meta, key: full, value: seal(full, utf8(value)) }]))
    env.root.resetReadTxn()
  }

  recall(key: string): string | undefined {
    const { gate, env } = this.#parts
    gate.check()
    const full = factKey(key)
    const sealed = env.meta.get(full)
    return sealed && text(unseal(full, sealed, `the fact "${key}"`))
  }

  close(): Promise<void> {
    this.#parts.gate.close()
    this.#closing ??= this.#close()
    return this.#closing
  }

  #opened(group: string): OpenGroup {
    this.#parts.gate.check()
    const opened = this.#groups.get(group)
    if (!opened) throw unknownGroup(group)
    return opened
  }

  async #open(group: string, bootstrap: GroupBootstrap): Promise<Recovered> {
    const { gate, env } = this.#parts
    gate.checkFailure()
    checkTombstone(group, this.#tombstone(group), bootstrap)
    const known = this.#records.get(group)
    const record = known && !isTombstone(known) ? known : await this.#make(group, bootstrap)
    if (record.kind !== bootstrap.kind) {
      const message = `group "${group}" holds "${record.kind}", not "${bootstrap.kind}"`
      throw new FlotillaError('STORE_MISMATCH', message, { group, stored: record.kind, asked: bootstrap.kind })
    }
    const opened = this.#groups.get(group) ?? new OpenGroup({ env, views: this.#views, gate }, group, record)
    const recovered = opened.recover()
    this.#groups.set(group, opened)
    return recovered
  }

  #tombstone(group: string): Tombstone | undefined {
    const record = this.#records.get(group)
    return isTombstone(record) ? { peer: record.peer } : undefined
  }

  /** Makes a new group durable. Numbers are given in order, those of destroyed groups are not given again. */
  async #make(group: string, bootstrap: GroupBootstrap): Promise<GroupRecord> {
    const { env, writer } = this.#parts
    if (this.#records.size >= GROUPS_MAX)
      throw new FlotillaError('TOO_LARGE', `a store holds at most ${GROUPS_MAX} groups`, { max: GROUPS_MAX })
    const number = Math.max(-1, ...[...this.#records.values()].map((known) => known.number)) + 1
    const start = { number, kind: bootstrap.kind, truncated: { index: 0, term: 0 }, families: {} }
    const record = { ...start, ...membershipOf(bootstrap) } as GroupRecord
    await writer.commit([groupChange(env, group, record), stateChange(env, number, EMPTY_STATE)])
    env.root.resetReadTxn()
    this.#records.set(group, record)
    return record
  }

  /** All that one write saves, made ready before anything is written. */
  #prepare(batch: readonly GroupWrite[], scope: WriteScope): Change[] {
    const writes = new Map(batch.map((write) => [write.group, write]))
    const changes: Change[] = []
    try {
      for (const [id, group] of this.#groups) for (const change of group.prepare(writes.get(id), scope)) changes.push(change)
    } catch (thrown) {
      throw this.#parts.gate.fail('the store could not prepare a write; it answers no more', thrown)
    }
    return changes
  }

  /** One transaction; then everything in memory moves on at one stroke. */
  async #save(changes: readonly Change[]): Promise<void> {
    const { env, writer } = this.#parts
    await writer.commit(changes)
    env.root.resetReadTxn() // now every read sees the transaction, so the tables may let go of what is in it
    for (const group of this.#groups.values()) group.settle()
  }

  async #close(): Promise<void> {
    const { env, lock, watchdogMs } = this.#parts
    await this.#turns.idle()
    this.#views.closeAll()
    await closeEnv(env, watchdogMs) // a directory that a hanging write may still reach stays taken until this process ends
    await lock.release()
  }
}
