/** Contract of a store: who the members are is saved together with what is applied, and a destroyed group stays destroyed. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Membership } from '../../src/ports/store.ts'
import { votersOnly } from '../../src/protocol/types.ts'
import { BOOTSTRAP, code, entries, put, read, shown } from './store-samples.ts'
import type { WithBench } from './store-suite.ts'

const FOUR: Membership = {
  conf: { ...votersOnly([1, 2, 3]), learners: [4] },
  peers: { 1: 'a', 2: 'b', 3: 'c', 4: 'd' },
  lastPeerId: 4,
}

const THREE: Membership = { conf: BOOTSTRAP.conf, peers: BOOTSTRAP.peers, lastPeerId: 3 }

const membershipIn = ({ conf, peers, lastPeerId }: Membership): Membership => ({ conf, peers, lastPeerId })

function membershipTests(withBench: WithBench): void {
  test(
    'a membership is seen at once, saved with its applied index, and gone with it in a crash',
    withBench(async (bench) => {
      const store = await bench.open()
      assert.deepEqual(membershipIn(await store.open('kv', BOOTSTRAP)), THREE)
      const table = store.table('kv')
      table.apply(1, [put('a', '1')])
      const before = table.snapshot()
      table.apply(2, [], FOUR)
      assert.deepEqual([table.membership, before.membership], [FOUR, THREE])
      before.close()
      assert.ok(store.unsavedBytes > 0)
      const again = await bench.restart(store)
      const lost = await again.open('kv', BOOTSTRAP)
      assert.deepEqual([lost.applied, membershipIn(lost)], [0, THREE])
      again.table('kv').apply(2, [], FOUR)
      await again.write([])
      assert.equal(again.unsavedBytes, 0)
      again.table('kv').apply(3, [put('b', '2', 'new')])
      await again.write([])
      const third = await bench.restart(again)
      const kept = await third.open('kv', BOOTSTRAP)
      assert.deepEqual([kept.applied, membershipIn(kept), third.table('kv').membership.lastPeerId], [3, FOUR, 4])
    }),
  )

  test(
    'a write takes the membership of its own moment, the next one what came after',
    withBench(async (bench) => {
      const store = await bench.open()
      await store.open('kv', BOOTSTRAP)
      const table = store.table('kv')
      table.apply(1, [], FOUR)
      const under = store.write([])
      table.apply(2, [], { ...FOUR, lastPeerId: 5 })
      await under
      assert.ok(store.unsavedBytes > 0)
      const again = await bench.restart(store)
      const { applied, lastPeerId } = await again.open('kv', BOOTSTRAP)
      assert.deepEqual([applied, lastPeerId], [1, 4])
    }),
  )

  test(
    'members are put in the place of others without an entry, together with the write that says the rest',
    withBench(async (bench) => {
      const store = await bench.open()
      await store.open('kv', BOOTSTRAP)
      store.table('kv').apply(1, [put('a', '1')])
      await store.write([{ group: 'kv', hardState: { term: 3, vote: 2, commit: 1 }, entries: entries(1, 3, 3) }])
      const alone: Membership = { conf: votersOnly([4]), peers: { 4: 'a' }, lastPeerId: 4 }
      store.table('kv').reform(alone)
      assert.deepEqual(store.table('kv').membership, alone)
      const again = await bench.restart(store)
      assert.deepEqual(membershipIn(await again.open('kv', BOOTSTRAP)), THREE, 'a crash before the write')
      again.table('kv').reform(alone)
      await again.write([{ group: 'kv', hardState: { term: 3, vote: null, commit: 1 }, truncate: { index: 1, term: 3 } }])
      assert.equal(again.unsavedBytes, 0)
      const third = await bench.restart(again)
      const { applied, hardState, truncated, lastIndex, ...rest } = await third.open('kv', BOOTSTRAP)
      assert.deepEqual(membershipIn(rest), alone)
      assert.deepEqual([applied, hardState.vote, truncated.index, lastIndex], [1, null, 1, 2])
      assert.equal(read(third.table('kv'), 'a'), '1')
    }),
  )
}

function destructionTests(withBench: WithBench): void {
  test(
    'a destroyed group is a tombstone, also after a crash; its neighbour and its name live on',
    withBench(async (bench) => {
      const store = await bench.open()
      for (const group of ['kv', 'other']) {
        await store.open(group, BOOTSTRAP)
        store.table(group).apply(1, [put('k', group)])
      }
      await store.write([{ group: 'kv', hardState: { term: 3, vote: 2, commit: 1 }, entries: entries(1, 3, 3) }])
      store.table('kv').apply(2, [put('k', 'late')])
      const destroyed = store.destroy('kv', { peer: 3 })
      assert.throws(() => store.table('kv'), code('UNKNOWN_GROUP'))
      await store.write([])
      await destroyed
      const again = await bench.restart(store)
      assert.deepEqual([again.groups(), again.tombstone('kv'), again.tombstone('other')], [['other'], { peer: 3 }, undefined])
      for (const bootstrap of [BOOTSTRAP, { ...BOOTSTRAP, replaces: 2 }]) {
        await assert.rejects(again.open('kv', bootstrap), code('STORE_MISMATCH'))
      }
      const made = await again.open('kv', { ...BOOTSTRAP, replaces: 3, lastPeerId: 7 })
      assert.deepEqual([made.lastIndex, made.applied, made.hardState.term, made.lastPeerId], [0, 0, 0, 7])
      assert.deepEqual([shown(again.table('kv').range('default', {})), again.tombstone('kv')], [[], undefined])
      await again.open('other', BOOTSTRAP)
      again.table('kv').apply(1, [put('k', 'new')])
      await again.write([])
      assert.deepEqual([read(again.table('kv'), 'k'), read(again.table('other'), 'k')], ['new', 'other'])
      assert.deepEqual([...(await bench.restart(again)).groups()].sort(), ['kv', 'other'])
    }),
  )

  test(
    'a group that is destroyed while a write of it is under way stays destroyed',
    withBench(async (bench) => {
      const store = await bench.open()
      await store.open('kv', BOOTSTRAP)
      store.table('kv').apply(1, [put('k', 'v')])
      const write = store.write([{ group: 'kv', entries: entries(1, 1) }])
      await Promise.all([write, store.destroy('kv', { peer: 1 })])
      const again = await bench.restart(store)
      assert.deepEqual([again.groups(), again.tombstone('kv')], [[], { peer: 1 }])
      await again.open('kv', { ...BOOTSTRAP, replaces: 1 })
      assert.equal(read(again.table('kv'), 'k'), undefined)
    }),
  )
}

export function storeMembershipTests(withBench: WithBench): void {
  membershipTests(withBench)
  destructionTests(withBench)
}
