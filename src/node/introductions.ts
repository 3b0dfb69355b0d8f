/**
 * A founding member takes part in its group once every other one has remembered its store. So a node that lost its disk is never taken for one that
 * begins: however many lost theirs, who is left knows better, and while it is away nobody founds the group again. Opens and closes nothing itself.
 */

import { FlotillaError, toFlotillaError } from '../base/errors.ts'
import type { Clock } from '../ports/clock.ts'
import type { Logger } from '../ports/logger.ts'
import type { Incoming, Subscription, Transport } from '../ports/transport.ts'
import { majority } from '../protocol/quorum.ts'
import type { Sender } from '../wire/envelope.ts'
import {
  decodeIntroduction,
  decodeWelcome,
  encodeIntroduction,
  encodeWelcome,
  type Introduction,
  type Welcome,
} from '../wire/introductions.ts'
import type { MembersView } from '../wire/members.ts'
import type { Subjects } from '../wire/subjects.ts'
import type { Acquaintance } from './acquaintance.ts'
import { foundersIn } from './founding.ts'
import { memberNames, peerOf } from './members.ts'
import type { PeerHost } from './peer-host.ts'
import type { Refusals } from './refusals.ts'

/** Who has not answered is asked this often, in milliseconds, and given as long. */
const AGAIN_MS = 100

/** Members who are asked before one joins them are given so long, in milliseconds; who has not answered is asked again when it is time to join again. */
const JOIN_MS = 500

/** Who is waited for is said this often, in milliseconds. */
const SAY_MS = 10_000

export interface IntroductionsOptions {
  readonly sender: Sender
  readonly acquaintance: Pick<Acquaintance, 'judge'>
  readonly clock: Clock
  readonly transport: Transport
  readonly subjects: Subjects
  readonly logger: Logger
  readonly find: (group: string) => PeerHost | undefined
  /** Whether that group is to be held here, and is not yet. */
  readonly awaits: (group: string) => boolean
  readonly refusals: Pick<Refusals, 'count'>
  /** All others know us. */
  readonly onFounder: (host: PeerHost) => void
  /** The group was founded without this store. */
  readonly onGuest: (host: PeerHost) => void
  /** Another store is known under our name. */
  readonly onFailure: (error: FlotillaError) => void
}

/** What one is after all others have answered: `guest` of a group that was founded without this store. */
type Part = 'founder' | 'guest'

/** Whether that peer has promised nothing yet, and is one of several founders. */
export function isNewFounder({ id, snapshot, table }: PeerHost): boolean {
  const { term, log } = snapshot.context
  const { conf } = table.membership
  return term === 0 && log.lastIndex === 0 && conf.voters.length > 1 && conf.voters.includes(id)
}

export class Introductions {
  readonly #options: IntroductionsOptions
  /** Groups whose other founders do not all know us yet. */
  readonly #underWay = new Set<string>()
  #stopped = false

  constructor(options: IntroductionsOptions) {
    this.#options = options
  }

  /** Hears who introduces itself. */
  listen(): Subscription {
    const { sender, transport, subjects, logger } = this.#options
    return transport.subscribe(subjects.node(sender.node, 'meet'), (m) => {
      try {
        this.#answer(m)
      } catch (error) {
        logger.debug({ error: String(error) }, 'could not answer an introduction')
      }
    })
  }

  isUnderWay(group: string): boolean {
    return this.#underWay.has(group)
  }

  /** Introduces us to the other founders of that peer's group, and calls back with what comes of it. */
  begin(host: PeerHost): void {
    const { onFounder, onGuest, onFailure } = this.#options
    this.#underWay.add(host.group)
    const end = (part: Part | null): void => {
      if (part === null) return
      this.#underWay.delete(host.group)
      if (part === 'founder') onFounder(host)
      else onGuest(host)
    }
    this.#introduce(host)
      .then(end)
      .catch((error: unknown) => onFailure(toFlotillaError(error, 'STORAGE_FAILED')))
  }

