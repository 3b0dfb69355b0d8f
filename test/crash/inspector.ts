/** Opens directories that a power cut left, in a process that may die of it: run as a child by the tests. Knows nothing of how they came to be. */

import { openLmdb } from '../../src/storage/lmdb/open.ts'
import { imageText } from './image.ts'
import { CLAIM } from './life.ts'
import { catchUp, checkSpool, imageOf, perform, whereIn } from './performer.ts'
import { type Story, tell } from './story.ts'

/** A directory, and what was promised about it. */
export interface Case {
  readonly dir: string
  readonly seed: number
  readonly length: number
  readonly acknowledged: number
  /** Uuid and boot count that were told, if any were. */
  readonly opened: readonly [uuid: string, boot: number] | null
}

/** Null when all is well. */
export type Verdict = string | null

/** Steps of the story that are done on top of what is found: it has to be a store that goes on. */
const MORE_STEPS = 3

const stories = new Map<string, Story>()

function storyOf({ seed, length }: Case): Story {
  const name = `${seed} ${length}`
  const story = stories.get(name) ?? tell(seed, length)
  stories.set(name, story)
  return story
}

async function inspect(one: Case): Promise<void> {
  const story = storyOf(one)
  const store = await openLmdb({ dir: one.dir, ...CLAIM })
  try {
    const [uuid = store.identity.uuid, boot = 0] = one.opened ?? []
    if (uuid !== store.identity.uuid || boot >= store.identity.boot) throw new Error('it is another store, or an older one')
    const found = await whereIn(store, story, one.acknowledged)
    checkSpool(store, story, { at: found, mayBeLost: true })
    catchUp(store, story, found)
    const then = Math.min(found + MORE_STEPS, story.steps.length)
    for (const step of story.steps.slice(found, then)) await perform(store, step)
    if (imageText(await imageOf(store)) !== story.live[then]) throw new Error('it does not go on as it should')
  } finally {
    await store.close()
  }
}

process.on('message', (one: Case) => {
  inspect(one).then(
    () => process.send?.({ verdict: null }),
    (thrown: unknown) => process.send?.({ verdict: thrown instanceof Error ? thrown.message : String(thrown) }),
  )
})
