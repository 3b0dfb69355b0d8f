/** Programs beside the nodes of a simulated world that read all the time, wherever somebody leads. Knows no mistake; what comes of the reads others judge. */

import { FlotillaError } from '../../src/base/errors.ts'
import type { Inspect, Sight } from '../../src/testkit/sim/sight.ts'

/** A lease that is too long shows for a moment only: while another leads already, and who led has not noticed. */
const EVERY_MS = 20

const PATIENCE_MS = 100

/** No query that a state machine understands: what counts is whether a lease covers it. */
const QUESTION = new Uint8Array(1)

function ask({ nodes }: Sight): void {
  for (const { node } of nodes())
    for (const { group, role } of node?.status().groups ?? []) {
      if (role !== 'leader') continue
      node?.read(group, QUESTION, { consistency: 'lease', timeoutMs: PATIENCE_MS }).catch((error: unknown) => {
        if (!(error instanceof FlotillaError)) throw error
      })
    }
}

/** They read under a lease; where none may answer, they are refused. */
export const leaseReaders: Inspect = (sight) => {
  let isOver = false
  const again = (): void => {
    if (isOver) return
    ask(sight)
    sight.clock.after(EVERY_MS, again)
  }
  again()
  return () => {
    isOver = true
  }
}
