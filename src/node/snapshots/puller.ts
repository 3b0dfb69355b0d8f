/** Fetches what a snapshot consists of, from whoever has it, and believes nothing that does not have its hash. Knows no subject and no chart. */

import { EMPTY } from '../../base/bytes.ts'
import { FlotillaError } from '../../base/errors.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Spool } from '../../ports/spool.ts'
import type { Manifest, ManifestChunk } from '../../wire/manifest.ts'
import { MANIFEST_PART_BYTES, type SnapshotOffer } from '../../wire/snapshots.ts'
import type { SnapshotCraft } from './group.ts'
import { Keeping } from './keeping.ts'
import { type Holding, hexOf, type Library } from './library.ts'
import { Pace } from './pace.ts'
import type { Throttle } from './throttle.ts'
import { Window } from './window.ts'

/** What is asked of a source: the manifest from there on, or chunks, of which it may give the first only. */
export type Wish =
  | { readonly type: 'manifest'; readonly from: number }
  | { readonly type: 'chunks'; readonly hashes: readonly string[] }

/** How often in a row a busy source is asked again when it says how long it will be busy. */
const PATIENCE = 64

export interface PullerOptions {
  readonly group: string
  readonly offer: SnapshotOffer
  /** Nodes that may have it, best first. */
  readonly sources: () => readonly string[]
  /** Asks a node for a part of the manifest or for chunks. Rejects when it does not have them, or does not answer. The bytes are ours to keep. */
  readonly ask: (node: string, wish: Wish) => Promise<readonly Uint8Array[]>
  readonly spool: Spool
  readonly craft: SnapshotCraft
  readonly library: Library
  readonly throttle: Throttle
  readonly clock: Clock
  /** See {@link Window}. */
  readonly promptMs: number
  readonly breathe: () => Promise<void>
  /** Something more is here and kept: so many bytes of the state. */
  readonly onPiece: (bytes: number) => void
  /** What that node gave does not have its hash. */
  readonly onDamage: (node: string, error: FlotillaError) => void
}

/** Chunks that have come, and are what the manifest says. */
interface Fetched {
  readonly chunks: readonly ManifestChunk[]
  /** As they travel. */
  readonly pieces: readonly Uint8Array[]
  readonly askedAt: number
  readonly tookMs: number
}

export class Puller {
  readonly #options: PullerOptions
  readonly #keeping: Keeping
  /** Which source is asked: the next one when this one fails. */
  #at = 0
  #dropped = false
  readonly #manifest: Uint8Array
  #manifestFetched = 0
  /** Whether a manifest was wrong: fetching it again is no progress. */
  #deceived = false
  /** Chunks that were seen to be right, in this run. Others that are here came from an earlier one. */
  readonly #proven = new Set<string>()
  /** Heartbeats have their turn between chunks that are looked at, whoever asked for them. */
  readonly #pace: Pace

