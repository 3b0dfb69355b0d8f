/** A leader's last word to who is a follower no more: it learns of the commit that removed it. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RawNode } from '../../../src/peer/raw-node.ts'
import type { ConfChange } from '../../../src/protocol/confchange.ts'
import type { AppendEntries } from '../../../src/protocol/messages.ts'
import { votersOnly } from '../../../src/protocol/types.ts'

const remove = (peer: number): ConfChange => ({ transition: 'auto', steps: [{ type: 'RemoveNode', peer }], context: '' })

/** Three peers without a network: letters are carried by hand, and changes are applied as they are committed. */
function three() {
  const peers = new Map(
    [1, 2, 3].map((id) => [
      id,
      new RawNode({ id, electionTick: 10, heartbeatTick: 1, seed: 7, initial: { confState: votersOnly([1, 2, 3]) } }),
    ]),
  )
  const kept: AppendEntries[] = []
  /** Carries letters until there are none; what is for `deaf` is kept. */
  const settle = (deaf = 0): void => {
    for (let busy = true; busy; ) {
      busy = false
      for (const peer of peers.values()) {
        while (peer.hasReady()) {
          busy = true
          const ready = peer.ready()
          for (const entry of ready.committedEntries) if (entry.kind === 'configuration') peer.applyConfChange(entry)
          peer.advance(ready)
          for (const { waitsForDisk, ...letter } of ready.messages) {
            if (letter.to !== deaf) peers.get(letter.to)?.step(letter)
            else if (letter.type === 'AppendEntries') kept.push(letter)
          }
        }
      }
    }
  }
  return { leader: peers.get(1) as RawNode, peers, settle, kept }
}

test('who is removed hears that its removal is committed, once, though it is a follower no more', () => {
  const { leader, peers, settle } = three()
  leader.campaign()
  settle()
  const { index } = leader.proposeConfChange(remove(3))
  settle()
  assert.equal(peers.get(3)?.status().commit, index)
  assert.deepEqual(peers.get(3)?.status().confState.voters, [1, 2])
  leader.propose(new Uint8Array(1))
  settle()
  assert.equal(peers.get(3)?.status().commit, index, 'and nothing after it')
})

test('the farewell carries what was not acknowledged, and ends at the commit index', () => {
  const { leader, settle, kept } = three()
  leader.campaign()
  settle()
  const { index } = leader.proposeConfChange(remove(3))
  settle(3)
  const farewell = kept.at(-1)
  assert.equal(farewell?.commit, index)
  assert.equal(farewell.prevIndex + farewell.entries.length, index)
})
