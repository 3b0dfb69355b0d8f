/** The engine: a turn steps who has mail, does what they ask in the order that keeps promises, and forgets nobody who waits. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { EMPTY, utf8 } from '../../../src/base/bytes.ts'
import { momentOf } from '../../../src/node/moments.ts'
import type { Message } from '../../../src/protocol/messages.ts'
import { type Bench, bench } from './engine-bench.ts'
import { append, command, turns } from './sample-node.ts'

/** Peer 2 grants, and peer 1 leads term 1 with its first entry committed. */
async function elect({ clock, hear, sent, host }: Bench): Promise<void> {
  for (let i = 0; i < 110; i++) clock.advance(20)
  await turns()
  await hear({ type: 'PreVoteReply', from: 2, to: 1, term: 1, granted: true })
  await hear({ type: 'RequestVoteReply', from: 2, to: 1, term: 1, granted: true })
  assert.equal(host.leads, true)
  for (const peer of [2, 3]) await acknowledge({ hear }, 1, peer)
  sent.length = 0
}

const acknowledge = ({ hear }: Pick<Bench, 'hear'>, index: number, from = 2): Promise<void> =>
  hear({ type: 'AppendEntriesReply', from, to: 1, term: 1, accepted: true, index, hintIndex: 0, hintTerm: 0 })

const typesOf = (sent: readonly Message[]): string[] => sent.map(({ type }) => type)

function propose({ host, engine }: Bench, word: string) {
  const { ticket, outcome } = host.waiters.wait(1e9, true)
  host.mailbox.propose({ ticket, kind: 'command', data: utf8(word) })
  engine.wake(host)
  return outcome
}

test('an acknowledgement leaves only when its entries are on the disk', async () => {
  const { hear, sent, switches, release } = await bench()
  switches.slow = true
  await hear(append(0, [command(1, 1, utf8('x'))]))
  assert.deepEqual(sent, [])
  await hear({ type: 'Heartbeat', from: 2, to: 1, term: 1, commit: 0, round: 1 })
  assert.deepEqual(sent, [], 'a later reply does not overtake it')
  await release()
  assert.deepEqual(typesOf(sent), ['AppendEntriesReply', 'HeartbeatReply'])
})

test('a vote leaves only when it is on the disk', async () => {
  const { hear, sent, switches, release, disk } = await bench()
  switches.slow = true
  await hear({ type: 'RequestVote', from: 3, to: 1, term: 1, lastIndex: 0, lastTerm: 0, transfer: false })
  assert.deepEqual(sent, [])
  assert.equal(disk.image?.groups.get('g')?.hardState.vote, null)
  await release()
  assert.deepEqual(typesOf(sent), ['RequestVoteReply'])
  assert.equal(disk.image?.groups.get('g')?.hardState.vote, 3)
})

test('a leader sends entries before they are on its own disk, and counts itself only after', async () => {
  const b = await bench()
  await elect(b)
  b.switches.slow = true
  let done = false
  const outcome = propose(b, 'word').then(() => {
    done = true
  })
  await turns()
  assert.deepEqual(typesOf(b.sent), ['AppendEntries', 'AppendEntries'])
  assert.equal(b.host.snapshot.context.commit, 1)
  await b.release()
  assert.equal(b.host.snapshot.context.commit, 1, 'one of three is no majority')
  await acknowledge(b, 2)
  await outcome
  assert.equal(done, true)
})

test('followers may outvote a leader whose own disk is slow; it acknowledges what a majority has', async () => {
  const b = await bench()
  await elect(b)
  b.switches.slow = true
  const outcome = propose(b, 'word')
  await turns()
  await acknowledge(b, 2)
  assert.equal(b.host.snapshot.context.commit, 1)
  await acknowledge(b, 2, 3)
  assert.equal((await outcome).index, 2)
})

test('a disk that fails ends everything: no reply leaves, and the furthest follower is told to lead', async () => {
  const b = await bench()
  await elect(b)
  const first = propose(b, 'first')
  await turns()
  await acknowledge(b, 2, 3)
  await first
  b.sent.length = 0
  b.disk.failNext()
  const outcome = propose(b, 'word')
  let told = false
  outcome.then(
    () => assert.fail('it was acknowledged'),
    () => {
      told = true
    },
  )
  await turns()
  assert.deepEqual(
    b.ends.map(({ code }) => code),
    ['STORAGE_FAILED'],
  )
  b.engine.abdicate()
  await turns()
  assert.deepEqual(typesOf(b.sent), ['AppendEntries', 'AppendEntries', 'TimeoutNow'])
  assert.equal(b.sent.at(-1)?.to, 3, 'who acknowledged most')
  await acknowledge(b, 3)
  b.clock.advance(5000)
  await turns()
  assert.equal(b.sent.length, 3)
  assert.equal(told, false, 'the node tells them when it closes')
})

test('a peer that breaks a rule is taken out, and whoever waits hears', async () => {
  const b = await bench()
  await elect(b)
  const told = assert.rejects(propose(b, 'word'), { code: 'TIMEOUT_UNKNOWN' })
  await turns()
  b.sent.length = 0
  await b.hear(append(0, [])) // another leader in our own term
  assert.deepEqual(
    b.ends.map(({ code }) => code),
    ['INVARIANT'],
  )
  await told
  assert.deepEqual(b.sent, [])
  assert.equal(b.engine.hosts.size, 0)
})

