/** Terms of a stored log without reading all of it. Knows entries only by index and term. */

import { FlotillaError } from '../base/errors.ts'
import type { LogIndex, Term, TermRun } from '../protocol/types.ts'

/** Last index of `[from, last]` that still has the term of `from`: doubling steps, then halving. Terms never fall, so this is a boundary. */
function endOfRun(from: LogIndex, last: LogIndex, termAt: (index: LogIndex) => Term): LogIndex {
  const term = termAt(from)
  let same = from
  let step = 1
  while (same + step <= last && termAt(same + step) === term) {
    same += step
    step *= 2
  }
  let other = Math.min(same + step, last + 1)
  while (other - same > 1) {
    const middle = Math.floor((same + other) / 2)
    if (termAt(middle) === term) same = middle
    else other = middle
  }
  return same
}

/** The runs of equal terms in `[first, last]`. Throws `STORE_DAMAGED` where a term is lower than the one before it. */
export function termRuns(first: LogIndex, last: LogIndex, termAt: (index: LogIndex) => Term): TermRun[] {
  const runs: TermRun[] = []
  for (let from = first; from <= last; ) {
    const term = termAt(from)
    const before = runs.at(-1)
    if (before && term < before.term) {
      throw new FlotillaError('STORE_DAMAGED', `the stored log's term falls at entry ${from}`, { index: from, term })
    }
    runs.push({ from, term })
    from = endOfRun(from, last, termAt) + 1
  }
  return runs
}
