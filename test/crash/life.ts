/**
 * Lives a story in a store, run as a child by the tests, and says which step is durable in a line written at once: so its place among the system
 * calls tells when it was promised. Its argument is a {@link Life} as JSON. Knows nothing of who listens.
 */

import assert from 'node:assert/strict'
import { writeSync } from 'node:fs'
import { openEnv } from '../../src/storage/lmdb/env.ts'
import { openLmdb } from '../../src/storage/lmdb/open.ts'
import { type Image, imageText } from './image.ts'
import { catchUp, checkSpool, imageOf, perform, whereIn } from './performer.ts'
import { type Story, tell } from './story.ts'

/** Whose store of the story this is. */
export const CLAIM = { cluster: 'test', node: 'a' } as const

/** Which story, where, and from which step on. */
export interface Life {
  readonly dir: string
  readonly seed: number
  readonly length: number
  /** Steps that were promised to be durable. */
  readonly acknowledged: number
  readonly noSync?: boolean
}

const say = (line: string): void => void writeSync(1, `${line}\n`)

async function live({ dir, seed, length, acknowledged, noSync = false }: Life): Promise<void> {
  const story = tell(seed, length)
  const store = await openLmdb({ dir, ...CLAIM, noSync })
  say(`opened ${store.identity.uuid} ${store.identity.boot}`)
  const begin = await whereIn(store, story, acknowledged)
  checkSpool(store, story, { at: begin, mayBeLost: false })
  catchUp(store, story, begin)
  for (const [i, step] of story.steps.entries()) {
    if (i < begin) continue
    await perform(store, step)
    say(`ack ${i + 1}`)
  }
  if (imageText(await imageOf(store)) !== story.live[length]) throw new Error('the story ends otherwise')
  await store.close()
  await checkNothingIsLeft(dir, story)
  say('end')
}

/** After one more start, the databases hold what the groups hold, and nothing of what was replaced, given up or destroyed. */
async function checkNothingIsLeft(dir: string, { saved }: Story): Promise<void> {
  await (await openLmdb({ dir, ...CLAIM })).close()
  const { groups } = JSON.parse(saved.at(-1) as string) as Image
  const there = Object.values(groups).flatMap((group) => ('tombstone' in group ? [] : [group]))
  const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0)
  const { root, data, log } = openEnv(dir)
  const found = [data.getKeysCount({}), log.getKeysCount({})]
  await root.close()
  assert.deepEqual(found, [
    sum(there.map(({ rows }) => Object.keys(rows).length)),
    sum(there.map(({ entries }) => entries.length)),
  ])
}

if (process.argv[2] !== undefined) {
  live(JSON.parse(process.argv[2]) as Life).catch((thrown: unknown) => {
    say(`bad ${thrown instanceof Error ? thrown.stack : String(thrown)}`)
    process.exit(1)
  })
}
