/** What a store should hold: maps in memory, saved and not yet saved. Knows the rules of the port, and no disk. */

import assert from 'node:assert/strict'
import { text, utf8 } from '../../src/base/bytes.ts'
import type { Membership } from '../../src/ports/store.ts'
import type { HardState, LogIndex, LogPosition } from '../../src/protocol/types.ts'
import { membershipOf } from '../../src/storage/check-batch.ts'
import { effectsOf } from './effects.ts'
import { digest, type GroupImage, type Image } from './image.ts'
import { bootstrap, type PlainEntry, type PlainRows, type PlainWrite, type SpoolImage, type Step } from './story.ts'

/** Applied state, saved or not. */
interface Applied {
  applied: LogIndex
  rows: Record<string, string>
  membership: Membership
}

interface ModelGroup {
  hardState: HardState
  truncated: LogPosition
  entries: PlainEntry[]
  live: Applied
  saved: Applied
}

const newGroup = (): ModelGroup => {
  const empty = { applied: 0, rows: {}, membership: membershipOf(bootstrap()) }
  const hardState = { term: 0, vote: null, commit: 0 }
  return { hardState, truncated: { index: 0, term: 0 }, entries: [], live: structuredClone(empty), saved: empty }
}

/** The model. A number in place of a group is the peer of its tombstone. */
export class ModelStore {
  readonly groups = new Map<string, ModelGroup | number>()
  readonly #facts = new Map<string, string>()
  #spool: SpoolImage = {}

  /** A group that is there. */
  present(group: string): ModelGroup {
    const found = this.groups.get(group)
    assert.ok(typeof found === 'object', `${group} is not there`)
    return found
  }

  perform(step: Step): void {
    switch (step.do) {
      case 'make':
        this.groups.set(step.group, newGroup())
        return
      case 'destroy':
        this.groups.set(step.group, step.peer)
        return
      case 'remember':
        this.#facts.set(step.key, step.value)
        return
      case 'stage':
        return
      case 'spool': {
        const before = step.sweep ? [] : (this.#spool[step.group]?.chunks ?? [])
        this.#spool = { ...this.#spool, [step.group]: { manifest: step.manifest, chunks: [...before, ...step.chunks] } }
        return
      }
      case 'ship': {
        const { from, to } = step
        const swept = { manifest: this.#spool[from]?.manifest ?? null, chunks: [] }
        this.#spool = { ...this.#spool, [from]: swept, [to]: { manifest: null, chunks: [] } }
        this.perform({ ...step, do: 'install', group: to, rows: this.present(from).live.rows })
        return
      }
      case 'install':
        this.#install(step.group, step.at, step.rows)
        this.present(step.group).hardState = step.hardState
        this.#save()
        return
      case 'write':
        for (const [group, upTo] of Object.entries(step.apply)) this.#apply(this.present(group), upTo)
        for (const write of step.batch) this.#write(this.present(write.group), write)
        if (step.scope === 'all') this.#save()
    }
  }

  /** Last applied entries, saved or not. */
  applied(): Record<string, LogIndex> {
    const there = [...this.groups].flatMap(([id, group]) =>
      typeof group === 'object' ? [[id, group.live.applied] as const] : [],
    )
    return Object.fromEntries(there)
  }

  spooled(): SpoolImage {
    return this.#spool
  }

  image(which: 'live' | 'saved'): Image {
    const groups = [...this.groups].map(([id, group]) =>
      typeof group === 'number' ? [id, { tombstone: group }] : [id, groupImage(group, group[which])],
    )
    return { groups: Object.fromEntries(groups), facts: Object.fromEntries(this.#facts) }
  }

  #apply(group: ModelGroup, upTo: LogIndex): void {
    const { live, entries, truncated } = group
    while (live.applied < upTo) {
      const plain = entries[live.applied - truncated.index]
      assert.ok(plain)
      live.applied++
      const entry = { index: live.applied, term: plain.term, kind: plain.kind, data: utf8(plain.data) }
      const { writes, membership } = effectsOf(entry, (family, key) => live.rows[`${family}/${key}`], live.membership)
      for (const { family, key, value } of writes) {
        const name = `${family}/${text(key)}`
        if (value) live.rows[name] = text(value)
        else delete live.rows[name]
      }
      if (membership) live.membership = membership
    }
  }

  #write(group: ModelGroup, { hardState, from, entries, truncate }: PlainWrite): void {
    if (hardState) group.hardState = hardState
    if (from !== undefined && entries) group.entries.splice(from - group.truncated.index - 1, Infinity, ...entries)
    if (!truncate) return
    group.entries.splice(0, truncate.index - group.truncated.index)
    group.truncated = truncate
  }

  #install(id: string, at: LogPosition, rows: PlainRows): void {
    const group = this.present(id)
    group.truncated = at
    group.entries = []
    group.live = { applied: at.index, rows: { ...rows }, membership: installedMembership(at) }
  }

  #save(): void {
    for (const group of this.groups.values()) if (typeof group === 'object') group.saved = structuredClone(group.live)
  }
}

/** Who the members are in a snapshot of the story. */
export const installedMembership = ({ index }: LogPosition): Membership => {
  const { conf, peers, lastPeerId } = membershipOf(bootstrap())
  const learner = lastPeerId + index
  return { conf: { ...conf, learners: [learner] }, peers: { ...peers, [learner]: `installed${index}` }, lastPeerId: learner }
}

function groupImage({ hardState, truncated, entries }: ModelGroup, { applied, rows, membership }: Applied): GroupImage {
  return {
    hardState,
    truncated,
    applied,
    ...membership,
    entries: entries.map(({ term, kind, data }) => `${term} ${kind} ${digest(data)}`),
    rows: Object.fromEntries(Object.entries(rows).map(([key, value]) => [key, digest(value)])),
  }
}
