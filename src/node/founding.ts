/**
 * Which founding of a group a node speaks of. Two clusters may have the same names; their groups were founded by different leaders, whose first
 * entries carry different marks. Whoever has applied that entry knows it, and hears nobody who knows another.
 */

import { createHash } from 'node:crypto'
import { FlotillaError } from '../base/errors.ts'
import { systemChance } from '../chance/system.ts'
import type { Chance } from '../ports/chance.ts'
import type { Logger } from '../ports/logger.ts'
import type { NodeStore, Recovered } from '../ports/store.ts'
import type { PeerId } from '../protocol/types.ts'

/** What a first leader marks the first entry with. */
export const newBirthmark = (chance: Chance = systemChance): Uint8Array => chance.bytes(16)

/** Digest of the members a group was founded with: nodes that were given different lists never understand each other. */
export function membersDigest(peers: Readonly<Record<PeerId, string>>): string {
  const members = Object.entries(peers).map(([peer, node]) => `${peer}=${node}`)
  return createHash('sha256').update(members.sort().join(',')).digest('hex').slice(0, 16)
}

/** What is said on the wire: the members, and the birthmark as soon as it is known. */
export const epochOf = (members: string, birthmark: string): string => (birthmark === '' ? members : `${members}.${birthmark}`)

/** The birthmark of an epoch; empty when it is not known yet. What clients are told, and say. */
export const birthmarkIn = (epoch: string): string => epoch.split('.')[1] ?? ''

/** The digest of the founding members in an epoch. */
export const foundersIn = (epoch: string): string => epoch.split('.')[0] ?? ''

/** The birthmark as a field of an answer: what is not known is not said. */
export const foundingOf = ({ birthmark }: { readonly birthmark: string }): { readonly founding?: string } =>
  birthmark === '' ? {} : { founding: birthmark }

/** Whether two epochs can be of one founding: the same members, and no two marks. */
export function isSameFounding(a: string, b: string): boolean {
  if (a === b) return true // as nearly always
  const [membersA, markA] = a.split('.')
  const [membersB, markB] = b.split('.')
  return membersA === membersB && (markA === undefined || markB === undefined || markA === markB)
}

/** A birthmark as text. */
export const markOf = (data: Uint8Array): string => Buffer.from(data).toString('hex')

const factOf = (group: string): string => `founding:${group}`

/** The birthmark of a group that this store has applied the first entry of; empty while it has not. */
export function recallBirthmark(store: NodeStore, group: string, { applied, truncated }: Recovered): string {
  const known = store.recall(factOf(group))
  if ((known !== undefined && known !== '') || applied < 1) return known ?? ''
  if (truncated.index > 0) throw new FlotillaError('STORAGE_FAILED', `the store lost the founding of group '${group}'`, { group })
  const [first] = store.reader(group).entries(1, 2, 1)
  return first ? markOf(first.data) : ''
}

const foundersFactOf = (group: string): string => `founders:${group}`

/** The digest of the founding members that a group was opened with; of a store that never knew others, they are the members. */
export const recallFounders = (store: NodeStore, group: string): string | undefined => store.recall(foundersFactOf(group))

/** What a group was founded as, known before the group itself is: one that exists is never without it. */
export async function keepFounding(
  store: NodeStore,
  group: string,
  { founders, mark }: { readonly founders: string; readonly mark: string },
): Promise<void> {
  if (store.recall(foundersFactOf(group)) !== founders) await store.remember(foundersFactOf(group), founders)
  if (mark !== (store.recall(factOf(group)) ?? '')) await store.remember(factOf(group), mark)
}

/** Keeps a birthmark beyond the log. Until that is done a restart finds it in the log itself. */
export function keepBirthmark(
  store: NodeStore,
  group: string,
  { mark, logger }: { readonly mark: string; readonly logger: Logger },
): void {
  store.remember(factOf(group), mark).catch((error: unknown) => {
    logger.error({ group, error: String(error) }, 'could not keep the founding of a group')
  })
}
