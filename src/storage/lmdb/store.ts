/** A node's store on LMDB: one environment, one durable transaction per write for all groups. Knows nothing of Raft beyond its nouns. */

import { assert } from '../../base/assert.ts'
import { FlotillaError } from '../../base/errors.ts'
import { GROUPS_MAX } from '../../base/limits.ts'
import type { LogReader } from '../../ports/log-reader.ts'
import type { Spool } from '../../ports/spool.ts'
import type {
  Facts,
  GroupBootstrap,
  GroupWrite,
  NodeStore,
  Recovered,
  StagedState,
  StoreCopy,
  StoreIdentity,
  StoreRoom,
  Tombstone,
  WriteScope,
} from '../../ports/store.ts'
import type { Table, TableWrite } from '../../ports/table.ts'
import { checkBatch, checkFact, checkGroupId, checkTombstone, membershipOf, NO_FACTS, unknownGroup } from '../check-batch.ts'
import type { Gate } from '../gate.ts'
import { Turns } from '../turns.ts'
import { bury, clearPortion } from './clear.ts'
import { closeEnv, type Env, envBytes } from './env.ts'
import { factChange, readFact } from './facts.ts'
import { type AnyRecord, type GroupRecord, type Groups, groupChange, isTombstone } from './group-record.ts'
import type { LiveCopies } from './live-copy.ts'
import type { Lock } from './lock.ts'
import { NO_LINK } from './log.ts'
import { OpenGroup } from './open-group.ts'
import { type Prepared, prepareAll, weighAll } from './prepared.ts'
import { lmdbRoom } from './room.ts'
import { Views } from './shelf.ts'
import { checkForgotten, checkPromise, keepPromises, type PromisedBy, promisesIn, type Slots } from './slots.ts'
import type { LmdbSpool } from './spool.ts'
import { type StagedRows, Staging } from './staging.ts'
import { EMPTY_STATE, stateChange } from './state-record.ts'
import type { Change, Writer } from './writer.ts'

/** What an open store is made of. */
export interface Parts {
  readonly env: Env
  readonly slots: Slots
  readonly lock: Lock
  readonly gate: Gate
  readonly writer: Writer
  readonly identity: StoreIdentity
  readonly watchdogMs: number
  readonly spool: LmdbSpool
  readonly copies: LiveCopies
}

/** The store itself, once it is open: see {@link openLmdb}. */
export class LmdbStore implements NodeStore {
  readonly identity: StoreIdentity
  readonly #parts: Parts
  readonly #records: Map<string, AnyRecord>
  /** Groups whose record cannot be read. */
  readonly #damages: Map<string, FlotillaError>
  readonly #groups = new Map<string, OpenGroup>()
  readonly #views = new Views()
  readonly #turns = new Turns()
  readonly #staging: Staging
  #lastNumber: number
  #writing = false
  #closing: Promise<void> | null = null

  constructor(parts: Parts, { records, damages }: Groups, lastNumber: number) {
    this.identity = parts.identity
    this.#parts = parts
    this.#records = records
    this.#damages = damages
    this.#staging = new Staging({ env: parts.env, commit: (changes) => this.#turns.run(() => this.#stagePortion(changes)) })
    this.#lastNumber = lastNumber
  }

