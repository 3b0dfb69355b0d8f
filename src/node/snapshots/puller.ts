/** Fetches what a snapshot consists of, from whoever has it, and believes nothing that does not have its hash. Knows no subject and no chart. */

import { FlotillaError } from '../../base/errors.ts'
import { SNAPSHOT_PULLS_MAX } from '../../base/limits.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Spool } from '../../ports/spool.ts'
import type { Manifest, ManifestChunk } from '../../wire/manifest.ts'
import { MANIFEST_PART_BYTES, type SnapshotOffer } from '../../wire/snapshots.ts'
import type { SnapshotCraft } from './group.ts'
import { type Holding, hexOf, type Library } from './library.ts'
import type { Throttle } from './throttle.ts'

/** What is asked of a source. */
export type Wish = { readonly type: 'manifest'; readonly from: number } | { readonly type: 'chunk'; readonly hash: string }

/** How often in a row a busy source is asked again when it says how long it will be busy. */
const PATIENCE = 64

export interface PullerOptions {
  readonly group: string
  readonly offer: SnapshotOffer
  /** Nodes that may have it, best first. */
  readonly sources: () => readonly string[]
  /** Asks a node for a piece. Rejects when it does not have it, or does not answer. The bytes are ours to keep. */
  readonly ask: (node: string, wish: Wish) => Promise<Uint8Array>
  readonly spool: Spool
  readonly craft: SnapshotCraft
  readonly library: Library
  readonly throttle: Throttle
  readonly clock: Clock
  readonly breathe: () => Promise<void>
  /** A piece is here and kept: so many bytes of the state. */
  readonly onPiece: (bytes: number) => void
}

export class Puller {
  readonly #options: PullerOptions
  /** Which source is asked: the next one when this one fails. */
  #at = 0
  #dropped = false
  readonly #manifest: Uint8Array
  #manifestFetched = 0
  /** Whether a manifest was wrong: fetching it again is no progress. */
  #deceived = false
  /** Chunks that were seen to be right, in this run. Others that are here came from an earlier one. */
  readonly #proven = new Set<string>()

  constructor(options: PullerOptions) {
    this.#options = options
    this.#manifest = new Uint8Array(options.offer.manifestBytes)
  }

  /** Nothing more is asked for; what is under way rejects. */
  drop(): void {
    this.#dropped = true
  }