  constructor(options: PullerOptions) {
    this.#options = options
    this.#keeping = new Keeping(options.spool, options.group)
    this.#pace = new Pace(options.breathe, options.clock)
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
      const isPart = async ([{ length } = EMPTY]: readonly Uint8Array[]): Promise<number> =>
        length > 0 && length <= room ? 1 : 0
      const [part = EMPTY] = await this.#fromAnywhere({ type: 'manifest', from }, isPart)
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
   * All chunks that are not here. Begins with one at a time and goes on with more as they are kept ({@link Window}). What is on its way or not kept yet when
   * this process ends is fetched again: as many full answers as the window allows, four mebibytes; soon after the beginning, a chunk or two.
   */
  async pull({ manifest }: Holding): Promise<void> {
    const lacking = await this.#lacking(manifest)
    const window = new Window(this.#options.promptMs)
    const asks = new Set<Promise<void>>()
    const keeps = new Set<Promise<void>>()
    let failure: { readonly reason: unknown } | null = null
    const start = (work: Promise<void>, among: Set<Promise<void>>): void => {
      const one = work
        .catch((reason: unknown) => {
          failure ??= { reason }
        })
        .finally(() => among.delete(one))
      among.add(one)
    }
    const pullSome = async (): Promise<void> => {
      const fetched = await this.#fetchSome(lacking, window.chunks)
      start(this.#keep(fetched, window), keeps)
    }
    for (;;) {
      while (failure === null && lacking.length > 0 && window.allows(asks.size, keeps.size)) start(pullSome(), asks)
      if (asks.size + keeps.size === 0) break
      await Promise.race([...asks, ...keeps])
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

  /** What is not here, the first at the end: each chunk once, however often the state repeats it. */
  async #lacking({ chunks }: Manifest): Promise<ManifestChunk[]> {
    const { group, spool } = this.#options
    const lacking = new Map<string, ManifestChunk>()
    for (const chunk of chunks) {
      if (!spool.has(group, chunk.hash)) lacking.set(hexOf(chunk.hash), chunk)
      if (this.#pace.isDue) await this.#pace.keep()
    }
    return [...lacking.values()].reverse()
  }

  /** Fetches the next few. Those that do not come are lacking again. */
  async #fetchSome(lacking: ManifestChunk[], count: number): Promise<Fetched> {
    const { throttle, clock } = this.#options
    const { asked, afterMs } = this.#draw(lacking, count)
    if (afterMs > 0) await this.#wait(afterMs)
    const askedAt = clock.now()
    const hashes = asked.map(({ hash }) => hexOf(hash))
    const pieces = await this.#fromAnywhere({ type: 'chunks', hashes }, (some) => this.#countRight(some, asked))
    const others = asked.slice(pieces.length)
    lacking.push(...others.reverse())
    throttle.giveBack(bytesOf(others))
    return { chunks: asked.slice(0, pieces.length), pieces, askedAt, tookMs: clock.now() - askedAt }
  }

  async #keep({ chunks, pieces, askedAt, tookMs }: Fetched, window: Window): Promise<void> {
    await this.#keeping.keep(chunks.map(({ hash }, i) => ({ hash, bytes: pieces[i] as Uint8Array })))
    this.#check()
    for (const { hash } of chunks) this.#proven.add(hexOf(hash))
    this.#options.onPiece(bytesOf(chunks))
    window.kept(askedAt, tookMs)
  }

  /** The next few chunks, no more than may pass together, and in how many milliseconds that is. */
  #draw(lacking: ManifestChunk[], count: number): { readonly asked: readonly ManifestChunk[]; readonly afterMs: number } {
    const { throttle, clock } = this.#options
    const now = clock.now()
    const afterMs = throttle.delay(now)
    const asked: ManifestChunk[] = []
    do {
      const chunk = lacking.pop() as ManifestChunk
      asked.push(chunk)
      throttle.take(chunk.bytes, now)
    } while (asked.length < count && lacking.length > 0 && throttle.delay(now) === 0)
    return { asked, afterMs }
  }

  /** How many of these are what was asked for, up to the first that is not. */
  async #countRight(pieces: readonly Uint8Array[], asked: readonly ManifestChunk[]): Promise<number> {
    let right = 0
    for (const [i, chunk] of asked.entries()) {
      const piece = pieces[i]
      if (piece === undefined || !this.#options.craft.isChunk(piece, chunk)) break
      right++
      if (this.#pace.isDue) await this.#pace.keep()
    }
    return right
  }

  /** Asks each source once, the one that gave the last piece first. What is right of the first answer that has something right. */
  async #fromAnywhere(
    wish: Wish,
    countRight: (pieces: readonly Uint8Array[]) => Promise<number>,
  ): Promise<readonly Uint8Array[]> {
    const { group, sources, onDamage } = this.#options
    const nodes = sources()
    let reason: unknown = null
    let damage: FlotillaError | null = null // says more than that others do not have it
    for (let tried = 0, waited = 0; tried < nodes.length; tried++) {
      this.#check()
      const at = this.#at
      const node = nodes[at % nodes.length] as string
      try {
        const pieces = await this.#options.ask(node, wish)
        this.#check()
        const right = await countRight(pieces)
        this.#check()
        const wrong = damaged('a piece of a snapshot does not have its hash', { group, node, ...wish })
        if (right < pieces.length) onDamage(node, wrong)
        if (right > 0) return pieces.slice(0, right)
        damage = wrong
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
    throw damage ?? reason ?? new FlotillaError('UNAVAILABLE', 'nobody is known to have the snapshot', { group })
  }

  #wait(ms: number): Promise<void> {
    return new Promise<void>((resolve) => this.#options.clock.after(ms, resolve))
  }

  #check(): void {
    if (this.#dropped) throw new FlotillaError('CLOSED', 'the snapshot is not wanted any more', { group: this.#options.group })
  }
}

const bytesOf = (chunks: readonly ManifestChunk[]): number => chunks.reduce((sum, { bytes }) => sum + bytes, 0)

/** After how long a busy source may be asked again, if it says so. */
function pauseIn(thrown: unknown): number | null {
  if (!(thrown instanceof FlotillaError) || thrown.code !== 'BUSY') return null
  const { afterMs } = thrown.details
  return typeof afterMs === 'number' ? Math.max(1, Math.min(afterMs, 10_000)) : null
}

const damaged = (message: string, details: Readonly<Record<string, unknown>>): FlotillaError =>
  new FlotillaError('CODEC_INVALID', message, details)