test('who leads no more tells nobody that nothing was done: the next leader may commit it', async () => {
  const b = await bench()
  await elect(b)
  const outcome = propose(b, 'word')
  let isTold = false
  const told = outcome.finally(() => {
    isTold = true
  })
  await turns()
  const word: Message = { type: 'AppendEntries', from: 3, to: 1, term: 2, prevIndex: 2, prevTerm: 1, commit: 1, entries: [] }
  await b.hear(word)
  assert.deepEqual([b.host.leads, isTold], [false, false])
  await b.hear({ ...word, commit: 2 })
  assert.equal((await told).index, 2)
})

test('reads refused by a follower are not remembered for ever', async () => {
  const { engine, host, clock } = await bench()
  for (let i = 0; i < 100; i++) {
    const { ticket, outcome } = host.waiters.wait(1e9, false)
    host.ask(ticket, { moment: momentOf(clock), dueAt: 1e9 })
    engine.wake(host)
    await assert.rejects(outcome, { code: 'NOT_LEADER' })
  }
  assert.deepEqual(host.reads.takeAsked(), [])
})

test('what was heard first may put a timer off, however late the turn is', async () => {
  const { host, clock, sent, hear, roles } = await bench()
  for (let i = 0; i < 49; i++) clock.advance(20)
  await hear({ type: 'Heartbeat', from: 2, to: 1, term: 1, commit: 0, round: 1 })
  sent.length = 0
  for (let i = 0; i < 60; i++) clock.advance(20) // no turn of the event loop meanwhile
  host.mailbox.message({ type: 'Heartbeat', from: 2, to: 1, term: 1, commit: 0, round: 2 })
  await turns()
  assert.deepEqual(typesOf(sent), ['HeartbeatReply'])
  assert.deepEqual(
    roles.map(({ role }) => role),
    ['follower'],
  )
})

test('subscribers hear of an entry without further mail, but after what its proposer said next has left', async () => {
  const b = await bench()
  await elect(b)
  assert.deepEqual(b.told, [1])
  let toldByThen: readonly number[] = []
  void propose(b, 'first').then(() => {
    toldByThen = [...b.told]
    void propose(b, 'second')
  })
  await turns()
  await acknowledge(b, 2)
  assert.deepEqual(toldByThen, [1])
  assert.deepEqual(b.told, [1, 2])
  assert.equal(b.toldAfter.at(-1), 3, 'its next command was in the log by then')
})

test('what was applied is told when the engine settles, and when the peer or the disk breaks', async () => {
  const ends = [
    (b: Bench) => b.engine.settle(),
    async (b: Bench) => b.engine.abdicate(),
    (b: Bench) => b.hear(append(0, [])), // another leader in our own term
  ]
  for (const end of ends) {
    const b = await bench()
    await elect(b)
    const outcome = propose(b, 'word')
    await turns()
    const reply = { from: 2, to: 1, term: 1, accepted: true, index: 2, hintIndex: 0, hintTerm: 0 }
    b.host.mailbox.message({ type: 'AppendEntriesReply', ...reply })
    b.engine.wake(b.host)
    await outcome
    assert.deepEqual(b.told, [1])
    await end(b)
    assert.deepEqual(b.told, [1, 2])
  }
})

test('a peer whose state is being replaced waits with all its mail, and keeps nobody busy', async () => {
  const { engine, host, hear } = await bench()
  let applied = 0
  const apply = host.applyCommitted.bind(host)
  host.applyCommitted = () => {
    applied++
    return apply()
  }
  host.isPaused = true
  await hear(append(0, [command(1, 1, utf8('x'))]))
  await engine.settle()
  assert.deepEqual([applied, host.mailbox.isEmpty, host.snapshot.context.log.lastIndex], [0, false, 0])
  host.isPaused = false
  engine.wake(host)
  await turns()
  assert.equal(host.snapshot.context.log.lastIndex, 1)
})

test('nothing is taken in while a state is on its way to the disk, and what came meanwhile comes after it', async () => {
  const { engine, host, store, switches, hear, release } = await bench()
  const { membership } = host.table
  const at = { index: 5, term: 1 }
  await hear({ type: 'InstallSnapshot', from: 2, to: 1, term: 1, snapshot: { ...at, conf: membership.conf, data: EMPTY } })
  const state = await store.stage('g', (async function* () {})())
  switches.slow = true
  const isInstalled = engine.install(host, { state, membership, ...at })
  const steps: number[] = []
  const stepAll = host.stepAll.bind(host)
  host.stepAll = () => {
    stepAll()
    steps.push(host.snapshot.context.log.lastIndex)
  }
  await hear({ type: 'Heartbeat', from: 2, to: 1, term: 1, commit: 5, round: 1 })
  assert.deepEqual(steps, [])
  await release()
  assert.deepEqual([await isInstalled, steps, host.isPaused], [true, [5], false])
})

test('what is on its disk is no news to a follower: it hears of it with its next mail', async () => {
  const { engine, host, hear, sent } = await bench()
  await hear(append(0, [command(1, 1, utf8('x'))]))
  await engine.settle()
  assert.deepEqual([host.snapshot.context.log.durableIndex, sent.length > 0], [0, true])
  await hear({ type: 'Heartbeat', from: 2, to: 1, term: 1, commit: 0, round: 1 })
  assert.equal(host.snapshot.context.log.durableIndex, 1)
})