  /** The manifest that was offered. What an attempt before has fetched of it is not fetched again. */
  async fetchManifest(): Promise<Holding> {
    const { group, offer, library, onPiece } = this.#options
    const bytes = this.#manifest
    while (this.#manifestFetched < bytes.length) {
      const from = this.#manifestFetched
      const room = Math.min(MANIFEST_PART_BYTES, bytes.length - from)
      const part = await this.#fromAnywhere({ type: 'manifest', from }, ({ length }) => length > 0 && length <= room)
      bytes.set(part, from)
      this.#manifestFetched += part.length
      if (!this.#deceived) onPiece(0)
    }
    const id = this.#options.craft.manifestId(bytes)
    if (id === offer.manifest) return library.read(group, bytes)
    this.#manifestFetched = 0
    this.#deceived = true
    this.#at++
    throw damaged('the manifest is not the one that was offered', { group, id })
  }

  /**
   * All chunks that are not here. Begins with one at a time and goes on with more as they come: a transfer that breaks again and again has little under
   * way when it does.
   */
  async pull({ manifest }: Holding): Promise<void> {
    const lacking = this.#lacking(manifest)[Symbol.iterator]()
    const underWay = new Set<Promise<void>>()
    let window = 1
    let failure: { readonly reason: unknown } | null = null
    for (;;) {
      while (failure === null && underWay.size < window) {
        const { done, value } = lacking.next()
        if (done === true) break
        const one = this.#pullChunk(value)
          .then(
            () => {
              window = Math.min(window + 1, SNAPSHOT_PULLS_MAX)
            },
            (reason: unknown) => {
              failure ??= { reason }
            },
          )
          .finally(() => underWay.delete(one))
        underWay.add(one)
      }
      if (underWay.size === 0) break
      await Promise.race(underWay)
    }
    if (failure !== null) throw (failure as { readonly reason: unknown }).reason
  }

  /** Looks at what an earlier run has left, too. What is damaged is thrown away; then it rejects with `CODEC_INVALID`. */
  async verify({ manifest }: Holding): Promise<void> {
    const { group, spool, craft, breathe } = this.#options
    const bad = new Set<string>()
    for (const chunk of manifest.chunks) {
      const name = hexOf(chunk.hash)
      if (this.#proven.has(name)) continue
      await breathe()
      this.#check()
      const bytes = spool.get(group, chunk.hash)
      if (bytes !== undefined && craft.isChunk(bytes, chunk)) this.#proven.add(name)
      else bad.add(name)
    }
    if (bad.size === 0) return
    await spool.sweep(group, (hash) => !bad.has(hexOf(hash)))
    throw damaged('chunks that were kept are missing or damaged', { group, chunks: bad.size })
  }

  /** Each chunk once, however often the state repeats it. */
  #lacking({ chunks }: Manifest): Iterable<ManifestChunk> {
    const { group, spool } = this.#options
    return new Map(chunks.filter(({ hash }) => !spool.has(group, hash)).map((chunk) => [hexOf(chunk.hash), chunk])).values()
  }

  async #pullChunk(chunk: ManifestChunk): Promise<void> {
    const { group, spool, craft, throttle, clock, breathe, onPiece } = this.#options
    const delay = throttle.delay(clock.now())
    throttle.take(chunk.bytes, clock.now())
    if (delay > 0) await this.#wait(delay)
    const hash = hexOf(chunk.hash)
    const bytes = await this.#fromAnywhere({ type: 'chunk', hash }, (piece) => craft.isChunk(piece, chunk))
    await spool.put(group, [{ hash: chunk.hash, bytes }])
    this.#check()
    this.#proven.add(hash)
    onPiece(chunk.bytes)
    await breathe() // heartbeats have their turn
  }

  /** Asks each source once, the one that gave the last piece first. */
  async #fromAnywhere(wish: Wish, isRight: (piece: Uint8Array) => boolean): Promise<Uint8Array> {
    const { group, sources } = this.#options
    const nodes = sources()
    let reason: unknown = new FlotillaError('UNAVAILABLE', 'nobody is known to have the snapshot', { group })
    let damage: FlotillaError | null = null // says more than that others do not have it
    for (let tried = 0, waited = 0; tried < nodes.length; tried++) {
      this.#check()
      const at = this.#at
      const node = nodes[at % nodes.length] as string
      try {
        const piece = await this.#options.ask(node, wish)
        this.#check()
        if (isRight(piece)) return piece
        damage = damaged('a piece of a snapshot does not have its hash', { group, node, ...wish })
      } catch (thrown) {
        this.#check()
        reason = thrown
        const afterMs = pauseIn(thrown)
        if (afterMs !== null && waited++ < PATIENCE) {
          await this.#wait(afterMs)
          tried--
          continue
        }
      }
      if (this.#at === at) this.#at = at + 1
    }
    throw damage ?? reason
  }

  #wait(ms: number): Promise<void> {
    return new Promise<void>((resolve) => this.#options.clock.after(ms, resolve))
  }

  #check(): void {
    if (this.#dropped) throw new FlotillaError('CLOSED', 'the snapshot is not wanted any more', { group: this.#options.group })
  }
}

/** After how long a busy source may be asked again, if it says so. */
function pauseIn(thrown: unknown): number | null {
  if (!(thrown instanceof FlotillaError) || thrown.code !== 'BUSY') return null
  const { afterMs } = thrown.details
  return typeof afterMs === 'number' ? Math.max(1, Math.min(afterMs, 10_000)) : null
}

const damaged = (message: string, details: Readonly<Record<string, unknown>>): FlotillaError =>
  new FlotillaError('CODEC_INVALID', message, details)
