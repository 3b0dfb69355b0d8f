/** What a node does when a peer of its begins to lead, or leads no more: opens and closes what only a leader answers, and says so. Knows no peer. */

import { utf8 } from '../base/bytes.ts'
import type { Logger } from '../ports/logger.ts'
import type { Transport } from '../ports/transport.ts'
import type { Role } from '../protocol/types.ts'
import type { Subjects } from '../wire/subjects.ts'
import type { MemberServices } from './member-services.ts'
import type { PeerHost } from './peer-host.ts'
import type { Services } from './services.ts'

export interface LeadingOptions {
  /** Name of this node. */
  readonly node: string
  readonly transport: Pick<Transport, 'publish'>
  readonly subjects: Subjects
  readonly services: Pick<Services, 'lead' | 'follow'>
  readonly memberServices: Pick<MemberServices, 'lead' | 'follow'>
  readonly logger: Logger
}

export class Leading {
  readonly #options: LeadingOptions

  constructor(options: LeadingOptions) {
    this.#options = options
  }

  /** The peer has another role than before, or hears another leader. */
  changed({ group, term, leader, birthmark }: PeerHost, role: Role): void {
    const { node, transport, subjects, services, memberServices, logger } = this.#options
    logger.info({ group, role, term, leader }, 'role changed')
    if (role !== 'leader') {
      this.end(group)
      return
    }
    services.lead(group)
    memberServices.lead(group)
    const news = { group, node, term, founding: birthmark || undefined }
    transport.publish(subjects.event('leadership'), utf8(JSON.stringify(news)))
  }

  /** Nothing is answered as the group's leader any more. */
  end(group: string): void {
    this.#options.services.follow(group)
    this.#options.memberServices.follow(group)
  }
}
