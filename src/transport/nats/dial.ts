/** The first connection to NATS: patient, but not beyond what the caller allows. Knows nothing of messages. */

import { type Authenticator, connect, errors, type NatsConnection, type NodeConnectionOptions } from 'nats'
import { FlotillaError } from '../../base/errors.ts'
import { checkOptions } from './options.ts'
import { isTlsFailure, wantsCertificate } from './probe.ts'
import { checkTls } from './tls.ts'

/** The NATS client's own options, and how long the first connection may take. */
export type NatsTransportOptions = NodeConnectionOptions & {
  /** Milliseconds to wait for the first connection, then `DISCONNECTED`. Without it one waits for ever. */
  readonly connectTimeoutMs?: number
  /** Ends the wait for the first connection with `DISCONNECTED`. */
  readonly signal?: AbortSignal
  /** Told of every attempt that failed while waiting, so that a person can be told why nothing happens. */
  readonly onRetry?: (error: Error) => void
}

/**
 * What differs from the client's defaults. It gives up after ten attempts and notices a dead server after minutes; a member of a
 * cluster never gives up, and has to notice within an election timeout or two.
 */
const OURS = {
  maxReconnectAttempts: -1,
  reconnectTimeWait: 250,
  reconnectJitter: 100,
  pingInterval: 2000,
  maxPingOut: 2,
  timeout: 5000,
  ignoreAuthErrorAbort: true,
} satisfies NodeConnectionOptions

/**
 * Connects. A server that cannot be reached is tried again, unless `waitOnFirstConnect` is false; refused credentials, options
 * that make no sense and TLS files that cannot work are `CONFIG_INVALID` at once. Later disconnections are the client's to repair, for ever.
 */
export async function dial(options: NatsTransportOptions): Promise<NatsConnection> {
  checkOptions(options)
  const { connectTimeoutMs, signal, onRetry, waitOnFirstConnect = true, ...given } = options
  checkTls(given.tls)
  const patience = patienceOf(connectTimeoutMs, signal)
  const guard = guarded(given.authenticator)
  const settings = { ...OURS, ...given, ...guard.options, waitOnFirstConnect: false } // the client's own first wait cannot be ended
  let last: unknown
  try {
    for (;;) {
      const attempt = connect(settings)
      try {
        return await patience.bound(Promise.race([attempt, guard.failure]))
      } catch (error) {
        closeIfItStillConnects(attempt)
        if (error instanceof FlotillaError) throw error
        if (isRefusal(error))
          throw new FlotillaError('CONFIG_INVALID', `NATS refuses the connection: ${messageOf(error)}`, {}, error)
        const known = await explained(error instanceof NoAnswerYet ? (last ?? error) : error, settings)
        last = known
        if (patience.isOver() || !waitOnFirstConnect) throw unreachable(known, settings)
        onRetry?.(known instanceof Error ? known : new Error(String(known)))
        await patience.sleep(settings.reconnectTimeWait + Math.random() * settings.reconnectJitter, () =>
          unreachable(known, settings),
        )
      }
    }
  } finally {
    patience.end()
  }
}

/** Nothing has been heard when patience ends: what was heard before says more. */
class NoAnswerYet extends Error {}

/**
 * Authenticators are the caller's own code, and the client calls them while it reads from the server: what they throw there would be lost, and the
 * connection neither made nor refused.
 */
function guarded(given: NodeConnectionOptions['authenticator']) {
  let fail = (_: FlotillaError): void => {}
  const failure = new Promise<never>((_resolve, reject) => {
    fail = reject
  })
  failure.catch(() => {}) // heard by whoever waits for a first connection; nobody has to
  const guard =
    (authenticator: Authenticator): Authenticator =>
    (nonce) => {
      try {
        return authenticator(nonce)
      } catch (error) {
        fail(new FlotillaError('CONFIG_INVALID', 'the authenticator threw', {}, error)) // its words may hold a secret
        throw error
      }
    }
  const options = given === undefined ? {} : { authenticator: [given].flat().map(guard) }
  return { options, failure }
}

/** How long the caller will wait. */
interface Patience {
  isOver(): boolean
  /** The work, or a rejection when the caller will not wait for it. */
  bound<T>(work: Promise<T>): Promise<T>
  sleep(ms: number, whenOver: () => Error): Promise<void>
  end(): void
}

function patienceOf(timeoutMs: number | undefined, signal: AbortSignal | undefined): Patience {
  const over = new AbortController()
  const stop = (): void => over.abort()
  const timer = timeoutMs === undefined ? undefined : setTimeout(stop, timeoutMs)
  signal?.addEventListener('abort', stop, { once: true })
  if (signal?.aborted) stop()
  const whenOver = <T>(work: Promise<T>, error: () => Error): Promise<T> =>
    new Promise((resolve, reject) => {
      const refuse = (): void => reject(error())
      if (over.signal.aborted) refuse()
      over.signal.addEventListener('abort', refuse, { once: true })
      work.then(resolve, reject).finally(() => over.signal.removeEventListener('abort', refuse))
    })
  return {
    isOver: () => over.signal.aborted,
    bound: (work) => whenOver(work, () => new NoAnswerYet('no answer yet')),
    sleep(ms, error) {
      let nap: NodeJS.Timeout | undefined
      const asleep = new Promise<void>((resolve) => {
        nap = setTimeout(resolve, ms)
      })
      return whenOver(asleep, error).finally(() => clearTimeout(nap))
    },
    end() {
      clearTimeout(timer)
      signal?.removeEventListener('abort', stop)
    },
  }
}

/** An attempt nobody waits for any more must not leave a connection behind. */
function closeIfItStillConnects(attempt: Promise<NatsConnection>): void {
  attempt.then(
    (connection) => connection.close(),
    () => {},
  )
}

const isRefusal = (error: unknown): boolean =>
  error instanceof errors.AuthorizationError ||
  error instanceof errors.UserAuthenticationExpiredError ||
  error instanceof errors.InvalidArgumentError ||
  error instanceof TypeError

/** A failure with its reason, where the client keeps silent about it. */
async function explained(error: unknown, { tls, servers = [] }: NodeConnectionOptions): Promise<unknown> {
  const silent = error instanceof NoAnswerYet || (error instanceof Error && error.name === 'TimeoutError')
  if (!silent || !tls || !(await wantsCertificate(servers))) return error
  const given = tls.cert !== undefined || tls.certFile !== undefined
  const why = given ? 'and does not accept ours' : 'and was given none'
  return new FlotillaError('CONFIG_INVALID', `the NATS server asks for a certificate of its clients ${why}`, {}, error)
}

/**
 * Why there is no connection when patience is over. Certificates may be replaced while one waits, so a refusal over TLS is not final before; but then
 * it is one, and no matter of an address.
 */
const unreachable = (error: unknown, settings: NodeConnectionOptions): FlotillaError => {
  if (error instanceof FlotillaError) return error
  if (isTlsFailure(error))
    return new FlotillaError('CONFIG_INVALID', `TLS with the NATS server fails: ${messageOf(error)}`, {}, error)
  const servers = settings.servers ?? `127.0.0.1:${settings.port ?? 4222}`
  return new FlotillaError(
    'DISCONNECTED',
    `no NATS server at ${[servers].flat().join(', ')}: ${messageOf(error)}`,
    { servers },
    error,
  )
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
