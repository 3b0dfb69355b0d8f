/** Somebody who follows what a group commits, and where they go on. The client is played. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FlotillaError } from '../../../../src/base/errors.ts'
import type { Client } from '../../../../src/client/client.ts'
import type { CommittedEntry } from '../../../../src/client/types.ts'
import { Subscriber } from '../../../../src/testkit/sim/subscriber.ts'

const entry = (index: number): CommittedEntry => ({ group: 'g', index, term: 1, kind: 'command', data: new Uint8Array() })

/** A client that tells three entries a time, and then what is given instead of more. */
function telling(asked: number[], end: () => Promise<void>): Client {
  async function* committed(_group: string, { from = 1 }: { readonly from?: number } = {}) {
    asked.push(from)
    for (let index = from; index < from + 3; index++) yield entry(index)
    await end()
  }
  return { committed } as unknown as Client
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

test('who comes in the place of one that died goes on where that one was', async () => {
  const asked: number[] = []
  const subscriber = new Subscriber({ group: 'g', isOver: () => false })
  const dying = { client: telling(asked, () => new Promise(() => {})), sleep: turn, note: () => {} }
  for (let life = 0; life < 2; life++) {
    void subscriber.run(dying) // never comes back
    await turn()
  }
  assert.deepEqual(asked, [1, 4])
  const applied = new Map([1, 2, 3, 4, 5, 6].map((index) => [index, entry(index)]))
  assert.deepEqual(subscriber.troubles(applied, 6), [])
  assert.equal(subscriber.troubles(applied.set(7, entry(7)), 7).length, 1)
})

test('where the log was cut off it goes on from what is left', async () => {
  const asked: number[] = []
  const subscriber = new Subscriber({ group: 'g', isOver: () => asked.length === 2 })
  const end = (): Promise<void> => Promise.reject(new FlotillaError('COMPACTED', 'gone', { first: 9 }))
  await subscriber.run({ client: telling(asked, end), sleep: turn, note: () => {} })
  assert.deepEqual(asked, [1, 9])
})
