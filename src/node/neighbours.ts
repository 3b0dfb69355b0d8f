/** Who the other members of this node's groups are, by name: as they are now, since members come and go. Knows membership, and nothing of messages. */

import type { Membership } from '../ports/store.ts'
import { membersOf } from '../protocol/confchange.ts'
import { memberNames } from './members.ts'

/** What is asked of a group. */
export interface Neighbourly {
  readonly table: { readonly membership: Membership }
}

export class Neighbours {
  readonly #self: string
  readonly #groups: () => Iterable<Neighbourly>
  #names: ReadonlySet<string> | null = null

  constructor(self: string, groups: () => Iterable<Neighbourly>) {
    this.#self = self
    this.#groups = groups
  }

  /** Names of all members of all groups here, without our own. Of a group whose members are not known yet, all that were told. */
  get names(): ReadonlySet<string> {
    if (this.#names) return this.#names
    const names = new Set<string>()
    for (const { table } of this.#groups()) {
      const { membership } = table
      const known = membersOf(membership.conf).length === 0 ? membership.peers : memberNames(membership)
      for (const name of Object.values(known)) names.add(name)
    }
    names.delete(this.#self)
    this.#names = names
    return names
  }

  /** Groups or their members have changed. Returns who was one before and is none now, and who is new. */
  changed(): { readonly gone: readonly string[]; readonly come: readonly string[] } {
    const before = this.#names ?? new Set<string>()
    this.#names = null
    const after = this.names
    return { gone: [...before].filter((name) => !after.has(name)), come: [...after].filter((name) => !before.has(name)) }
  }
}
