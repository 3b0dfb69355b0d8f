/** Several ordered sources of rows as one. The source named first wins; what it deleted is not seen. Knows nothing of where rows come from. */

import type { Cell } from './ordered-bytes.ts'

/** One saved row; the value belongs to whoever gets it. */
export type SavedRow = readonly [key: string, value: Uint8Array]

type CellRow = readonly [key: string, cell: Cell]

/** Reads one source a row ahead. */
class Source {
  readonly #iterator: Iterator<CellRow>
  readonly own: boolean
  head: CellRow | undefined

  constructor(rows: Iterable<CellRow>, own: boolean) {
    this.#iterator = rows[Symbol.iterator]()
    this.own = own
    this.advance()
  }

  advance(): void {
    const next = this.#iterator.next()
    this.head = next.done ? undefined : next.value
  }

  leave(): void {
    this.#iterator.return?.()
  }
}

/** The source whose head comes next; of equal heads, the first. */
function nextOf(sources: readonly Source[], reverse: boolean): Source | undefined {
  let best: Source | undefined
  for (const source of sources) {
    if (!source.head) continue
    if (!best?.head || (reverse ? source.head[0] > best.head[0] : source.head[0] < best.head[0])) best = source
  }
  return best
}

/**
 * Live rows of all sources in key order. Values of `layers` (newest first) are copied, since they stay where they are;
 * values of `saved` are handed on. Leaves `saved` properly when left early.
 */
export function* mergeRows(
  layers: readonly Iterable<CellRow>[],
  saved: Iterable<SavedRow>,
  reverse: boolean,
): Generator<SavedRow> {
  const sources: Source[] = []
  try {
    for (const layer of layers) sources.push(new Source(layer, false))
    sources.push(new Source(saved, true))
    for (let best = nextOf(sources, reverse); best?.head; best = nextOf(sources, reverse)) {
      const [key, cell] = best.head
      const row: SavedRow | null = cell === null ? null : [key, best.own ? cell : cell.slice()]
      for (const source of sources) if (source.head?.[0] === key) source.advance()
      if (row) yield row
    }
  } finally {
    for (const source of sources) source.leave()
  }
}
