/** What a node has on its disk is told to the members of its groups: once a second while it changes, and to who comes back. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { manualClock } from '../../../src/clock/manual.ts'
import { Attesting, type AttestingOptions } from '../../../src/node/attesting.ts'
import { Witness } from '../../../src/node/witness.ts'
import { silent } from '../../../src/ports/logger.ts'
import { votersOnly } from '../../../src/protocol/types.ts'
import type { PeerPromise } from '../../../src/wire/promises.ts'

type Peer = ReturnType<AttestingOptions['find']>

/** Peer 1 of node a, in groups g and h; of h, c is no member. */
function scene() {
  const clock = manualClock()
  const said: string[] = []
  const attest = (to: string, promises: readonly PeerPromise[]): void =>
    void said.push(`${to}: ${promises.map(({ group, peer, term, index }) => `${group}${peer} ${term}/${index}`).join(', ')}`)
  const peer = (id: number, peers: Record<number, string>): Peer => {
    const membership = { conf: votersOnly(Object.keys(peers).map(Number)), peers, lastPeerId: 9 }
    return { id, epoch: 'digest.mark', table: { membership } } as Peer
  }
  const peers = new Map([
    ['g', peer(1, { 1: 'a', 2: 'b', 3: 'c' })],
    ['h', peer(1, { 1: 'a', 2: 'b' })],
  ])
  const attesting = new Attesting({ settings: { id: 'a' }, clock, outbox: { attest }, find: (group) => peers.get(group) })
  const durable = (group: string, term: number, [index, lastTerm]: readonly [number, number]): void =>
    attesting.durable(group, { term, last: { index, term: lastTerm } })
  return { attesting, clock, durable, peers, peer, take: () => said.splice(0) }
}

test('what is durable is told to all members, the latest of it, once a second', () => {
  const { clock, durable, take } = scene()
  durable('g', 2, [5, 2])
  durable('g', 2, [6, 2])
  durable('h', 3, [1, 3])
  clock.advance(999)
  assert.deepEqual(take(), [])
  clock.advance(1)
  assert.deepEqual(take(), ['b: g1 2/6, h1 3/1', 'c: g1 2/6'])
  durable('g', 2, [6, 2])
  clock.advance(5000)
  assert.deepEqual(take(), [], 'nothing new')
  durable('h', 3, [2, 3])
  clock.advance(1000)
  assert.deepEqual(take(), ['b: h1 3/2'])
})

test('entries of an earlier term are no promise of this one: its leader may take them back', () => {
  const { clock, durable, take } = scene()
  durable('h', 4, [7, 3])
  clock.advance(1000)
  assert.deepEqual(take(), ['b: h1 4/0'])
})

test('who comes back is told all of it', () => {
  const { attesting, clock, durable, take } = scene()
  durable('g', 2, [5, 2])
  durable('h', 2, [6, 2])
  clock.advance(1000)
  take()
  attesting.returned('c')
  assert.deepEqual(take(), ['c: g1 2/5'])
})

test('a peer that has gone says nothing, and what it had is not said of the one in its place', () => {
  const { attesting, clock, durable, peers, peer, take } = scene()
  durable('g', 2, [5, 2])
  durable('h', 2, [6, 2])
  peers.set('g', peer(4, { 2: 'b', 4: 'a' }))
  peers.delete('h')
  clock.advance(1000)
  attesting.returned('b')
  durable('h', 2, [7, 2])
  attesting.stop()
  durable('g', 2, [8, 2])
  clock.advance(1000)
  assert.deepEqual(take(), [])
})

test('what a node finds in its store is told, too, unless it promised nothing there', () => {
  const { clock, peers } = scene()
  const said: string[] = []
  const attest = (to: string, promises: readonly PeerPromise[]): void =>
    void said.push(`${to}: ${promises.map(({ group, term, index }) => `${group} ${term}/${index}`).join(', ')}`)
  const hosting = { groups: new Map(Array.from(peers, ([group, host]) => [group, { host }])), quarantined: new Map() }
  const settings = { id: 'a', logger: silent, groups: [{ id: 'g' }, { id: 'h' }] }
  const witness = new Witness({
    settings,
    clock,
    outbox: { attest },
    hosting: () => hosting,
    store: { recall: () => undefined },
  } as never)
  for (const [group, term] of [
    ['g', 2],
    ['h', 0],
  ] as const) {
    const last = { index: 7, term }
    witness.begun({ ...peers.get(group), group, term, mark: { term, last } } as never)
  }
  clock.advance(1000)
  assert.deepEqual(said, ['b: g 2/7', 'c: g 2/7'])
})
