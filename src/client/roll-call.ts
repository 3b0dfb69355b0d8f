/** The roll call: what every node says of itself, and what that says about a group that nobody answers for. Knows no leader. */

import { EMPTY } from '../base/bytes.ts'
import { FlotillaError } from '../base/errors.ts'
import type { Logger } from '../ports/logger.ts'
import type { NodeStatus } from '../ports/status.ts'
import type { Transport } from '../ports/transport.ts'
import { decodeStatus } from './status.ts'

/** How long nodes are given to answer unless somebody says otherwise, in milliseconds. */
export const STATUS_WAIT_MS = 300

/** Names of groups in one message. */
const GROUPS_NAMED_MAX = 20

/** What a roll call is made with. */
export interface RollCallHost {
  readonly cluster: string
  readonly transport: Transport
  /** Where every node listens. */
  readonly subject: string
  readonly logger: Logger
}

export class RollCall {
  readonly #host: RollCallHost
  /** One for all the calls that want an explanation at a time. */
  #underWay: Promise<readonly NodeStatus[]> | null = null

  constructor(host: RollCallHost) {
    this.#host = host
  }

  /** The nodes that answer within so many milliseconds, by name; none when nobody listens. */
  async ask(waitMs: number): Promise<readonly NodeStatus[]> {
    const { transport, subject, logger } = this.#host
    const found = new Map<string, NodeStatus>()
    const onAnswer = (answer: { readonly data: Uint8Array }): void => {
      const status = decodeStatus(answer.data)
      if (status !== null)
        found.set(`${status.node}/${status.store.uuid}`, status) // of two of one name, both
      else logger.warn({ bytes: answer.data.length }, 'an answer to the roll call could not be read')
    }
    try {
      await transport.requestMany(subject, EMPTY, { timeoutMs: waitMs, onAnswer })
    } catch (error) {
      if (!(error instanceof FlotillaError && error.code === 'UNAVAILABLE')) throw error // nobody there is an answer
    }
    return [...found.values()].sort((a, b) => (a.node < b.node ? -1 : 1))
  }

  /**
   * Why nobody listens for a group: `UNKNOWN_GROUP` when all nodes that answer serve, and none has it; `UNAVAILABLE` when none
   * answers; null when there is no better reason than that nobody leads, or when the nodes cannot be asked. Never rejects.
   */
  async explain(group: string): Promise<FlotillaError | null> {
    try {
      this.#underWay ??= this.ask(STATUS_WAIT_MS).finally(() => {
        this.#underWay = null
      })
      return reasonIn(await this.#underWay, { cluster: this.#host.cluster, group })
    } catch (error) {
      this.#host.logger.debug({ group, error }, 'the roll call failed')
      return null
    }
  }
}

/** Whether the error says that no node of the cluster answers. */
export const isDeserted = ({ code, details }: FlotillaError): boolean => code === 'UNAVAILABLE' && details.nodes === 0

function reasonIn(
  nodes: readonly NodeStatus[],
  about: { readonly cluster: string; readonly group: string },
): FlotillaError | null {
  const { cluster, group } = about
  if (nodes.length === 0) {
    return new FlotillaError('UNAVAILABLE', `no node of cluster ${cluster} answers`, { cluster, group, nodes: 0 })
  }
  // a node that is still opening has not told all of its groups
  if (nodes.some(({ life, groups }) => life !== 'serving' || groups.some((held) => held.group === group))) return null
  const groups = [...new Set(nodes.flatMap((node) => node.groups.map((held) => held.group)))].sort()
  const named = groups.slice(0, GROUPS_NAMED_MAX)
  const more = groups.length > named.length ? ` and ${groups.length - named.length} more` : ''
  const there = named.length === 0 ? 'there are none' : `there are: ${named.join(', ')}${more}`
  const message = `no node of cluster ${cluster} that answers has a group '${group}'; ${there}`
  return new FlotillaError('UNKNOWN_GROUP', message, { cluster, group, groups: named })
}
