/** What every transport must do, whatever is underneath. The suite is the contract; `src/ports/transport.ts` is its summary. */

import { after, before, describe } from 'node:test'
import type { Transport } from '../../src/ports/transport.ts'
import { messages, subjects } from './transport-messages.ts'
import { outages } from './transport-outages.ts'
import { limits, requests } from './transport-requests.ts'
import { rollCalls } from './transport-roll-call.ts'
import type { Pair, Stage } from './transport-stages.ts'

/** Runs the contract on one stage. */
export function transportSuite(name: string, open: () => Promise<Stage>): void {
  describe(`transport contract: ${name}`, () => {
    let stage: Stage
    let a: Transport
    let b: Transport
    before(async () => {
      stage = await open()
      a = await stage.connect()
      b = await stage.connect()
    })
    after(() => stage.close())
    const pair = (): Pair => ({ a, b })
    messages(pair)
    subjects(pair)
    requests(pair)
    rollCalls(pair)
    limits(pair)
    outages(open)
  })
}
