/** States made ready for others to fetch: one at a time, and again only when the log does not go on from the last one any more. Knows no follower. */

import { FlotillaError } from '../../base/errors.ts'
import type { Logger } from '../../ports/logger.ts'
import type { Spool } from '../../ports/spool.ts'
import type { LogIndex } from '../../protocol/types.ts'
import { Turns } from '../../storage/turns.ts'
import { isSameFounding } from '../founding.ts'
import { noRoom } from './bounded-spool.ts'
import type { SnapshotCraft, SnapshotGroup } from './group.ts'
import type { Holding, Library } from './library.ts'
import type { Loans } from './loans.ts'

/** Chunks that are looked for in one turn of the event loop: a millisecond or two. */
const LOOKS_IN_A_TURN = 500

export interface ExportsOptions {
  readonly spool: Spool
  readonly craft: SnapshotCraft
  readonly library: Library
  readonly logger: Logger
  readonly breathe: () => Promise<void>
  /** What is lent, of which the chunks may have to make room. Default: nothing. */
  readonly loans?: Pick<Loans, 'endAll'>
  /** Whether the disk has room for so many bytes of chunks more. Default: it has. */
  readonly fitsBeside?: (bytes: number) => boolean
}

export class Exports {
  readonly #options: ExportsOptions
  readonly #running = new Map<string, Promise<Holding>>()
  /** A state is read promptly, since its view keeps old pages alive: one after the other. */
  readonly #turns = new Turns()
  /** Bytes of chunks that a group's last export was given up at, since the disk had no room for them: it is not begun again before it has. */
  readonly #tooLarge = new Map<string, number>()
  #closed = false

  constructor(options: ExportsOptions) {
    this.#options = options
  }

  /** Whether chunks of the group may be in the spool that no manifest names yet. */
  isRunning(group: string): boolean {
    return this.#running.has(group)
  }

  /** A state of at least that index from which the log goes on. Rejects with `UNAVAILABLE` when it does not, and as the export does. */
  stateOf(group: SnapshotGroup, least: LogIndex): Promise<Holding> {
    return this.#state(group, least, (ready) => isOf(ready, group, least) && goesOn(ready, group))
  }

  /** A state of at least that index, for who needs no log behind it. Rejects as the export does. */
  copyOf(group: SnapshotGroup, least: LogIndex): Promise<Holding> {
    return this.#state(group, least, (ready) => isOf(ready, group, least))
  }

  /** The one that is there, or being made, if it is good; a new one otherwise. */
  async #state(group: SnapshotGroup, least: LogIndex, isGood: (ready: Holding) => boolean): Promise<Holding> {
    const kept = await this.#running.get(group.group)?.catch(() => null)
    const ready = kept ?? this.#options.library.holding(group.group, 'outgoing')
    if (ready && isGood(ready) && (await this.#isWhole(ready))) return ready
    const fresh = await (this.#running.get(group.group) ?? this.#start(group))
    if (isGood(fresh)) return fresh
    throw new FlotillaError('UNAVAILABLE', 'the log does not go on from the state that was exported', {
      group: group.group,
      least,
    })
  }

  /** What is kept of a group has turned out to be damaged: the next state is made from the ground. */
  async distrust(group: string): Promise<void> {
    if (this.isRunning(group)) return
    await this.#options.library.keep(group, 'outgoing', null)
    await this.#options.library.sweep(group)
  }

  /** No further state is read; resolves when none is. */
  async close(): Promise<void> {
    this.#closed = true
    await this.#turns.idle()
  }

  /** Whether every chunk is there; it lets others have a turn now and then. */
  async #isWhole({ manifest: { group, chunks } }: Holding): Promise<boolean> {
    const { spool, breathe } = this.#options
    for (const [at, { hash }] of chunks.entries()) {
      if (!spool.has(group, hash)) return false
      if (at % LOOKS_IN_A_TURN === LOOKS_IN_A_TURN - 1) await breathe()
    }
    return true
  }

  #start(group: SnapshotGroup): Promise<Holding> {
    const running = this.#turns.run(() => this.#exportIfRoom(group)).finally(() => this.#running.delete(group.group))
    this.#running.set(group.group, running)
    return running
  }

  /** Who is refused asks again soon: chunks that do not fit are not made each time. */
  async #exportIfRoom(source: SnapshotGroup): Promise<Holding> {
    const { spool, fitsBeside } = this.#options
    const { group } = source
    const bytes = this.#tooLarge.get(group)
    if (bytes !== undefined && fitsBeside?.(bytes - spool.bytes()) === false) throw noRoom(group, bytes)
    this.#tooLarge.delete(group)
    try {
      return await this.#exportOverLoans(source)
    } catch (thrown) {
      if (thrown instanceof FlotillaError && thrown.code === 'STORAGE_FULL')
        this.#tooLarge.set(group, Number(thrown.details.bytes))
      throw thrown
    }
  }

  /** Where there is no room beside what is lent, that has to go: a follower must not wait for an operator. */
  async #exportOverLoans(source: SnapshotGroup): Promise<Holding> {
    try {
      return await this.#export(source)
    } catch (thrown) {
      const isFull = thrown instanceof FlotillaError && (thrown.code === 'STORAGE_FULL' || thrown.code === 'BUSY')
      const groups = isFull ? this.#options.loans?.endAll() : undefined
      if (!groups?.size) throw thrown
      for (const group of groups) await this.#options.library.sweep(group)
      return this.#export(source)
    }
  }

  async #export(source: SnapshotGroup): Promise<Holding> {
    const { group, epoch, stateMachine, table } = source
    const { spool, craft, library, logger } = this.#options
    if (this.#closed) throw closed()
    const view = table.snapshot()
    try {
      const term = source.snapshot.context.log.termAt(view.applied)
      if (term === undefined) throw new FlotillaError('UNAVAILABLE', 'nothing is applied that could be exported', { group })
      const breathe = async (): Promise<void> => {
        if (this.#closed) throw closed()
        await this.#options.breathe()
      }
      const isKept = (hash: Uint8Array): boolean => library.names(group, hash)
      const { bytes } = await craft.exportState({ view, stateMachine, group, epoch, term, spool, isKept, breathe })
      const holding = library.read(group, bytes)
      await library.keep(group, 'outgoing', holding)
      await library.sweep(group)
      const { index, chunks } = holding.manifest
      logger.info({ group, index, chunks: chunks.length, bytes: holding.stateBytes }, 'exported a snapshot')
      return holding
    } finally {
      view.close()
    }
  }
}

/** Whether it is the state of that group as of that index or a later one. */
const isOf = ({ manifest }: Holding, { table, stateMachine, epoch }: SnapshotGroup, least: LogIndex): boolean =>
  manifest.index >= least &&
  manifest.index <= table.applied &&
  manifest.kind === stateMachine.kind &&
  isSameFounding(manifest.epoch, epoch)

/** Whether a follower that has this state could go on with our log. */
const goesOn = ({ manifest: { index, term } }: Holding, { start, snapshot }: SnapshotGroup): boolean =>
  index >= start.index && snapshot.context.log.termAt(index) === term

const closed = (): FlotillaError => new FlotillaError('CLOSED', 'the node stops')
