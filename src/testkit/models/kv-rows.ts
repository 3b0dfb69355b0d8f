/** Rows of a key-value store as an immutable value: what a model keeps as its state. Knows no operation that has a condition or a result. */

import { SCAN_BYTES_MAX } from '../../base/limits.ts'
import type { KvResult, KvScan, KvWrite } from './kv-operations.ts'

/** A key and its family as one text: `default/k`. In the order of families, then keys, since no family name has a character below `/` but `-`. */
export const placeOf = ({ family, key }: { readonly family: string; readonly key: string }): string => `${family}/${key}`

/** All families in the order of their keys. Never changed: each write makes another one. */
export class KvRows {
  static readonly NONE = new KvRows([], [])

  readonly places: readonly string[]
  readonly values: readonly string[]

  private constructor(places: readonly string[], values: readonly string[]) {
    this.places = places
    this.values = values
  }

  /** What a key holds, or null. */
  get(place: string): string | null {
    const at = this.#firstFrom(place)
    return this.places[at] === place ? (this.values[at] as string) : null
  }

  /** With one key written, or taken away with null. The same rows when that changes nothing. */
  with(place: string, value: string | null): KvRows {
    const at = this.#firstFrom(place)
    const there = this.places[at] === place
    if (value === null) return there ? new KvRows(this.places.toSpliced(at, 1), this.values.toSpliced(at, 1)) : this
    if (!there) return new KvRows(this.places.toSpliced(at, 0, place), this.values.toSpliced(at, 0, value))
    return this.values[at] === value ? this : new KvRows(this.places, this.values.with(at, value))
  }

  /** With writes done in their order. */
  withAll(writes: readonly KvWrite[]): KvRows {
    return writes.reduce<KvRows>((rows, write) => rows.with(placeOf(write), write.type === 'put' ? write.value : null), this)
  }

  /** A page as the store answers it: at least one row if any, then as many as fit its limits. */
  page({ family, from, to, limit, reverse }: KvScan): Extract<KvResult, { type: 'page' }> {
    const lo = this.#firstFrom(`${family}/${from}`)
    const hi = to === null ? this.#firstFrom(`${family}0`) : this.#firstFrom(`${family}/${to}`) // '0' follows '/'
    const rows: (readonly [string, string])[] = []
    let bytes = 0
    for (let i = 0; i < hi - lo; i++) {
      const at = reverse ? hi - 1 - i : lo + i
      const key = (this.places[at] as string).slice(family.length + 1)
      const value = this.values[at] as string
      bytes += 6 + key.length + value.length
      const last = rows.at(-1)
      if (last !== undefined && (rows.length === limit || bytes > SCAN_BYTES_MAX))
        return { type: 'page', rows, next: reverse ? last[0] : key }
      rows.push([key, value])
    }
    return { type: 'page', rows, next: null }
  }

  #firstFrom(place: string): number {
    return firstFrom(this.places, place)
  }
}

/** Where the first of some ordered texts is that is not before a text. */
export function firstFrom(texts: readonly string[], text: string): number {
  let lo = 0
  let hi = texts.length
  while (lo < hi) {
    const middle = (lo + hi) >>> 1
    if ((texts[middle] as string) < text) lo = middle + 1
    else hi = middle
  }
  return lo
}
