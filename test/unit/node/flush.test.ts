/** The flush: nothing that waits for the disk leaves before its transaction is on it, and after a failure nothing leaves ever. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HELD_MAX } from '../../../src/base/limits.ts'
import { manualClock } from '../../../src/clock/manual.ts'
import { Flush } from '../../../src/node/flush.ts'
import type { Facts, GroupWrite, NodeStore, StagedState } from '../../../src/ports/store.ts'
import type { StoragePersisted } from '../../../src/protocol/events.ts'
import type { Ready } from '../../../src/protocol/ready.ts'
import { type Entry, type HardState, votersOnly } from '../../../src/protocol/types.ts'
import { command, turns } from './sample-node.ts'

const NOTHING: Ready = {
  hardState: null,
  entries: [],
  mustSync: false,
  committed: { lo: 1, hi: 1 },
  softState: null,
  snapshot: null,
  messages: [],
  accepted: [],
  refused: [],
  reads: [],
  timers: [],
}
const mark = (index: number): StoragePersisted => ({ type: 'storage.persisted', term: 1, vote: null, last: { index, term: 1 } })
const entries = (...indexes: number[]): Entry[] => indexes.map((index) => command(index, 1, Uint8Array.of(index)))
const synced = (...indexes: number[]): Ready => ({ ...NOTHING, entries: entries(...indexes), mustSync: true })
const hardState = (commit: number): HardState => ({ term: 1, vote: null, commit })

/** A disk that writes when told, and a diary of what happened. */
function desk() {
  const diary: string[] = []
  const batches: (readonly GroupWrite[])[] = []
  const scopes: string[] = []
  const written: Facts[] = []
  const facts = new Map<string, string>()
  const durable: string[] = []
  const settle: { resolve(): void; reject(error: Error): void }[] = []
  const disk = { unsavedBytes: 0 }
  const unstaged: StagedState[] = []
  const store: Pick<NodeStore, 'write' | 'unsavedBytes' | 'unstage'> = {
    async unstage(state) {
      unstaged.push(state)
    },
    get unsavedBytes() {
      return disk.unsavedBytes
    },
    write(batch, scope = 'all', noted = new Map()) {
      batches.push(batch)
      written.push(noted)
      scopes.push(scope)
      if (scope === 'all') disk.unsavedBytes = 0
      return new Promise((resolve, reject) => settle.push({ resolve, reject }))
    },
  }
  const clock = manualClock()
  const flush = new Flush({
    store: store as NodeStore,
    notes: {
      get isEmpty() {
        return facts.size === 0
      },
      take() {
        const taken = new Map(facts)
        facts.clear()
        return taken
      },
      durable: (group, { last }) => void durable.push(`${group} ${last.index}`),
    },
    onInstalled: () => {},
    onDurable: (group, { last }) => diary.push(`durable ${group} ${last.index}`),
    onReleased: () => diary.push('released'),
    onFailure: (error) => diary.push(`failed ${String(error)}`),
    later: (ms, callback) => clock.after(ms, callback),
  })
  const say = (word: string) => (): void => void diary.push(word)
  return { flush, diary, batches, scopes, written, facts, durable, settle, disk, clock, say, unstaged }
}

test('what waits leaves after its transaction, after the peers were told, and before the envelope goes', async () => {
  const { flush, diary, batches, settle, say } = desk()
  const transaction = flush.add('g', synced(1), mark(1))
  flush.after(transaction, say('vote'))
  flush.after(transaction, say('ack'))
  flush.kick()
  await turns()
  assert.deepEqual(diary, [])
  assert.deepEqual(batches, [[{ group: 'g', entries: entries(1) }]])
  settle[0]?.resolve()
  await turns()
  assert.deepEqual(diary, ['durable g 1', 'vote', 'ack', 'released'])
  flush.after(transaction, say('later, at once'))
  assert.equal(diary.at(-1), 'later, at once')
})

test('what is added while a transaction is written waits for the next one', async () => {
  const { flush, diary, batches, settle, say } = desk()
  flush.after(flush.add('g', synced(1), mark(1)), say('first'))
  flush.kick()
  flush.after(flush.add('g', synced(2), mark(2)), say('second'))
  flush.kick()
  assert.equal(batches.length, 1, 'one at a time')
  settle[0]?.resolve()
  await turns()
  assert.deepEqual(diary, ['durable g 1', 'first', 'released'])
  assert.deepEqual(batches[1], [{ group: 'g', entries: entries(2) }])
  settle[1]?.resolve()
  await turns()
  assert.deepEqual(diary.slice(3), ['durable g 2', 'second', 'released'])
})

test('all groups of a turn share one transaction', async () => {
  const { flush, diary, batches, settle } = desk()
  flush.add('g', synced(1), mark(1))
  flush.add('h', { ...NOTHING, hardState: hardState(0), mustSync: true }, mark(0))
  flush.kick()
  assert.deepEqual(batches, [
    [
      { group: 'g', entries: entries(1) },
      { group: 'h', hardState: hardState(0) },
    ],
  ])
  settle[0]?.resolve()
  await turns()
  assert.deepEqual(diary, ['durable g 1', 'durable h 0', 'released'])
})

