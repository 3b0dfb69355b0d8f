/** Those who want to hear what happens to a connection. Knows nothing of how it happens. */

import type { TransportEvent } from '../ports/transport.ts'

export class Watchers {
  readonly #listeners = new Set<(event: TransportEvent) => void>()

  /** Adds a listener; returns how to stop it. */
  add(listener: (event: TransportEvent) => void): () => void {
    const own = (event: TransportEvent): void => listener(event) // the same function may watch twice
    this.#listeners.add(own)
    return () => this.#listeners.delete(own)
  }

  /** Tells everyone. A listener that throws does not silence the others; its error is the process's to see. */
  tell(event: TransportEvent): void {
    for (const listener of [...this.#listeners]) {
      try {
        listener(event)
      } catch (error) {
        queueMicrotask(() => {
          throw error
        })
      }
    }
  }

  /** Tells everyone of a failure that nobody awaits. */
  report(thrown: unknown): void {
    this.tell({ type: 'error', error: thrown instanceof Error ? thrown : new Error(String(thrown)) })
  }
}
