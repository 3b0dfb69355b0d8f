/**
 * Lives a story in a store, run as a child by the tests, and says which step is durable in a line written at once: so its place among the system
 * calls tells when it was promised. Its argument is a {@link Life} as JSON. Knows nothing of who listens.
 */

import { writeSync } from 'node:fs'
import { openLmdb } from '../../src/storage/lmdb/open.ts'
import { imageText } from './image.ts'
import { catchUp, checkSpool, imageOf, perform, whereIn } from './performer.ts'
import { tell } from './story.ts'

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
  say('end')
}

if (process.argv[2] !== undefined) {
  live(JSON.parse(process.argv[2]) as Life).catch((thrown: unknown) => {
    say(`bad ${thrown instanceof Error ? thrown.stack : String(thrown)}`)
    process.exit(1)
  })
}
