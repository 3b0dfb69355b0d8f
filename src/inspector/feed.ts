/** What the page shows, as it changes: the last known status of every node. Does not know where statuses come from, nor who looks at them. */

import { FlotillaError } from '../base/errors.ts'
import type { Cancel, Clock } from '../ports/clock.ts'
import { type Logger, silent } from '../ports/logger.ts'
import type { NodeStatus } from '../ports/status.ts'

/** One node as last seen. `alive` is false for a node that did not answer; its last status may be kept. */
export interface NodeView {
  readonly node: string
  readonly alive: boolean
  readonly status: NodeStatus | null
}

/** A source of views. */
export interface Feed {
  current(): readonly NodeView[]
  /** Calls back after each change; returns how to stop that. */
  watch(listener: () => void): () => void
}

/** A feed that must be closed. */
export interface PollingFeed extends Feed {
  close(): void
}

/** Whom to ask, and how often. */
export interface PollingFeedOptions {
  /** Asks all nodes once. */
  readonly read: () => Promise<readonly NodeView[]>
  /** Milliseconds between the end of one reading and the start of the next. */
  readonly everyMs: number
  /** Milliseconds after which a reading is given up, 5000 if not given. */
  readonly deadlineMs?: number
  readonly clock: Clock
  readonly logger?: Logger
}

const READ_DEADLINE_MS = 5000

/** Starts to ask at once, one reading at a time. After a reading that failed or took too long, no node counts as alive. */
export function pollingFeed(options: PollingFeedOptions): PollingFeed {
  return new Poller(options)
}

class Poller implements PollingFeed {
  readonly #options: PollingFeedOptions
  readonly #logger: Logger
  readonly #listeners = new Set<() => void>()
  #views: readonly NodeView[] = []
  #print = ''
  #cancel: Cancel | null = null
  #closed = false

  constructor(options: PollingFeedOptions) {
    this.#options = options
    this.#logger = options.logger ?? silent
    void this.#poll()
  }

  current(): readonly NodeView[] {
    return this.#views
  }

  watch(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  close(): void {
    this.#closed = true
    this.#cancel?.()
    this.#listeners.clear()
  }

  async #poll(): Promise<void> {
    const views = await this.#read()
    if (this.#closed) return
    this.#show(views)
    this.#cancel = this.#options.clock.after(this.#options.everyMs, () => void this.#poll())
  }

  /** Never rejects: a source that cannot be read is news about the nodes, not an end of the feed. */
  async #read(): Promise<readonly NodeView[]> {
    const { read, clock, deadlineMs = READ_DEADLINE_MS } = this.#options
    return new Promise((resolve) => {
      const giveUp = (cause: unknown): void => {
        cancel()
        this.#logger.debug({ cause }, 'the nodes were not read')
        resolve(this.#views.map((view) => ({ ...view, alive: false })))
      }
      const cancel = clock.after(deadlineMs, () => giveUp(new FlotillaError('TIMEOUT', `no answer in ${deadlineMs} ms`)))
      this.#cancel = cancel
      Promise.resolve()
        .then(read)
        .then((views) => {
          cancel()
          resolve(views)
        })
        .catch(giveUp)
    })
  }

  #show(views: readonly NodeView[]): void {
    this.#views = views
    const print = printOf(views)
    if (print === this.#print) return
    this.#print = print
    for (const listener of [...this.#listeners]) listener()
  }
}

/** A view as text for comparison. The uptime is left out: its passing is no news. */
function printOf(views: readonly NodeView[]): string {
  return JSON.stringify(views, (key, value: unknown) => (key === 'uptimeMs' ? undefined : value))
}
