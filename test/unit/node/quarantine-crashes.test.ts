/** A crash anywhere while a damaged peer makes room for another: what is damaged is never taken for sound, and what is sound never for damaged. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FlotillaError } from '../../../src/base/errors.ts'
import { keepOwnPeer } from '../../../src/node/own-peer.ts'
import { Quarantine } from '../../../src/node/quarantine.ts'
import type { NodeStore } from '../../../src/ports/store.ts'
import { votersOnly } from '../../../src/protocol/types.ts'
import { MemoryDisk } from '../../../src/storage/memory/disk.ts'
import { memoryStore } from '../../../src/storage/memory/store.ts'

const KIND = 'parrot'
const [DAMAGED, NEXT] = [2, 4]
const DAMAGE = new FlotillaError('STORE_DAMAGED', 'entry 3 is damaged', { group: 'g' })

/** What is durable after each of them: the destruction, and that nothing is said of damage any more. */
const STEPS = 2

interface Run {
  readonly store: NodeStore
  readonly quarantine: Quarantine
}

const open = (store: NodeStore, peer: number) => {
  const replaced = store.tombstone('g')
  const bootstrap = { conf: votersOnly([peer]), peers: { [peer]: 'b' }, kind: KIND }
  return store.open('g', { ...bootstrap, ...(replaced && { replaces: replaced.peer }) })
}

/** The process dies after so many steps, and another begins on the same disk. */
function start(disk: MemoryDisk, steps = Number.POSITIVE_INFINITY): Run {
  disk.crash()
  const store = memoryStore({ cluster: 'demo', node: 'b' }, disk)
  let left = steps
  const step = (work: () => Promise<void>): Promise<void> => {
    if (left-- > 0) return work()
    disk.crash()
    return Promise.reject(new FlotillaError('STORE_CLOSED', 'the process died'))
  }
  const mortal = {
    recall: (fact: string) => store.recall(fact),
    remember: (fact: string, text: string) => step(() => store.remember(fact, text)),
    destroy: (group: string, tombstone: { readonly peer: number }) => step(() => store.destroy(group, tombstone)),
  }
  return { store, quarantine: new Quarantine({ store: mortal, onFailure: assert.fail }) }
}

/** A store whose peer was found damaged. */
async function damagedDisk(): Promise<MemoryDisk> {
  const disk = new MemoryDisk()
  const { store, quarantine } = start(disk)
  await open(store, DAMAGED)
  assert.equal(await quarantine.opening('g', KIND, () => Promise.reject(DAMAGE)), null)
  await keepOwnPeer(store, 'g', DAMAGED)
  await new Promise((resolve) => setImmediate(resolve))
  return disk
}

for (let steps = 0; steps <= STEPS; steps++) {
  test(`a crash behind step ${steps} of ${STEPS}: the next peer begins once, and stays`, async () => {
    const disk = await damagedDisk()
    const dying = start(disk, steps)
    assert.equal(await dying.quarantine.opening('g', KIND, () => open(dying.store, DAMAGED)), null)
    assert(dying.quarantine.mayBegin('g', NEXT))
    if (steps < STEPS) await assert.rejects(dying.quarantine.clear('g'), { code: 'STORE_CLOSED' })
    else await dying.quarantine.clear('g')

    const joining = start(disk)
    if (joining.store.groups().includes('g'))
      assert.equal(await joining.quarantine.opening('g', KIND, () => open(joining.store, DAMAGED)), null, 'it still is damaged')
    assert(joining.quarantine.mayBegin('g', NEXT))
    await joining.quarantine.clear('g')
    await keepOwnPeer(joining.store, 'g', NEXT)
    await open(joining.store, NEXT)

    const again = start(disk)
    const opened = await again.quarantine.opening('g', KIND, () => open(again.store, NEXT))
    assert.deepEqual(opened?.peers, { [NEXT]: 'b' }, 'nothing is said of the one that is here now')

    const damagedToo = start(disk)
    assert.equal(await damagedToo.quarantine.opening('g', KIND, () => Promise.reject(DAMAGE)), null)
    assert(!damagedToo.quarantine.mayBegin('g', NEXT), 'it does not begin again: which peer was damaged before is forgotten')
  })
}
