/**
 * Which founding of each group this client speaks to. Two clusters of one name on one NATS look alike from outside, but for the mark that the first
 * leader of a group drew. Knows no request and no leader.
 */

import { FlotillaError } from '../base/errors.ts'
import type { NodeStatus } from '../ports/status.ts'

/** A client's first look at the cluster takes so long, in milliseconds: nodes answer within a round trip. */
export const FIRST_LOOK_MS = 50

/** How long nodes are given to say who they are, where two marks were met, in milliseconds. */
export const DOUBT_MS = 300

export interface FoundingsHost {
  readonly cluster: string
  /** What the nodes say of themselves within so many milliseconds. */
  readonly rollCall: (waitMs: number) => Promise<readonly NodeStatus[]>
  /** The group was founded anew: whatever else was known of it is of no use. */
  readonly onRefounded: (group: string) => void
  /** Two clusters answer for the group: nobody need wait for a leader. */
  readonly onTwins: (group: string) => void
}

const DONE = Promise.resolve()

/** What the marks in a roll call mean. */
type Verdict = { readonly mark: string } | { readonly twins: FlotillaError } | null

export class Foundings {
  readonly #host: FoundingsHost
  /** Mark by group. Bounded by the groups of a client. */
  readonly #known = new Map<string, string>()
  /** Groups of which two marks were met and not yet told apart. */
  readonly #doubts = new Set<string>()
  readonly #twins = new Map<string, FlotillaError>()
  readonly #resolving = new Map<string, Promise<void>>()
  #looked = false
  #looking: Promise<void> | null = null

  constructor(host: FoundingsHost) {
    this.#host = host
  }

  /** The mark of the group that is meant; empty when none is known. */
  of(group: string): string {
    return this.#known.get(group) ?? ''
  }

  /** Looks at the cluster, if that was not done yet. Never rejects. */
  look(ms = FIRST_LOOK_MS): Promise<void> {
    return this.#looked ? DONE : this.#firstLook(Math.min(ms, FIRST_LOOK_MS))
  }

  /** Before a call: looks at a group again of which there is doubt. Throws `STORE_MISMATCH` for two clusters of one name. */
  async admit(group: string, ms: number): Promise<void> {
    if (this.#doubts.has(group)) await this.#resolve(group, Math.min(ms, DOUBT_MS))
    this.check(group)
  }

  /** Throws `STORE_MISMATCH` when two clusters of one name answer for the group. */
  check(group: string): void {
    const twins = this.#twins.get(group)
    if (twins !== undefined) throw twins
  }

  /** A mark was met in an answer. False when it is another one than the group is known by: then the answer says nothing, and the group is in doubt. */
  meet(group: string, mark: string | undefined): boolean {
    if (mark === undefined || mark === '') return true
    const known = this.of(group)
    if (known === '') this.#known.set(group, mark)
    if (known === '' || known === mark) return true
    this.doubt(group)
    return false
  }

  /** The group may be another one than it was: the next call looks. */
  doubt(group: string): void {
    this.#doubts.add(group)
  }

  /** All calls that are in doubt look once. */
  #resolve(group: string, waitMs: number): Promise<void> {
    const underWay = this.#resolving.get(group)
    if (underWay !== undefined) return underWay
    const look = this.#ask(waitMs)
      .then((nodes) => this.#judge(group, nodes))
      .finally(() => this.#resolving.delete(group))
    this.#resolving.set(group, look)
    return look
  }

  #judge(group: string, nodes: readonly NodeStatus[]): void {
    const verdict = verdictOn(group, nodes, this.#host.cluster)
    this.#twins.delete(group)
    if (verdict === null) return // nobody says: still in doubt
    if ('twins' in verdict) {
      this.#twins.set(group, verdict.twins) // and still in doubt: one of them may end
      this.#doubts.add(group)
      this.#host.onTwins(group)
      return
    }
    this.#doubts.delete(group)
    const known = this.of(group)
    this.#known.set(group, verdict.mark)
    if (known !== '' && known !== verdict.mark) this.#host.onRefounded(group)
  }

  #firstLook(waitMs: number): Promise<void> {
    this.#looking ??= this.#ask(waitMs)
      .then((nodes) => {
        if (nodes.length === 0) return
        this.#looked = true
        const groups = new Set(nodes.flatMap((node) => node.groups.map(({ group }) => group)))
        for (const group of groups) if (!this.#doubts.has(group)) this.#judge(group, nodes)
      })
      .finally(() => {
        this.#looking = null
      })
    return this.#looking
  }

  /** Whoever may not call the roll goes without: what is asked next says what is wrong. */
  #ask(waitMs: number): Promise<readonly NodeStatus[]> {
    return this.#host.rollCall(Math.max(1, waitMs)).catch((error: unknown) => {
      if (error instanceof FlotillaError && error.code === 'CONFIG_INVALID') this.#looked = true
      return []
    })
  }
}

/** Who answers, counts: an old founding that is lost does not. */
function verdictOn(group: string, nodes: readonly NodeStatus[], cluster: string): Verdict {
  const marks = new Map<string, string[]>()
  for (const { node, life, groups } of nodes) {
    const mark = groups.find((held) => held.group === group)?.founding ?? ''
    if (life === 'serving' && mark !== '') marks.set(mark, [...(marks.get(mark) ?? []), node])
  }
  const [mark] = marks.keys()
  if (mark === undefined) return null
  if (marks.size === 1) return { mark }
  const sides = [...marks.values()].map((names) => names.sort().join(', ')).sort()
  const message = `two clusters of the same name: group '${group}' of cluster ${cluster} was founded twice, by ${sides.join(' and by ')}`
  return { twins: new FlotillaError('STORE_MISMATCH', message, { cluster, group, nodes: sides }) }
}
