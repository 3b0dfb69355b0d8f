/** Does the steps of a story to a real store, and reads back what it holds. Knows nothing of how the store keeps it. */

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { text, utf8 } from '../../src/base/bytes.ts'
import type { GroupWrite, NodeStore, StagedState } from '../../src/ports/store.ts'
import type { TableWrite } from '../../src/ports/table.ts'
import type { LogIndex } from '../../src/protocol/types.ts'
import { termRuns } from '../../src/storage/term-runs.ts'
import { effectsOf, FAMILIES } from './effects.ts'
import { digest, type GroupImage, type Image, imageText } from './image.ts'
import { installedMembership } from './model.ts'
import { shipState } from './shipping.ts'
import { bootstrap, FACTS, GROUPS, type PlainRows, type PlainWrite, type Step, type Story } from './story.ts'

/** Which step of the story a store that was just opened stands behind. Throws when it is none from `acknowledged` to the one after it. */
export async function whereIn(store: NodeStore, story: Story, acknowledged: number): Promise<number> {
  const image = imageText(await imageOf(store))
  for (const at of [acknowledged, acknowledged + 1]) if (story.saved[at] === image) return at
  const other = story.saved.lastIndexOf(image)
  assert.fail(
    other < 0
      ? `what is stored never was: ${difference(image, story.saved[acknowledged] ?? '')}`
      : `what is stored is that of step ${other}`,
  )
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

const hashOf = (chunk: string): Uint8Array => createHash('sha256').update(chunk).digest()

/**
 * Throws unless the spool is that of a step of the story: what is there is right, and, where only the process had ended, all of it is there that the
 * step before and the one under way agree on.
 */
export function checkSpool(
  store: NodeStore,
  story: Story,
  { at, mayBeLost }: { readonly at: number; readonly mayBeLost: boolean },
): void {
  if (story.steps[at]?.do === 'ship') return // which takes away what others put there, and has a manifest of its own
  const [now = {}, next = {}] = story.spooled.slice(at, at + 2)
  for (const group of GROUPS) {
    const manifests = [now[group]?.manifest ?? undefined, next[group]?.manifest ?? undefined]
    const found = store.spool.manifest(group, 'incoming')
    if (found || !mayBeLost)
      assert.ok(manifests.includes(found && text(found)), `a manifest of ${group} in the spool is another one`)
    const wanted = new Set(next[group]?.chunks)
    for (const chunk of now[group]?.chunks ?? []) {
      const stored = store.spool.get(group, hashOf(chunk))
      if (stored) assert.equal(text(stored), chunk)
      else assert.ok(mayBeLost || !wanted.has(chunk), `a chunk of ${group} is lost from the spool`)
    }
  }
}

/** Where two images part. */
function difference(found: string, wanted: string): string {
  let at = 0
  while (at < found.length && found[at] === wanted[at]) at++
  const around = (image: string): string => image.slice(Math.max(0, at - 60), at + 60)
  return `…${around(found)}… instead of …${around(wanted)}…`
}

/** Applies again what was applied and not saved, as a node does after a restart. */
export function catchUp(store: NodeStore, story: Story, at: number): void {
  for (const [group, upTo] of Object.entries(story.applied[at] ?? {})) applyUpTo(store, group, upTo)
}

function applyUpTo(store: NodeStore, group: string, upTo: LogIndex): void {
  const table = store.table(group)
  const read = (family: string, key: string): string | undefined => {
    const value = table.get(family, utf8(key))
    return value && text(value)
  }
  for (const entry of store.reader(group).entries(table.applied + 1, upTo + 1, Number.MAX_SAFE_INTEGER)) {
    const { writes, membership } = effectsOf(entry, read, table.membership)
    table.apply(entry.index, writes, membership)
  }
}

/** Does one step; resolves when it is durable. */
export async function perform(store: NodeStore, step: Step): Promise<void> {
  switch (step.do) {
    case 'make':
      await store.open(step.group, bootstrap(step.replaces))
      return
    case 'destroy':
      return store.destroy(step.group, { peer: step.peer })
    case 'remember':
      return store.remember(step.key, step.value)
    case 'spool': {
      const { group, chunks, manifest, sweep } = step
      await store.spool.put(
        group,
        chunks.map((chunk) => ({ hash: hashOf(chunk), bytes: utf8(chunk) })),
      )
      await store.spool.keepManifest(group, 'incoming', utf8(manifest))
      const kept = new Set(chunks.map((chunk) => hex(hashOf(chunk))))
      return sweep ? store.spool.sweep(group, (hash) => kept.has(hex(hash))) : undefined
    }
    case 'stage': {
      const staged = await stage(store, step.group, step.rows)
      return step.unstage ? store.unstage(staged) : undefined
    }
    case 'ship':
      return install(store, { ...step, group: step.to }, await shipState(store, step))
    case 'install':
      return install(store, step, await stage(store, step.group, step.rows))
    case 'write':
      for (const [group, upTo] of Object.entries(step.apply)) applyUpTo(store, group, upTo)
      return store.write(step.batch.map(groupWrite), step.scope)
  }
}

type Install = Pick<Extract<Step, { do: 'install' }>, 'group' | 'at' | 'hardState'>

const install = (store: NodeStore, { group, at, hardState }: Install, state: StagedState): Promise<void> =>
  store.write([{ group, hardState, install: { ...at, state, membership: installedMembership(at) } }])

function groupWrite({ group, hardState, from = 0, entries, truncate }: PlainWrite): GroupWrite {
  return {
    group,
    ...(hardState && { hardState }),
    ...(entries && { entries: entries.map(({ data, ...head }, i) => ({ ...head, index: from + i, data: utf8(data) })) }),
    ...(truncate && { truncate }),
  }
}

const stage = (store: NodeStore, group: string, rows: PlainRows): Promise<StagedState> => store.stage(group, writesOf(rows))

async function* writesOf(rows: PlainRows): AsyncGenerator<TableWrite> {
  for (const [name, value] of Object.entries(rows)) {
    const [family = '', key = ''] = name.split('/')
    yield { family, key: utf8(key), value: utf8(value) }
  }
}

/** What a store holds. Opens its groups. */
export async function imageOf(store: NodeStore): Promise<Image> {
  const groups: Record<string, Image['groups'][string]> = {}
  for (const group of GROUPS) {
    const tombstone = store.tombstone(group)
    if (tombstone) groups[group] = { tombstone: tombstone.peer }
    else if (store.groups().includes(group)) groups[group] = await groupImage(store, group)
  }
  const facts = FACTS.flatMap((fact) => {
    const value = store.recall(fact)
    return value === undefined ? [] : [[fact, value]]
  })
  return { groups, facts: Object.fromEntries(facts) }
}

async function groupImage(store: NodeStore, group: string): Promise<GroupImage> {
  const { hardState, truncated, lastIndex, runs } = await store.open(group, bootstrap())
  const entries = store.reader(group).entries(truncated.index + 1, lastIndex + 1, Number.MAX_SAFE_INTEGER)
  assert.equal(truncated.index + entries.length, lastIndex)
  assert.deepEqual(
    runs,
    termRuns(truncated.index + 1, lastIndex, (index) => entries[index - truncated.index - 1]?.term ?? -1),
  )
  const table = store.table(group)
  const rows = FAMILIES.flatMap((family) =>
    Array.from(table.range(family, {}), ([key, value]) => [`${family}/${text(key)}`, digest(value)] as const),
  )
  return {
    hardState,
    truncated,
    applied: table.applied,
    ...table.membership,
    entries: entries.map(({ term, kind, data }) => `${term} ${kind} ${digest(data)}`),
    rows: Object.fromEntries(rows),
  }
}
