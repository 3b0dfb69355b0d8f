/** Tells subscribers what was committed: the leader publishes each entry it has applied, in order (docs/transport.md). */

import type { Logger } from '../ports/logger.ts'
import type { StateMachine } from '../ports/state-machine.ts'
import type { Transport } from '../ports/transport.ts'
import type { Entry, Term } from '../protocol/types.ts'
import type { Subjects } from '../wire/subjects.ts'

export interface CommittedOptions {
  readonly cluster: string
  readonly group: string
  readonly stateMachine: StateMachine
  readonly transport: Transport
  readonly subjects: Subjects
  readonly logger: Logger
  /** Mark of the group's founding, as far as it is known. */
  readonly founding?: () => string
}

/** So few entries are told together with a turn's messages: one packet, one wakeup of the server. */
const SHORT = 8

interface News {
  readonly entry: Entry
  /** Term of the leader that applied it. */
  readonly reign: Term
}

/** What one group has applied and not told yet: never more than one turn applies, since the next one tells it. */
export class Gazette {
  readonly #options: CommittedOptions
  #news: News[] = []

  constructor(options: CommittedOptions) {
    this.#options = options
  }

  get isEmpty(): boolean {
    return this.#news.length === 0
  }

  /** Whether telling it holds nobody up. */
  get isShort(): boolean {
    return this.#news.length <= SHORT
  }

  add(entry: Entry, reign: Term): void {
    this.#news.push({ entry, reign })
  }

  /** Tells all that waits, in order. */
  publish(): void {
    if (this.#news.length === 0) return
    const news = this.#news
    this.#news = []
    for (const { entry, reign } of news) publishCommitted(this.#options, entry, reign)
  }
}

/**
 * Publishes one entry, in the reign of the leader of that term. What cannot be sent is missed by subscribers, who see the gap in the index and ask the
 * log.
 */
function publishCommitted(options: CommittedOptions, entry: Entry, reign: Term): void {
  const { cluster, group, transport, logger } = options
  const headers: Record<string, string> = {
    'Flotilla-Group': group,
    'Flotilla-Index': String(entry.index),
    'Flotilla-Term': String(entry.term),
    'Flotilla-Kind': entry.kind,
    'Flotilla-Reign': String(reign),
    'Nats-Msg-Id': `${cluster}/${group}/${entry.index}`,
  }
  const founding = options.founding?.() ?? ''
  if (founding !== '') headers['Flotilla-Founding'] = founding
  try {
    transport.publish(subjectOf(options, entry), entry.data, headers)
  } catch (error) {
    logger.warn({ group, index: entry.index, error: String(error) }, 'a committed entry could not be published')
  }
}

function subjectOf({ group, subjects, stateMachine }: CommittedOptions, { kind, data }: Entry): string {
  return kind === 'command' ? subjects.committed(group, stateMachine.topic(data)) : subjects.committedMark(group, kind)
}
