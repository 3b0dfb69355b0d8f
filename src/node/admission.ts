/**
 * What is taken in while disks run full, and who should lead instead: proposals are refused before they are appended, entries dropped before they are
 * heard, as if they had been lost on the way. Knows how full disks are, and no disk.
 */

import { FlotillaError } from '../base/errors.ts'
import type { Message } from '../protocol/messages.ts'
import { countVotes } from '../protocol/quorum.ts'
import type { PeerId } from '../protocol/types.ts'
import type { Engine } from './engine.ts'
import type { Headroom } from './headroom.ts'
import type { PeerHost } from './peer-host.ts'

export interface AdmissionOptions {
  /** Name of this node. */
  readonly node: string
  readonly headroom: Pick<Headroom, 'level' | 'status' | 'took'>
}

export class Admission {
  readonly #options: AdmissionOptions
  /** Nodes that said their disk was nearly full when they last spoke. */
  readonly #full = new Set<string>()

  constructor(options: AdmissionOptions) {
    this.#options = options
  }

  /** Whether the others should know that our disk is nearly full. */
  get isLow(): boolean {
    return this.#options.headroom.level !== 'ok'
  }

  /** A node spoke, and so many bytes came with it. */
  heard(node: string, isLow: boolean, bytes: number): void {
    if (isLow) this.#full.add(node)
    else this.#full.delete(node)
    this.#options.headroom.took(bytes)
  }

  /** That node shares no group with us any more. */
  forget(node: string): void {
    this.#full.delete(node)
  }

  /** Throws `STORAGE_FULL` where a leader must not append: its disk is nearly full, or those of so many voters that no majority could save it. */
  check(host: PeerHost, bytes: number): void {
    const { headroom, node } = this.#options
    headroom.took(bytes)
    if ((!this.isLow && this.#full.size === 0) || !host.leads) return
    if (this.isLow) throw ownDiskFull(host.group, node, headroom.status)
    const { voters, votersOutgoing } = host.table.membership.conf
    const votes = new Map([...voters, ...votersOutgoing].map((peer) => [peer, this.#hasRoom(host, peer)]))
    if (countVotes(host.table.membership.conf, votes) !== 'won') throw othersFull(host.group, [...this.#full])
  }

  /** Whether a message of another peer may be heard. What brings something to save may not, once it could not be saved. */
  takes(message: Message): boolean {
    const { level } = this.#options.headroom
    if (level === 'ok') return true
    if (message.type === 'Propose') return false
    if (level === 'low') return true
    return message.type !== 'InstallSnapshot' && !(message.type === 'AppendEntries' && message.entries.length > 0)
  }

  /** While our disk is nearly full: hands over every group that we lead, and that has another voter with room (thesis 3.10). Done again until it succeeds. */
  stepAside(engine: Pick<Engine, 'hosts' | 'wake'> | null): void {
    if (!this.isLow || engine === null) return
    for (const host of engine.hosts.values()) {
      const to = host.leads ? this.#heir(host) : null
      if (to === null) continue
      host.mailbox.event({ type: 'client.transfer', ticket: 0, to })
      engine.wake(host)
    }
  }

  /** Of the voters that were heard lately and have room, the one that is furthest. */
  #heir(host: PeerHost): PeerId | null {
    const { conf, followers } = host.snapshot.context
    let best: PeerId | null = null
    let furthest = -1
    for (const [peer, { progress, active }] of followers) {
      const { match } = progress.context
      if (!active || match <= furthest || !conf.voters.includes(peer) || !this.#hasRoom(host, peer)) continue
      best = peer
      furthest = match
    }
    return best
  }

  /** As far as is known. */
  #hasRoom(host: PeerHost, peer: PeerId): boolean {
    return !this.#full.has(host.nodeOf(peer) ?? '')
  }
}

function ownDiskFull(group: string, node: string, room: Headroom['status']): FlotillaError {
  const message = `the disk of node '${node}' is nearly full: nothing was written; free some space there`
  return new FlotillaError('STORAGE_FULL', message, { group, node, free: room?.freeBytes, reserve: room?.reserveBytes })
}

function othersFull(group: string, nodes: readonly string[]): FlotillaError {
  const names = nodes.map((node) => `'${node}'`).join(', ')
  const message = `the disks of ${names} are nearly full, and no majority has room: nothing was written; free some space there`
  return new FlotillaError('STORAGE_FULL', message, { group, nodes })
}