  groups(): readonly string[] {
    this.#parts.gate.check()
    return [...[...this.#records].filter(([, record]) => !isTombstone(record)).map(([group]) => group), ...this.#damages.keys()]
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

  async write(batch: readonly GroupWrite[], scope: WriteScope = 'all', facts: Facts = NO_FACTS): Promise<void> {
    const { gate } = this.#parts
    gate.check()
    for (const [key, value] of facts) checkFact(key, value)
    assert(!this.#writing, 'WRITES_OVERLAP')
    checkBatch(batch, (group) => this.#opened(group).bounds)
    this.#writing = true
    try {
      const prepared = prepareAll({ groups: this.#groups, gate }, batch, scope) // at once: what is applied later belongs to the next write
      await this.#turns.run(() => this.#save(prepared, promisesIn(batch), facts))
    } finally {
      this.#writing = false
    }
  }

  async destroy(group: string, { peer }: Tombstone): Promise<void> {
    const { env, writer, gate } = this.#parts
    gate.check()
    const opened = this.#groups.get(group)
    const known = opened ? null : this.#numberOf(group)
    this.#groups.delete(group) // at once: no write takes it along any more
    const numbers = await this.#turns.run(async () => {
      const left = opened?.numbers ?? [known as number] // only now: the write before may have installed a state
      const number = Math.max(...left)
      await bury(env, writer, { group, numbers: left, peer })
      this.#records.set(group, { number, tombstone: true, peer })
      this.#damages.delete(group)
      return left
    })
    for (const number of numbers) await this.#clear(number)
  }

  async stage(group: string, rows: AsyncIterable<TableWrite>): Promise<StagedState> {
    this.#opened(group)
    const number = ++this.#lastNumber
    try {
      return await this.#staging.fill(group, number, rows)
    } catch (thrown) {
      await this.#clear(number)
      throw thrown
    }
  }

  async unstage(state: StagedState): Promise<void> {
    this.#parts.gate.check()
    await this.#clear(this.#staging.take(state).number)
  }

  get spool(): Spool {
    return this.#parts.spool
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

  stateBytes(group: string): number {
    return this.#opened(group).rowBytes
  }

  bytes(): number {
    return envBytes(this.#parts.env)
  }

  room(): Promise<StoreRoom | null> {
    return lmdbRoom(this.#parts)
  }

  backUp(to: string, spareBytes: number): Promise<StoreCopy> {
    return this.#parts.copies.make(to, spareBytes)
  }

  async remember(key: string, value: string): Promise<void> {
    const { gate, env, writer } = this.#parts
    gate.check()
    checkFact(key, value)
    await this.#turns.run(() => writer.commit([factChange(env, key, value)]))
    env.root.resetReadTxn()
  }

  recall(key: string): string | undefined {
    const { gate, env } = this.#parts
    gate.check()
    return readFact(env, key)
  }

  watchDamage(listener: (damage: FlotillaError) => void): void {
    this.#parts.env.damages.listener = listener
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

  /** The number of a group that is to go, open or not. That of a damaged record is not known: what lies under it is cleared at a later opening. */
  #numberOf(group: string): number {
    this.#parts.gate.check()
    const record = this.#records.get(group)
    if (record && !isTombstone(record)) return record.number
    if (!this.#damages.has(group) && !this.#parts.slots.get(group)) throw unknownGroup(group)
    return ++this.#lastNumber
  }

  async #open(group: string, bootstrap: GroupBootstrap): Promise<Recovered> {
    const { gate, env, slots } = this.#parts
    gate.checkFailure()
    if (this.#damages.has(group)) throw this.#damages.get(group)
    checkTombstone(group, this.#tombstone(group), bootstrap)
    const known = this.#records.get(group)
    const record = known && !isTombstone(known) ? known : await this.#make(group, bootstrap)
    if (record.kind !== bootstrap.kind) {
      const message = `group "${group}" holds "${record.kind}", not "${bootstrap.kind}"`
      throw new FlotillaError('STORE_MISMATCH', message, { group, stored: record.kind, asked: bootstrap.kind })
    }
    const stagedRows = (state: StagedState): StagedRows => this.#staging.take(state)
    const opened = this.#groups.get(group) ?? new OpenGroup({ env, views: this.#views, gate, stagedRows }, group, record)
    const recovered = opened.recover()
    checkPromise(group, recovered.hardState, slots.get(group))
    this.#groups.set(group, opened)
    return recovered
  }

  #tombstone(group: string): Tombstone | undefined {
    const record = this.#records.get(group)
    return isTombstone(record) ? { peer: record.peer } : undefined
  }

  /** Makes a new group durable. Numbers are given in order, those of destroyed groups are not given again. */
  async #make(group: string, bootstrap: GroupBootstrap): Promise<GroupRecord> {
    const { env, writer, slots } = this.#parts
    if (!this.#records.has(group)) checkForgotten(group, slots.get(group))
    if (this.#records.size >= GROUPS_MAX)
      throw new FlotillaError('TOO_LARGE', `a store holds at most ${GROUPS_MAX} groups`, { max: GROUPS_MAX })
    const number = ++this.#lastNumber
    const start = { number, kind: bootstrap.kind, truncated: { index: 0, term: 0 }, link: NO_LINK, families: {} }
    const record = { ...start, ...membershipOf(bootstrap) } as GroupRecord
    await keepPromises(this.#parts, [{ group, ...EMPTY_STATE.hardState }]) // first: a promise without a group is nobody's, a group without one is damaged
    await writer.commit([groupChange(env, group, record), stateChange(env, number, EMPTY_STATE)])
    env.root.resetReadTxn()
    this.#records.set(group, record)
    return record
  }

  /** Takes what lies under a number that no group has off the disk, a portion in each turn. What a close leaves is cleared at the next opening. */
  async #clear(number: number): Promise<void> {
    const { env, writer, gate } = this.#parts
    while (await this.#turns.run(async () => !gate.closed && clearPortion(env, writer, number))) {}
  }

  async #stagePortion(changes: readonly Change[]): Promise<void> {
    this.#parts.gate.check()
    await this.#parts.writer.commit(changes)
  }

  /** One transaction; then everything in memory moves on at one stroke. */
  async #save(prepared: Prepared, promises: readonly PromisedBy[], facts: Facts): Promise<void> {
    const { env, writer } = this.#parts
    const noted = Array.from(facts, ([key, value]) => factChange(env, key, value))
    await writer.commit([...(await weighAll(prepared)), ...noted])
    await keepPromises(this.#parts, promises)
    env.root.resetReadTxn() // now every read sees the transaction, so the tables may let go of what is in it
    for (const group of this.#groups.values()) {
      const replaced = group.settle()
      if (replaced !== null) this.#clear(replaced).catch(() => {}) // left to the next opening: it is nobody's
    }
  }

  async #close(): Promise<void> {
    const { env, slots, spool, lock, gate, copies, watchdogMs } = this.#parts
    await this.#turns.idle()
    await copies.idle()
    this.#views.closeAll()
    await spool.close()
    await closeEnv(env, gate.patience(watchdogMs)) // a directory that a hanging write may still reach stays taken until this process ends
    await slots.close()
    await lock.release()
  }
}
