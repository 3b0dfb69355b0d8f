/**
 * Passes on what only a leader can do, by name and once: who gets it and does not lead refuses. The outcome is the leader's answer, its refusal, or not
 * known; nothing is sent a second time. Bounded. Knows no peer.
 */

import { type Code, FlotillaError, toFlotillaError } from '../base/errors.ts'
import { FORWARDED_BYTES_MAX, FORWARDED_MAX } from '../base/limits.ts'
import type { Transport } from '../ports/transport.ts'
import { type Answer, decodeAnswer, decodeLeaderHint, encodeRequest, type LeaderHint, type Request } from '../wire/requests.ts'
import type { Subjects } from '../wire/subjects.ts'
import { encodeTransfer, type TransferRequest } from '../wire/transfer.ts'

/** Failures of a request after which it is certain that nobody got it. */
const UNSENT: ReadonlySet<Code> = new Set<Code>(['UNAVAILABLE', 'DISCONNECTED', 'BUSY', 'TOO_LARGE', 'CONFIG_INVALID'])

interface Parcel {
  readonly leader: string
  readonly subject: string
  readonly data: Uint8Array
  readonly timeoutMs: number
}

export class Forwarding {
  readonly #transport: Transport
  readonly #subjects: Subjects
  #count = 0
  #bytes = 0

  constructor(transport: Transport, subjects: Subjects) {
    this.#transport = transport
    this.#subjects = subjects
  }

  /** Has the leader propose it. Rejects with what the leader refuses, or `TIMEOUT_UNKNOWN`. */
  async propose(leader: string, request: Request): Promise<Answer> {
    const { timeoutMs } = request
    const data = encodeRequest({ ...request, direct: true })
    const reply = await this.#pass({ leader, subject: this.#subjects.node(leader, 'propose'), data, timeoutMs })
    try {
      const { index, term, body } = decodeAnswer(reply)
      return { index, term, body: body.slice() } // the reply may be a view of a buffer that the transport shares
    } catch (thrown) {
      const error = toFlotillaError(thrown, 'CODEC_INVALID')
      throw error.code === 'CODEC_INVALID' ? unknownOutcome(leader, error) : error
    }
  }

  /** Has the leader hand over. Rejects with what the leader refuses, or `TIMEOUT`. */
  async transfer(leader: string, request: TransferRequest): Promise<LeaderHint> {
    const { timeoutMs } = request
    const data = encodeTransfer({ ...request, direct: true })
    try {
      return decodeLeaderHint(await this.#pass({ leader, subject: this.#subjects.node(leader, 'transfer'), data, timeoutMs }))
    } catch (thrown) {
      const error = toFlotillaError(thrown, 'CODEC_INVALID')
      if (error.code !== 'TIMEOUT_UNKNOWN') throw error
      throw new FlotillaError('TIMEOUT', `the leader '${leader}' did not say in time what became of it`, { leader }, error)
    }
  }

  async #pass({ leader, subject, data, timeoutMs }: Parcel): Promise<Uint8Array> {
    if (this.#count >= FORWARDED_MAX || this.#bytes + data.length > FORWARDED_BYTES_MAX) {
      throw new FlotillaError('BUSY', 'too much is on its way to leaders; try again in a moment', { leader })
    }
    this.#count++
    this.#bytes += data.length
    try {
      return (await this.#transport.request(subject, data, { timeoutMs })).data
    } catch (thrown) {
      const error = toFlotillaError(thrown, 'TIMEOUT_UNKNOWN')
      throw UNSENT.has(error.code) ? unsent(leader, error) : unknownOutcome(leader, error)
    } finally {
      this.#count--
      this.#bytes -= data.length
    }
  }
}

const unsent = (leader: string, error: FlotillaError): FlotillaError =>
  new FlotillaError(error.code, `nothing reached the leader '${leader}': ${error.message}`, { ...error.details, leader }, error)

const unknownOutcome = (leader: string, cause: FlotillaError): FlotillaError => {
  const message = `the leader '${leader}' gave no answer: the command may or may not be applied`
  return new FlotillaError('TIMEOUT_UNKNOWN', message, { leader }, cause)
}
