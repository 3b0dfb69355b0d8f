/** What the benchmark says to its processes, and what they answer. Data only. */

import type { Figures, Pressure } from './load.ts'

/** What is compared: the bare pipeline, proposals in the leader's process, puts of a client in another process. */
export type Contender = 'bare' | 'propose' | 'put'

/** What a member is told to do. */
export type Order =
  | {
      readonly name: 'start'
      readonly node: string
      readonly nodes: readonly string[]
      readonly url: string
      readonly dir: string
    }
  | { readonly name: 'role' }
  | { readonly name: 'flushes' }
  | { readonly name: 'load'; readonly contender: 'bare' | 'propose'; readonly pressure: Pressure }
  | { readonly name: 'stop' }

/** Durable transactions so far, and the entries in them. */
export interface Flushes {
  readonly transactions: number
  readonly changes: number
}

/** Answers by the name of the order. */
export interface Answers {
  readonly start: null
  readonly role: string
  readonly flushes: { readonly bare: Flushes; readonly node: Flushes }
  readonly load: Figures
  readonly stop: null
}

export interface Letter {
  readonly serial: number
  readonly order: Order
}

export type Reply =
  | { readonly serial: number; readonly answer: Answers[Order['name']] }
  | { readonly serial: number; readonly error: string }

export const CLUSTER = 'bench'
export const GROUP = 'kv'

const VALUE_BYTES = 256
const KEYS = 10_000

/** The value of every write. */
export const VALUE: Uint8Array = new Uint8Array(VALUE_BYTES).fill(7)

/** The n-th key: all of 10,000 in turn, in no order that a tree would like. */
export const keyOf = (n: number): Uint8Array => new TextEncoder().encode(`key-${String((n * 7919) % KEYS).padStart(8, '0')}`)
