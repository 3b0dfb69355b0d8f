/** Watches how much the disk has left: now and then, and sooner when much has come. Says what it sees; what follows from it is decided elsewhere. */

import { type FlotillaError, toFlotillaError } from '../base/errors.ts'
import type { Cancel, Clock } from '../ports/clock.ts'
import type { Logger } from '../ports/logger.ts'
import type { RoomStatus } from '../ports/status.ts'
import type { NodeStore, StoreRoom } from '../ports/store.ts'
import { fitsBeside, isTight, levelAfter, type RoomLevel, reserveBytes, usableBytes } from './room-level.ts'

/** How often one looks, in milliseconds. Others may use the disk, too. */
const LOOK_MS = 1000

/** One looks sooner when so much of the reserve may have been used since. */
const LOOK_SHARE = 1 / 32

export interface HeadroomOptions {
  readonly clock: Clock
  readonly logger: Logger
  /** Bytes to keep free; null: what the store's size asks for. */
  readonly reserveBytes: number | null
  /** One has looked. */
  readonly onLook: (level: RoomLevel) => void
  /** The store has failed, whoever was the first to notice. */
  readonly onFailure: (error: FlotillaError) => void
}

/** What a store is asked. */
export type RoomyStore = Pick<NodeStore, 'room' | 'bytes'>

export class Headroom {
  readonly #options: HeadroomOptions
  #store: RoomyStore | null = null
  #level: RoomLevel = 'ok'
  #room: StoreRoom | null = null
  #reserve = 0
  /** Bytes that have come since the last look began. */
  #come = 0
  #looking = false
  #cancel: Cancel = () => {}
  #onTight: () => void = () => {}

  constructor(options: HeadroomOptions) {
    this.#options = options
  }

  get level(): RoomLevel {
    return this.#level
  }

  /** What status shows; null where nothing is known to be the bound. */
  get status(): RoomStatus | null {
    return this.#room && { ...this.#room, reserveBytes: this.#reserve, level: this.#level }
  }

  /** Whether so much more can be put on the disk, and what is kept free stays free: a snapshot, before it is fetched. */
  fits(bytes: number): boolean {
    return this.#level === 'ok' && (this.#room === null || usableBytes(this.#room) - bytes >= this.#reserve)
  }

  /** The same of files beside the store's own, which cannot use what is empty in that one. Counts what has come since the last look, too. */
  fitsBeside(bytes: number): boolean {
    return this.#room === null || (this.fits(bytes + this.#come) && fitsBeside(this.#room, bytes + this.#come, this.#reserve))
  }

  /** Who keeps what can be done without is told at each look while there is little left: before a level falls, so that it may not have to. */
  whenTight(giveUp: () => void): void {
    this.#onTight = giveUp
  }

  /** Looks once, so that the level is right from the first moment on, and then again and again. Rejects when the store has failed. */
  async begin(store: RoomyStore): Promise<void> {
    this.#store = store
    await this.#see(store)
    this.#wait()
  }

  /** So much came that will be on the disk soon. */
  took(bytes: number): void {
    this.#come += bytes
    if (this.#room && this.#come >= this.#reserve * LOOK_SHARE) this.#look()
  }

  stop(): void {
    this.#store = null
    this.#cancel()
  }

  #wait(): void {
    this.#cancel()
    if (this.#store) this.#cancel = this.#options.clock.after(LOOK_MS, () => this.#look())
  }

  /** One look at a time: a disk that does not answer is not asked again. That it does not answer at all is for the store to notice. */
  #look(): void {
    const store = this.#store
    if (!store || this.#looking) return
    this.#looking = true
    this.#see(store)
      .catch((thrown: unknown) => this.#fail(toFlotillaError(thrown, 'STORAGE_FAILED')))
      .finally(() => {
        this.#looking = false
        this.#wait()
      })
  }

  async #see(store: RoomyStore): Promise<void> {
    this.#come = 0
    const room = await store.room()
    const before = this.#level
    this.#room = room
    this.#reserve = reserveBytes(store.bytes(), this.#options.reserveBytes)
    this.#level = room === null ? 'ok' : levelAfter(before, usableBytes(room), this.#reserve)
    if (this.#level !== before) this.#tell(before)
    if (!this.#store) return
    this.#options.onLook(this.#level)
    if (room !== null && isTight(usableBytes(room), this.#reserve)) this.#onTight()
  }

  #tell(before: RoomLevel): void {
    const { logger } = this.#options
    const facts = { ...this.status, before }
    if (this.#level === 'ok') logger.info(facts, 'the disk has room again: writes are taken')
    else if (this.#level === 'low') logger.warn(facts, 'the disk is nearly full: no writes are taken while this node leads')
    else logger.error(facts, 'the disk is full but for the reserve: nothing is taken any more; free some space')
  }

  #fail(error: FlotillaError): void {
    if (this.#store && error.code !== 'STORE_CLOSED') this.#options.onFailure(error)
  }
}