  /**
   * Asks until every other founder has answered, or one is enough, or one says that it knows another store under our name: then it rejects with `STORE_MISMATCH`. One
   * voice is enough: who has nothing loses nothing by not beginning. Null: it was stopped meanwhile.
   */
  async #introduce(host: PeerHost): Promise<Part | null> {
    const welcomes = new Map<string, Welcome>()
    await this.#hear(host, othersOf(host, this.#options.sender.node), welcomes)
    const isGuest = (): boolean => partOf(host.id, heardFrom(host, welcomes)) === 'guest'
    if (!this.#stopped && isGuest()) {
      const early = [...welcomes].flatMap(([node, { born }]) => (born ? [] : [node])) // while we waited for the last, the group was born there
      for (const node of early) welcomes.delete(node)
      await this.#hear(host, early, welcomes)
    }
    if (this.#stopped) return null
    return isGuest() ? 'guest' : 'founder'
  }

  /** Asks these nodes until each has answered, or one has that need not be doubted, or it is stopped. */
  async #hear(host: PeerHost, nodes: readonly string[], welcomes: Map<string, Welcome>): Promise<void> {
    const { clock } = this.#options
    const waitsFor = new Set(nodes)
    let saidAt = clock.now()
    while (waitsFor.size > 0 && !this.#stopped) {
      await Promise.all([...waitsFor].map((node) => this.#ask(host, node, welcomes)))
      for (const node of welcomes.keys()) waitsFor.delete(node)
      if (waitsFor.size === 0 || isVouchedFor(host.id, heardFrom(host, welcomes))) return
      if (clock.now() - saidAt >= SAY_MS) {
        this.#say(host, waitsFor)
        saidAt = clock.now()
      }
      await new Promise<void>((resolve) => clock.after(AGAIN_MS, resolve))
    }
  }

  /**
   * Rejects unless we may begin as the peer that others have made us: `UNAVAILABLE` while too few have answered. Not if another store of our name took part as that very peer: what it promised is gone. Who
   * heard those promises knows that store, and so many are asked that one of every quorum which that peer can have been part of is among them. A member that
   * knows an earlier peer of ours does no harm: it has not heard of this one.
   */
  async checkJoin({ group, conf, peers, founding }: MembersView): Promise<void> {
    const { sender, onFailure } = this.#options
    const self = peerOf(peers, sender.node)
    const voters = [...new Set([...conf.voters, ...conf.votersOutgoing])]
    const others = voters.filter((peer) => peer !== self).flatMap((peer) => peers[peer] ?? [])
    const answers = await Promise.all(others.map((node) => this.#meet(node, { group, founders: founding }, JOIN_MS)))
    const knower = others.find((_, i) => answers[i]?.verdict === 'stranger' && answers[i].peer === self)
    if (knower !== undefined) onFailure(lostStore(sender, knower))
    const heard = answers.filter((said) => said !== null && (said.verdict !== 'stranger' || said.peer !== null)).length
    const isVoter = self !== undefined && voters.includes(self)
    const needed = isVoter ? voters.length - majority(voters.length) + 1 : majority(voters.length)
    if (knower !== undefined || heard < Math.min(needed, others.length))
      throw new FlotillaError('UNAVAILABLE', 'too few members know of no other store under our name', { group, heard, needed })
  }

  stop(): void {
    this.#stopped = true
  }

  async #ask({ group, epoch }: PeerHost, node: string, welcomes: Map<string, Welcome>): Promise<void> {
    const said = await this.#meet(node, { group, founders: foundersIn(epoch) }, AGAIN_MS)
    if (said?.verdict === 'stranger') throw lostStore(this.#options.sender, node)
    if (said) welcomes.set(node, said)
  }

  /** What a node says to who introduces itself; null: nothing. */
  async #meet(node: string, about: Pick<Introduction, 'group' | 'founders'>, timeoutMs: number): Promise<Welcome | null> {
    const { sender, transport, subjects } = this.#options
    const request = encodeIntroduction({ ...about, sender })
    const answer = await transport.request(subjects.node(node, 'meet'), request, { timeoutMs }).catch(() => null)
    return answer && welcomeIn(answer)
  }

  #answer(m: Incoming): void {
    if (!m.asks) return
    const { group, founders, sender } = decodeIntroduction(m.data)
    const { sender: us, find, awaits, acquaintance, refusals, logger } = this.#options
    if (sender.cluster !== us.cluster || sender.node === us.node) return
    const opened = find(group)
    if (!opened && !awaits(group)) return
    const host = opened && hasMembers(opened) ? opened : undefined // who is to be filled yet cannot tell who belongs here
    const self = host?.id ?? null
    const peer = host ? (peerOf(memberNames(host.table.membership), sender.node) ?? null) : null
    const born = host !== undefined && host.birthmark !== ''
    if (host && !born && foundersIn(host.epoch) !== founders) {
      refusals.count('STORE_MISMATCH')
      logger.warn({ code: 'STORE_MISMATCH', group, node: sender.node }, 'the group is to be founded by others there')
      return
    }
    const verdict = host && peer === null ? 'guest' : acquaintance.judge(sender)
    m.respond(encodeWelcome({ verdict, born, peer, self }))
  }

  #say({ group }: PeerHost, nodes: Iterable<string>): void {
    this.#options.logger.info({ group, nodes: [...nodes] }, 'to found the group, every node of it must run; waiting for these')
  }
}

