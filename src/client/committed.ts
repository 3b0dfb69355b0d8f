/** The stream of committed entries: live messages when all is well, the log for whatever they lack. Knows no command. */

import { FlotillaError } from '../base/errors.ts'
import type { Clock } from '../ports/clock.ts'
import type { Logger } from '../ports/logger.ts'
import type { Incoming, Transport } from '../ports/transport.ts'
import type { LogPage } from '../wire/requests.ts'
import { Backlog } from './backlog.ts'
import { isDeserted } from './roll-call.ts'
import type { CommittedEntry } from './types.ts'

/** What the stream is made from. */
export interface CommittedSource {
  readonly group: string
  /** First index wanted, or null for whatever commits from now on. */
  readonly from: number | null
  /** Ends the stream. */
  readonly signal: AbortSignal
  readonly transport: Transport
  /** Pattern of the live messages. */
  readonly subject: string
  readonly log: (from: number, limit: number) => Promise<LogPage>
  readonly logger: Logger
  /** After so many milliseconds without a message the log is asked whether the last one was missed. Default 3000. */
  readonly quietMs?: number
  /** Default: the machine's. */
  readonly clock?: Clock
}

const QUIET_MS = 3000
const PAGE_ENTRIES = 500

/** Pause before asking a replica again that has not got so far yet, in milliseconds. */
const BEHIND_MS = 50

const KINDS: ReadonlySet<string> = new Set(['noop', 'command', 'configuration'])

/** Listens from the first step of the iteration until its end. */
export async function* committedEntries(given: CommittedSource): AsyncGenerator<CommittedEntry, void, undefined> {
  const { transport, subject, group, signal, logger } = given
  if (signal.aborted) return
  const anchor = new Anchor()
  const source = { ...given, log: (from: number, limit: number) => given.log(from, limit).then((page) => anchor.hold(page)) }
  const backlog = new Backlog(given.clock)
  const subscription = transport.subscribe(subject, (message) => {
    const entry = anchor.isOurs(message) ? entryOf(group, message) : null
    if (entry === null) logger.debug({ subject: message.subject }, 'a message that is no committed entry')
    else backlog.offer(entry)
  })
  const unwatch = transport.watch((event) => {
    if (event.type === 'connected') backlog.suspect() // whatever was said meanwhile was not heard
  })
  const stop = (): void => backlog.end()
  signal.addEventListener('abort', stop, { once: true })
  try {
    backlog.startAt(source.from ?? (await presentEnd(source)))
    yield* follow(source, backlog)
  } finally {
    signal.removeEventListener('abort', stop)
    unwatch()
    subscription.unsubscribe()
  }
}

/** A stream is of one founding of its group: another one's log begins at 1 again, and has nothing to do with what was said before. */
class Anchor {
  #mark = ''

  /** The page, if it is of the same founding as the pages before it. Throws `STORE_MISMATCH`. */
  hold(page: LogPage): LogPage {
    const mark = page.founding ?? ''
    if (this.#mark === '') this.#mark = mark
    if (mark === '' || mark === this.#mark) return page
    const { group } = page
    throw new FlotillaError('STORE_MISMATCH', `group '${group}' has been founded anew: its log is another one`, { group })
  }

  isOurs({ headers }: Incoming): boolean {
    const mark = headers['Flotilla-Founding'] ?? ''
    return mark === '' || this.#mark === '' || mark === this.#mark
  }
}

async function* follow(source: CommittedSource, backlog: Backlog): AsyncGenerator<CommittedEntry, void, undefined> {
  while (!backlog.ended) {
    const entry = backlog.take()
    if (entry !== null) yield entry
    else if (backlog.lacks) {
      const page = await pageOf(source, backlog)
      for (const one of page) {
        if (backlog.ended) return
        if (backlog.skip(one.index)) yield { group: source.group, ...one }
      }
      if (page.length === 0 && backlog.lacks) await backlog.pause(BEHIND_MS)
    } else if (!(await backlog.news(source.quietMs ?? QUIET_MS))) backlog.suspect()
  }
}

/** Entries of the log from the next index on. None when nobody could be asked just now; the stream goes on trying. */
async function pageOf({ log, logger }: CommittedSource, backlog: Backlog): Promise<LogPage['entries']> {
  try {
    const { entries, first } = await log(backlog.next, PAGE_ENTRIES)
    if (entries.length === 0) backlog.trust()
    else if (entries[0]?.index !== backlog.next) throw compacted(backlog.next, first)
    return entries
  } catch (error) {
    if (backlog.ended || !(error instanceof FlotillaError)) return endedOr(error, backlog)
    if (!PASSING.has(error.code) || (!backlog.begun && isDeserted(error))) throw error
    logger.debug({ code: error.code }, 'the log could not be read; trying again')
    return []
  }
}

const compacted = (from: number, first: number): FlotillaError =>
  new FlotillaError('COMPACTED', `entry ${from} is not in the log any more; the first that can be had is ${first}`, {
    from,
    first,
  })

/** Troubles that pass: for the stream they are only a pause. */
const PASSING: ReadonlySet<string> = new Set(['UNAVAILABLE', 'TIMEOUT', 'DISCONNECTED', 'BUSY', 'NOT_LEADER', 'TRANSFERRING'])

function endedOr(error: unknown, backlog: Backlog): [] {
  if (backlog.ended) return []
  throw error
}

/** The index after the last committed entry that a replica knows of, or null when none can be asked: then the first live entry is the first. */
async function presentEnd({ log, signal }: CommittedSource): Promise<number | null> {
  try {
    return (await log(1, 1)).commit + 1
  } catch (error) {
    if (signal.aborted) return null
    if (!(error instanceof FlotillaError)) throw error
    if (error.code === 'COMPACTED' && typeof error.details.first === 'number') {
      return (await log(error.details.first, 1)).commit + 1
    }
    if (!PASSING.has(error.code) || isDeserted(error)) throw error
    return null
  }
}

function entryOf(group: string, { headers, data }: Incoming): CommittedEntry | null {
  const index = Number(headers['Flotilla-Index'])
  const term = Number(headers['Flotilla-Term'])
  const kind = headers['Flotilla-Kind'] ?? 'command'
  if (headers['Flotilla-Group'] !== group || !Number.isSafeInteger(index) || index < 1) return null
  if (!Number.isSafeInteger(term) || !KINDS.has(kind)) return null
  return { group, index, term, kind: kind as CommittedEntry['kind'], data: data.slice() }
}
