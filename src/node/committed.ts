/** Tells subscribers what was committed: the leader publishes each entry as it applies it, in order (docs/transport.md). */

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
}

/**
 * Publishes one entry, in the reign of the leader of that term. What cannot be sent is missed by subscribers, who see the gap in the index and ask the
 * log.
 */
export function publishCommitted(options: CommittedOptions, entry: Entry, reign: Term): void {
  const { cluster, group, transport, logger } = options
  const headers = {
    'Flotilla-Group': group,
    'Flotilla-Index': String(entry.index),
    'Flotilla-Term': String(entry.term),
    'Flotilla-Kind': entry.kind,
    'Flotilla-Reign': String(reign),
    'Nats-Msg-Id': `${cluster}/${group}/${entry.index}`,
  }
  try {
    transport.publish(subjectOf(options, entry), entry.data, headers)
  } catch (error) {
    logger.warn({ group, index: entry.index, error: String(error) }, 'a committed entry could not be published')
  }
}

function subjectOf({ group, subjects, stateMachine }: CommittedOptions, { kind, data }: Entry): string {
  return kind === 'command' ? subjects.committed(group, stateMachine.topic(data)) : subjects.committedMark(group, kind)
}
