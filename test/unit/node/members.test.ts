/** What a configuration entry makes of a membership: the same on every replica, also on those that begin with none. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { utf8 } from '../../../src/base/bytes.ts'
import { changeOf, isRemoved, memberNames, membershipAfter, NO_CONF, peerOf } from '../../../src/node/members.ts'
import type { Membership } from '../../../src/ports/store.ts'
import { type ConfChange, encodeChange, LEAVE_JOINT } from '../../../src/protocol/confchange.ts'
import { votersOnly } from '../../../src/protocol/types.ts'
import type { MemberStep } from '../../../src/wire/members.ts'

const THREE: Membership = { conf: votersOnly([1, 2, 3]), peers: { 1: 'a', 2: 'b', 3: 'c' }, lastPeerId: 3 }

const steps = (...words: readonly string[]): MemberStep[] =>
  words.map((word) => {
    const [type, node] = word.split(' ') as [MemberStep['type'], string]
    return { type, node }
  })

/** The bytes that a leader with this membership writes. */
const written = (before: Membership, ...words: readonly string[]): Uint8Array =>
  encodeChange({ ...changeOf(before, { steps: steps(...words) }), base: before.conf })

/** One change after the other, each made of what the one before left. */
function history(...changes: readonly (readonly string[])[]) {
  const entries: Uint8Array[] = []
  let now = THREE
  for (const words of changes) {
    const data = words.length === 0 ? encodeChange({ ...LEAVE_JOINT, base: now.conf }) : written(now, ...words)
    const { membership, why } = membershipAfter(now, data)
    assert.equal(why, null, words.join())
    entries.push(data)
    now = membership
  }
  return { entries, now }
}

test('ids rise and never come back, whatever becomes of their nodes', () => {
  const { now } = history(['addLearner d'], ['promote d'], ['remove d'], ['add d'], ['remove a'], ['add e'])
  assert.deepEqual(now.conf.voters, [2, 3, 5, 6])
  assert.deepEqual(memberNames(now), { 2: 'b', 3: 'c', 5: 'd', 6: 'e' })
  assert.equal(now.lastPeerId, 6)
  assert.deepEqual([now.peers[1], now.peers[4]], ['a', 'd'], 'who left is still known by name')
  assert.equal(peerOf(now.peers, 'd'), 5)
  assert.deepEqual(
    [1, 4, 5, 7].map((peer) => isRemoved(now, peer)),
    [true, true, false, false],
  )
})

test('a peer that begins with no configuration, but with later names, comes to the same', () => {
  const { entries, now } = history(['addLearner d'], ['remove b', 'promote d'], [], ['add e'], ['remove d'], ['add d'])
  let joining: Membership = { conf: NO_CONF, peers: memberNames(now), lastPeerId: now.lastPeerId }
  assert.equal(isRemoved(joining, 3), false, 'nobody was removed before the first configuration is known')
  for (const data of entries) joining = membershipAfter(joining, data).membership
  assert.deepEqual({ ...joining, peers: memberNames(joining) }, { ...now, peers: memberNames(now) })
})

const raw = (change: Partial<ConfChange>, context: unknown): Uint8Array =>
  encodeChange({ transition: 'auto', steps: [], context: JSON.stringify(context), ...change, base: THREE.conf })

test('what must not be has no effect, with the reason', () => {
  const base = { peers: THREE.peers, lastPeerId: 3 }
  const add = (peer: number): Partial<ConfChange> => ({ steps: [{ type: 'AddNode', peer }] })
  const { now: after } = history(['remove c'])
  const rows: readonly (readonly [Membership, Uint8Array, RegExp])[] = [
    [THREE, utf8('{}'), /no change of members/],
    [THREE, raw(add(4), { names: { 4: 'a' }, base }), /'a' is a member already/],
    [THREE, raw(add(5), { names: { 5: 'e' }, base }), /number 4, not 5/],
    [after, raw(add(3), { names: { 3: 'c' }, base }), /number 4, not 3/],
    [THREE, raw(add(4), { names: {}, base }), /names other peers than it adds/],
    [THREE, raw(add(4), { names: { 4: 'd', 5: 'e' }, base }), /names other peers than it adds/],
    [THREE, raw(add(4), { names: { 5: 'e' }, base }), /peer 4 has no name/],
    [THREE, raw(add(4), { names: { 4: 'D D' }, base }), /names other peers than it adds/],
    [THREE, raw(add(4), 'nothing'), /names other peers than it adds/],
    [THREE, encodeChange(LEAVE_JOINT), /not joint/],
  ]
  for (const [before, data, reason] of rows) {
    const { membership, change, why } = membershipAfter(before, data)
    assert.match(why ?? '', reason)
    assert.deepEqual([membership, change], [before, null], 'the very same')
  }
})

test('of those who left only the latest are kept by name', () => {
  let now = THREE
  for (let i = 0; i < 300; i++) {
    now = membershipAfter(now, written(now, `addLearner n${i}`)).membership
    now = membershipAfter(now, written(now, `remove n${i}`)).membership
  }
  assert.deepEqual([Object.keys(now.peers).length, now.lastPeerId], [3 + 256, 303])
  assert.deepEqual([now.peers[1], now.peers[47], now.peers[48]], ['a', undefined, 'n44'])
})

test('what is asked for by name is refused by name', () => {
  const learner = history(['addLearner d']).now
  const rows: readonly (readonly [Membership, string[], RegExp])[] = [
    [THREE, ['add a'], /'a' is a member already/],
    [THREE, ['add d', 'addLearner d'], /'d' is a member already/],
    [THREE, ['remove z'], /'z' is no member/],
    [THREE, ['promote a'], /'a' is no learner/],
    [learner, ['demote d'], /'d' is no voter/],
    [THREE, ['remove a', 'remove b', 'remove c'], /no voter would be left/],
  ]
  for (const [before, words, message] of rows) {
    assert.throws(() => changeOf(before, { steps: steps(...words) }), { code: 'CONF_INVALID', message }, words.join())
  }
  assert.throws(() => changeOf(THREE, { steps: [] }), { code: 'CONF_INVALID', message: /not joint/ })
})
