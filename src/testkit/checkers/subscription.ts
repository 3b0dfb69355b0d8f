/** Whether a subscriber was told every committed entry once and in order. Knows no transport. */

import { sameBytes } from '../../base/bytes.ts'

/** A committed entry as a subscriber gets it: `CommittedEntry` of the client is one. */
export interface SeenEntry {
  readonly index: number
  readonly term: number
  readonly kind: string
  readonly data: Uint8Array
}

/** What the subscriber asked for, and whether it had the time to hear all of it. */
export interface Subscribed {
  /** The first index it asked for; null: whatever came first is right. */
  readonly from: number | null
  /** It had caught up when it ended: the last committed entry must be among what it saw. Default true. */
  readonly caughtUp?: boolean
}

/** Lines after which no more are told. */
const LINES_MAX = 10

/**
 * Compares what was seen with what was committed, which must have each index once and in order, from at or before the first one asked for. Lines
 * about each entry that is missing, doubled, out of order or another one; none when all is well; ten at most.
 */
export function checkSubscription(
  seen: readonly SeenEntry[],
  committed: readonly SeenEntry[],
  { from, caughtUp = true }: Subscribed,
): readonly string[] {
  const lines: string[] = []
  const begin = committed[0]?.index ?? 1
  const end = committed.at(-1)?.index ?? begin - 1
  let next = from ?? seen[0]?.index ?? end + 1
  for (const [position, entry] of seen.entries()) {
    const line = troubleWith(entry, next, committed[entry.index - begin])
    if (line !== null) lines.push(`event ${position}: ${line}`)
    next = Math.max(next, entry.index + 1)
  }
  if (caughtUp && next <= end) lines.push(`nothing after ${next - 1}, but ${end} is committed`)
  return lines.length <= LINES_MAX ? lines : [...lines.slice(0, LINES_MAX), `and ${lines.length - LINES_MAX} more`]
}

function troubleWith(entry: SeenEntry, next: number, committed: SeenEntry | undefined): string | null {
  const { index } = entry
  if (index < next) return `${index} again, or late: ${next} was to come`
  if (index > next) return `${index}, but ${next} was to come`
  if (committed === undefined) return `${index} is not committed`
  if (committed.index !== index) return `the committed entries have ${committed.index} in place of ${index}`
  const same = entry.term === committed.term && entry.kind === committed.kind && sameBytes(entry.data, committed.data)
  return same ? null : `${index} is ${nameOf(entry)}, but ${nameOf(committed)} is committed`
}

const nameOf = ({ kind, term, data }: SeenEntry): string => `a ${kind} of term ${term} and ${data.length} bytes`