const hasMembers = ({ table }: PeerHost): boolean => Object.keys(memberNames(table.membership)).length > 0

const othersOf = (host: PeerHost, self: string): string[] =>
  Object.values(memberNames(host.table.membership)).filter((name) => name !== self)

/** An answer, and whether it came from the peer that founded the group there, and not from one that has come since. */
export interface Heard extends Pick<Welcome, 'verdict' | 'born' | 'peer'> {
  readonly byFounder: boolean
}

function heardFrom({ table }: PeerHost, welcomes: ReadonlyMap<string, Welcome>): Heard[] {
  const founders = memberNames(table.membership)
  return [...welcomes].map(([node, welcome]) => ({ ...welcome, byFounder: welcome.self === peerOf(founders, node) }))
}

/**
 * What a peer is to its group after all others have answered. Where the group is born already, it is a member there under this very id, or a guest. Somebody
 * must vouch for its store: who knew it before, or a founder that never met any under its name, since nobody takes part before all founders have met its store.
 * Who came later than the founding can vouch for nothing.
 */
export function partOf(id: number, heard: readonly Heard[]): Part {
  const born = heard.filter((one) => one.born)
  if (heard.some(({ verdict }) => verdict === 'guest') || born.some(({ peer }) => peer !== id)) return 'guest'
  return born.length === 0 || born.some(({ verdict, byFounder }) => verdict === 'known' || byFounder) ? 'founder' : 'guest'
}

/**
 * Whether one voice is enough: of a founder whose group is born, and which knew this very store. No other store of our name can have taken part, since that
 * founder would have met it first. So who has promised nothing yet comes back also while another member is away, or damaged.
 */
export const isVouchedFor = (id: number, heard: readonly Heard[]): boolean =>
  heard.some(({ verdict, born, peer, byFounder }) => verdict === 'known' && born && byFounder && peer === id)

function welcomeIn({ data }: Incoming): Welcome | null {
  try {
    return decodeWelcome(data)
  } catch {
    return null
  }
}

function lostStore({ node, store }: Sender, by: string): FlotillaError {
  const message = `node '${by}' knows another store under the name '${node}': this node's disk was lost or replaced. Start it with its old directory, or readmit it: flotilla members readmit ${node}`
  return new FlotillaError('STORE_MISMATCH', message, { node, store, by: [by] })
}
