/** A client that writes keys of its own and knows what it must find again. Knows nothing of the weather. */

import assert from 'node:assert/strict'
import { text } from '../../../src/base/bytes.ts'
import { FlotillaError } from '../../../src/base/errors.ts'
import type { Prng } from '../../../src/base/prng.ts'
import type { KvClient } from '../../../src/client/kv.ts'

/** An operation that is not done within so many milliseconds never will be. */
const PATIENCE_MS = 30_000

/** How fresh the scans are: both see every write that was acknowledged before. */
const FRESH = ['linearizable', 'follower'] as const

export class Writer {
  readonly #name: string
  readonly #kv: KvClient
  readonly #chance: Prng
  readonly #rows: string[] = []
  readonly #told: (() => void)[] = []

  constructor(name: string, kv: KvClient, chance: Prng) {
    this.#name = name
    this.#kv = kv
    this.#chance = chance
  }

  /** What was written and acknowledged, as `key=value`, in the order of the keys. */
  get rows(): readonly string[] {
    return this.#rows
  }

  /** Resolves as soon as the next write is acknowledged. */
  written(): Promise<void> {
    return new Promise((resolve) => this.#told.push(resolve))
  }

  /** So many operations, one after another: a put of a new key, or a scan of all of them. */
  async work(operations: number): Promise<void> {
    for (let i = 0; i < operations; i++) {
      if (this.#chance.next() < 0.5) await this.#put()
      else await this.scan(FRESH[this.#chance.between(0, FRESH.length)] ?? 'linearizable')
    }
  }

  /** All own keys are there, in order, each once, with their values, and no others. */
  async scan(consistency: (typeof FRESH)[number]): Promise<void> {
    const found = await patiently(async () => {
      const rows: string[] = []
      for await (const { key, value } of this.#kv.scan({ prefix: `${this.#name}/` }, { consistency })) {
        rows.push(`${text(key)}=${text(value)}`)
      }
      return rows
    })
    assert.equal(found.join(' '), this.#rows.join(' '), `what ${this.#name} finds (${consistency})`)
  }

  /** The same again until it is acknowledged. What is late and comes twice changes nothing: no key is ever written with another value. */
  async #put(): Promise<void> {
    const key = `${this.#name}/${String(this.#rows.length).padStart(5, '0')}`
    const value = `${this.#rows.length}:${this.#chance.between(0, 1_000_000)}`
    await patiently(() => this.#kv.put(key, value, { idempotent: true }))
    this.#rows.push(`${key}=${value}`)
    for (const tell of this.#told.splice(0)) tell()
  }
}

/** Whoever asked may simply ask again: nothing was done, or doing it twice does no harm. */
const passes = (error: unknown): boolean =>
  error instanceof FlotillaError && (error.retryable || error.code === 'TIMEOUT' || error.code === 'TIMEOUT_UNKNOWN')

/** Tries on while the trouble is one that passes, or the outcome is unknown. */
async function patiently<T>(work: () => Promise<T>): Promise<T> {
  const end = performance.now() + PATIENCE_MS
  for (;;) {
    try {
      return await work()
    } catch (error) {
      if (!passes(error) || performance.now() > end) throw error
    }
  }
}