test('entries that replace others before they were written win, from the first of them on', async () => {
  const { flush, batches, settle, diary } = desk()
  flush.add('g', synced(1, 2, 3), mark(3))
  const newer = [command(2, 2, Uint8Array.of(99))]
  flush.add('g', { ...NOTHING, entries: newer, hardState: hardState(1), mustSync: true }, mark(2))
  flush.add('g', { ...NOTHING, hardState: hardState(2) }, mark(2))
  flush.kick()
  assert.deepEqual(batches, [[{ group: 'g', hardState: hardState(2), entries: [...entries(1), ...newer] }]])
  settle[0]?.resolve()
  await turns()
  assert.deepEqual(diary, ['durable g 2', 'released'])
})

test('a commit index alone waits for company, but not for ever', async () => {
  const { flush, batches, settle, clock, diary } = desk()
  assert.equal(flush.add('g', { ...NOTHING, hardState: hardState(1) }, mark(1)), 0)
  flush.kick()
  flush.kick()
  clock.advance(999)
  assert.equal(batches.length, 0)
  clock.advance(1)
  assert.equal(batches.length, 1)
  settle[0]?.resolve()
  await turns()
  assert.deepEqual(diary, ['durable g 1', 'released'])
  clock.advance(1000)
  assert.equal(batches.length, 1, 'nothing to write, nothing written')
})

test('applied state is not saved with every entry, but soon, and at once when there is much of it', async () => {
  const { flush, batches, scopes, settle, disk, clock } = desk()
  disk.unsavedBytes = 10
  flush.add('g', synced(1), mark(1))
  flush.kick()
  assert.deepEqual(scopes, ['batch'])
  settle[0]?.resolve()
  await turns()
  assert.equal(batches.length, 1)
  clock.advance(1000)
  assert.deepEqual(scopes, ['batch', 'all'])
  const full = desk()
  full.disk.unsavedBytes = 9 * 1024 * 1024
  full.flush.kick()
  assert.deepEqual(full.scopes, ['all'])
})

test('after a failure nothing leaves, nothing is written, nobody is told that it is durable', async () => {
  const { flush, diary, batches, settle, say, clock } = desk()
  flush.after(flush.add('g', synced(1), mark(1)), say('ack'))
  flush.kick()
  flush.after(flush.add('g', synced(2), mark(2)), say('ack 2'))
  settle[0]?.reject(new Error('EIO'))
  await turns()
  assert.deepEqual(diary, ['failed Error: EIO'])
  flush.after(flush.add('g', synced(3), mark(3)), say('ack 3'))
  flush.after(0, say('what needs no disk'))
  flush.kick()
  clock.advance(1000)
  await flush.settle()
  await turns()
  assert.deepEqual(diary, ['failed Error: EIO'])
  assert.equal(batches.length, 1)
})

test('after a stop, what is being written is not told of', async () => {
  const { flush, diary, settle, say } = desk()
  flush.after(flush.add('g', synced(1), mark(1)), say('ack'))
  flush.kick()
  flush.stop()
  settle[0]?.resolve()
  await turns()
  assert.deepEqual(diary, [])
})

test('settle saves everything and waits for it', async () => {
  const { flush, batches, settle, disk } = desk()
  flush.add('g', synced(1), mark(1))
  flush.kick()
  flush.add('g', { ...NOTHING, hardState: hardState(1) }, mark(1))
  disk.unsavedBytes = 1
  let settled = false
  const over = flush.settle().then(() => {
    settled = true
  })
  settle[0]?.resolve()
  await turns()
  assert.equal(settled, false)
  assert.equal(batches.length, 2)
  settle[1]?.resolve()
  await over
})

test('a disk that hangs does not gather replies without end: what is too much is lost, as on the way', async () => {
  const { flush, settle } = desk()
  const transaction = flush.add('g', synced(1), mark(1))
  let left = 0
  for (let i = 0; i < HELD_MAX + 10; i++) flush.after(transaction, () => left++)
  flush.kick()
  settle[0]?.resolve()
  await turns()
  assert.equal(left, HELD_MAX)
})

test('a state that was to be installed is given up with its group, unless it is on its way to the disk', async () => {
  const { flush, batches, settle, unstaged } = desk()
  const membership = { conf: votersOnly([1]), peers: { 1: 'a' }, lastPeerId: 1 }
  const installation = (group: string) => ({ state: { group, bytes: 1 }, membership, index: 5, term: 1 })
  flush.install('g', installation('g'), mark(5)) // leaves at once
  flush.install('h', installation('h'), mark(5))
  flush.forget('g')
  flush.forget('h')
  assert.deepEqual(unstaged, [{ group: 'h', bytes: 1 }])
  settle[0]?.resolve()
  await turns()
  assert.deepEqual(
    batches.map((batch) => batch.map(({ group }) => group)),
    [['g'], []],
  )
})

test('a note goes with the next write, and waits a second for one', async () => {
  const { flush, facts, durable, written, scopes, settle, clock } = desk()
  facts.set('promised', 'one')
  flush.kick()
  await turns()
  assert.deepEqual(written, [], 'nobody waits for it')
  flush.add('g', synced(1), mark(1))
  flush.kick()
  await turns()
  assert.deepEqual([written, scopes], [[new Map([['promised', 'one']])], ['batch']])
  assert.deepEqual(durable, [])
  settle[0]?.resolve()
  await turns()
  assert.deepEqual(durable, ['g 1'])
  facts.set('promised', 'two')
  flush.kick()
  clock.advance(1000)
  await turns()
  assert.deepEqual(written.slice(1), [new Map([['promised', 'two']])])
})
