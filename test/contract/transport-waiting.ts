/** Small things that many tests say: listen, wait until it is so, it is refused with this code. Knows no transport by name. */

import assert from 'node:assert/strict'
import type { Code } from '../../src/base/errors.ts'
import { FlotillaError } from '../../src/base/errors.ts'
import type { Incoming, Transport } from '../../src/ports/transport.ts'

/** Resolves when the condition holds; fails when it does not within the time given. */
export async function eventually(condition: () => boolean, timeoutMs = 5000): Promise<void> {
  const deadline = performance.now() + timeoutMs
  while (!condition()) {
    if (performance.now() > deadline) assert.fail(`not so within ${timeoutMs} ms: ${condition.toString()}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

/** For `assert.throws` and `assert.rejects`: a FlotillaError with this code. */
export const refusedWith =
  (code: Code) =>
  (error: unknown): boolean => {
    assert.ok(error instanceof FlotillaError, `not a FlotillaError: ${String(error)}`)
    assert.equal(error.code, code, error.message)
    return true
  }

/** Collects what a transport hears; resolves when the server knows of the subscription. */
export async function listen(
  transport: Transport,
  pattern: string,
  queue?: string,
): Promise<{ heard: Incoming[]; stop(): void }> {
  const heard: Incoming[] = []
  const take = (message: Incoming): number => heard.push(message)
  const subscription = transport.subscribe(pattern, take, queue === undefined ? {} : { queue })
  await transport.flush()
  return { heard, stop: () => subscription.unsubscribe() }
}
