/**
 * Where the bytes of a state are cut into chunks: at places that the contents name, not their position, so that a state with one row changed has the
 * same chunks but for a few. Deterministic; every node must cut alike. Knows nothing of what becomes of a chunk.
 *
 * ```
 *   0        16 KiB                    64 KiB
 *   ├──────────┼──────────────────────────┤
 *   │ no cut   │ a cut where the contents │ a cut, wherever that is
 *   │          │ say so: 40 KiB on average│
 * ```
 */

import { CHUNK_BYTES_MAX } from '../../base/limits.ts'
import { prng } from '../../base/prng.ts'
import type { EncodedRow } from './rows.ts'

/** No chunk but the last is smaller. */
export const CHUNK_BYTES_MIN = 16 * 1024

/** Bytes from the minimum to the next cut, were there no maximum: with it, 25 KiB on average, so that a chunk has about 40. */
const SPREAD_BYTES = 32 * 1024

const TWO_32 = 0x1_0000_0000

/** Collects bytes up to a cut. */
class Basket {
  readonly #bytes = new Uint8Array(CHUNK_BYTES_MAX)
  length = 0

  get room(): number {
    return CHUNK_BYTES_MAX - this.length
  }

  add(bytes: Uint8Array): void {
    this.#bytes.set(bytes, this.length)
    this.length += bytes.length
  }

  empty(): Uint8Array {
    const chunk = this.#bytes.slice(0, this.length)
    this.length = 0
    return chunk
  }
}

/**
 * Cuts behind rows whose key says so: a long row is the more likely to be the last of its chunk the longer it is. A row that does not fit any more begins
 * the next chunk; only a row longer than a chunk is cut within.
 */
export class RowChunker {
  readonly #basket = new Basket()

  /** Takes a row; the chunks that are full by now. */
  push({ key, bytes }: EncodedRow): Uint8Array[] {
    const basket = this.#basket
    const full: Uint8Array[] = []
    if (bytes.length > basket.room && basket.length >= CHUNK_BYTES_MIN) full.push(basket.empty())
    let rest = bytes
    while (rest.length > basket.room) {
      const { room } = basket
      basket.add(rest.subarray(0, room))
      rest = rest.subarray(room)
      full.push(basket.empty())
    }
    basket.add(rest)
    if (basket.length >= CHUNK_BYTES_MIN && isLast(key, bytes.length)) full.push(basket.empty())
    return full
  }

  /** The last chunk, if there is anything in it. */
  end(): Uint8Array[] {
    return this.#basket.length > 0 ? [this.#basket.empty()] : []
  }
}

/** Whether a row with this key ends a chunk: in so many of {@link SPREAD_BYTES} cases as it has bytes. */
const isLast = (key: Uint8Array, rowBytes: number): boolean => (hashOf(key) / TWO_32) * SPREAD_BYTES < rowBytes

/** FNV-1a, its bits mixed at last: neighbouring keys would else have neighbouring hashes. */
function hashOf(key: Uint8Array): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ (key[i] as number), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}

/** A number for each byte value, at random but always the same: part of the format, as all of this is. */
const GEAR: Uint32Array = gears()

function gears(): Uint32Array {
  const chance = prng(0x666c6f74)
  return Uint32Array.from({ length: 256 }, () => chance.between(0, TWO_32))
}

/** A cut is where the 15 upper bits are zero, as they are once in {@link SPREAD_BYTES} places. */
const CUT_MASK = 0xfffe0000

/** Cuts bytes of which nobody knows the structure: where the last 32 of them have a hash that says so (gear hashing, as in FastCDC). */
export class ByteChunker {
  readonly #basket = new Basket()
  #hash = 0

  /** Takes some bytes; the chunks that are full by now. How bytes are divided into calls makes no difference. */
  push(bytes: Uint8Array): Uint8Array[] {
    const full: Uint8Array[] = []
    let start = 0
    while (start < bytes.length) {
      const end = this.#cutIn(bytes, start)
      this.#basket.add(bytes.subarray(start, end.at))
      if (end.isCut) full.push(this.#basket.empty())
      start = end.at
    }
    return full
  }

  /** The last chunk, if there is anything in it. */
  end(): Uint8Array[] {
    return this.#basket.length > 0 ? [this.#basket.empty()] : []
  }

  /** Where the chunk ends within these bytes, or that it goes on behind them. */
  #cutIn(bytes: Uint8Array, start: number): { readonly at: number; readonly isCut: boolean } {
    const { length, room } = this.#basket
    const full = start + room
    const stop = Math.min(bytes.length, full)
    const early = CHUNK_BYTES_MIN - length - 32 // what is earlier, also of the chunk before, has left the hash when a cut can be
    let hash = this.#hash
    for (let i = start + Math.max(0, early); i < stop; i++) {
      hash = ((hash << 1) + (GEAR[bytes[i] as number] as number)) | 0
      if ((hash & CUT_MASK) === 0 && length + i - start + 1 >= CHUNK_BYTES_MIN) return { at: i + 1, isCut: true }
    }
    this.#hash = hash
    return { at: stop, isCut: stop === full }
  }
}
