/** What a node makes sure of before it begins: that it can be heard, and that nobody else has its name. */

import { EMPTY } from '../base/bytes.ts'
import { FlotillaError, toFlotillaError } from '../base/errors.ts'
import { PAYLOAD_BYTES_MIN } from '../base/limits.ts'
import type { Clock } from '../ports/clock.ts'
import type { Transport } from '../ports/transport.ts'
import type { Subjects } from '../wire/subjects.ts'

/** How long one listens for another node of the same name. */
const HELLO_MS = 250

export interface HelloOptions {
  readonly id: string
  readonly cluster: string
  /** Tells our own answer from another's. */
  readonly nonce: string
  readonly clock: Clock
  readonly transport: Transport
  readonly subjects: Subjects
}

/** An append that the server does not take would be made again and again, for ever: better not to begin. */
export function checkPayload({ payloadMax }: Transport): void {
  if (payloadMax >= PAYLOAD_BYTES_MIN) return
  const message = `the NATS server takes messages of ${payloadMax} bytes; a node needs ${PAYLOAD_BYTES_MIN} (max_payload of the server; 1 MiB by default)`
  throw new FlotillaError('CONFIG_INVALID', message, { payloadMax, payloadMin: PAYLOAD_BYTES_MIN })
}

/** Resolves when nobody answers to our name; waits for a connection as long as it takes. Rejects with `NODE_DUPLICATE`. */
export async function sayHello({ id, cluster, nonce, clock, transport, subjects }: HelloOptions): Promise<void> {
  const headers = { 'Flotilla-Nonce': nonce }
  for (;;) {
    try {
      await transport.request(subjects.node(id, 'hello'), EMPTY, { timeoutMs: HELLO_MS, headers })
    } catch (thrown) {
      const { code } = toFlotillaError(thrown, 'UNAVAILABLE')
      if (code === 'TIMEOUT' || code === 'UNAVAILABLE') return // nobody but us
      if (code !== 'DISCONNECTED') throw thrown
      await new Promise<void>((resolve) => clock.after(HELLO_MS, resolve)) // without a connection nobody can tell; wait for it
      continue
    }
    throw new FlotillaError('NODE_DUPLICATE', `a node '${id}' of cluster '${cluster}' is running already`)
  }
}
