/** Slips of a host: what it hands in wrongly is refused with a code, and the peer goes on as if nothing had been said. */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { RawNode } from '../../../src/peer/raw-node.ts'
import type { Message } from '../../../src/protocol/messages.ts'
import { RawCluster } from '../../harness/raw-cluster.ts'

function led(): RawCluster {
  const cluster = new RawCluster({ voters: [1, 2, 3] })
  cluster.campaign(1)
  return cluster
}

describe('a slip is refused:', () => {
  const slips: readonly (readonly [says: string, code: string, slip: (node: RawNode) => unknown])[] = [
    ['a command that is a string', 'COMMAND_INVALID', (node) => node.propose('abc' as never)],
    ['a command that is a list', 'COMMAND_INVALID', (node) => node.propose([1, 2] as never)],
    ['no command at all', 'COMMAND_INVALID', (node) => node.propose(undefined as never)],
    ['a change that is none', 'CONF_INVALID', (node) => node.proposeConfChange({} as never)],
    ['no change at all', 'CONF_INVALID', (node) => node.proposeConfChange(undefined as never)],
    ['a log cut at no number', 'CONFIG_INVALID', (node) => node.compact(Number.NaN)],
    ['a snapshot as of no number', 'CONFIG_INVALID', (node) => node.createSnapshot(Number.NaN, new Uint8Array(0))],
    ['a snapshot as of half an entry', 'CONFIG_INVALID', (node) => node.createSnapshot(0.5, new Uint8Array(0))],
    ['a snapshot of nothing', 'COMMAND_INVALID', (node) => node.createSnapshot(1, undefined as never)],
    ['a read without words', 'COMMAND_INVALID', (node) => node.readIndex(undefined as never)],
  ]
  for (const [says, code, slip] of slips)
    test(says, () => {
      const cluster = led()
      assert.throws(() => slip(cluster.node(1)), { code })
      cluster.propose(1, 'after')
      for (const id of [1, 2, 3]) assert.equal(cluster.status(id).commit, 2)
    })
})

test('a buffer that is used again after it was proposed changes nothing in any log', () => {
  const cluster = led()
  const data = Buffer.from('aaaa')
  cluster.node(1).propose(data)
  data.fill('z')
  cluster.settle()
  cluster.tick(1)
  for (const id of [1, 2, 3]) assert.equal(Buffer.from(cluster.applied.get(id)?.[1]?.data ?? []).toString(), 'aaaa')
})

describe('what nobody who keeps to the rules would say is not believed:', () => {
  const accepted = { accepted: true, hintIndex: 0, hintTerm: 0 }
  const lies: readonly (readonly [says: string, lie: Message])[] = [
    [
      'that somebody has entries that were never sent',
      { type: 'AppendEntriesReply', from: 2, to: 1, term: 1, index: 2 ** 50, ...accepted },
    ],
    ['the answer of a stranger, whatever its term', { type: 'HeartbeatReply', from: 9, to: 1, term: 1_000_001, round: 0 }],
    ['a question for nothing', { type: 'ReadIndex', from: 2, to: 1, term: 0, tickets: [] }],
  ]
  for (const [says, lie] of lies)
    test(says, () => {
      const cluster = led()
      cluster.isolate(1)
      cluster.node(1).propose(Buffer.from('alone'))
      assert.equal(cluster.node(1).step(lie), false)
      cluster.settle()
      const { role, term, commit, dropped } = cluster.status(1)
      assert.deepEqual([role, term, commit, dropped], ['leader', 1, 1, 1])
    })
})
