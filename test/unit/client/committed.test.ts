/** The stream of committed entries: once each, in order, whatever the live messages do. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { text, utf8 } from '../../../src/base/bytes.ts'
import { FlotillaError } from '../../../src/base/errors.ts'
import { BACKLOG_ENTRIES_MAX, Backlog } from '../../../src/client/backlog.ts'
import { type Client, connect } from '../../../src/client/client.ts'
import { type CommittedSource, committedEntries } from '../../../src/client/committed.ts'
import type { CommittedEntry } from '../../../src/client/types.ts'
import { silent } from '../../../src/ports/logger.ts'
import { decodeCommand, encodePut } from '../../../src/statemachines/kv/command.ts'
import { eventually, refusedWith } from '../../contract/transport-waiting.ts'
import { FakeCluster } from './fake-cluster.ts'

const put = (key: string): Uint8Array => encodePut('default', utf8(key), utf8('v'))
const keyOf = ({ data }: CommittedEntry): string => {
  const command = decodeCommand(data)
  return command.op === 'put' ? text(command.key) : command.op
}

/** Reads a stream in the background, up to a number of entries. */
function reader(stream: AsyncIterable<CommittedEntry>, count = Number.POSITIVE_INFINITY): { keys: string[]; end: Promise<void> } {
  const keys: string[] = []
  const end = (async () => {
    for await (const entry of stream) {
      keys.push(`${entry.index}:${keyOf(entry)}`)
      if (keys.length === count) return
    }
  })()
  return { keys, end }
}

async function stage(t: { after(end: () => Promise<void>): void }): Promise<{ cluster: FakeCluster; client: Client }> {
  const cluster = new FakeCluster()
  const client = await connect({ cluster: 'demo', transport: cluster.hub.connect('client') })
  t.after(() => client.close())
  return { cluster, client }
}

test('what commits after the call comes as it commits; what was there before does not', async (t) => {
  const { cluster, client } = await stage(t)
  cluster.commit(put('old'))
  const { keys, end } = reader(client.committed('kv'), 2)
  await new Promise((resolve) => setTimeout(resolve, 30))
  cluster.commit(put('x'))
  cluster.commit(put('y'))
  await end
  assert.deepEqual(keys, ['2:x', '3:y'])
})

test('from an index on, the log comes first, then what is live, without a seam', async (t) => {
  const { cluster, client } = await stage(t)
  for (let i = 1; i <= 1200; i++) cluster.commit(put(`k${i}`))
  const { keys, end } = reader(client.committed('kv', { from: 2 }), 1300)
  for (let i = 1201; i <= 1301; i++) {
    if (i % 10 === 0) await new Promise(setImmediate)
    cluster.commit(put(`k${i}`))
  }
  await end
  assert.deepEqual(
    keys,
    Array.from({ length: 1300 }, (_, i) => `${i + 2}:k${i + 2}`),
  )
})

test('repeated, disordered and foreign messages make no difference; a gap is filled from the log', async (t) => {
  const { cluster, client } = await stage(t)
  const { keys, end } = reader(client.committed('kv', { from: 1 }), 5)
  await new Promise((resolve) => setTimeout(resolve, 20))
  cluster.live = false
  for (let i = 1; i <= 5; i++) cluster.commit(put(`k${i}`))
  const stranger = cluster.hub.connect('stranger')
  stranger.publish('flotilla.demo.group.kv.committed.x', utf8('?'), { 'Flotilla-Group': 'kv', 'Flotilla-Index': 'two' })
  stranger.publish('flotilla.demo.group.kv.committed.x', utf8('?'))
  const foreign = { 'Flotilla-Group': 'other', 'Flotilla-Index': '1', 'Flotilla-Term': '1', 'Flotilla-Kind': 'command' }
  stranger.publish('flotilla.demo.group.kv.committed.x', put('foreign'), foreign)
  for (const i of [4, 2, 2, 5]) cluster.publish(cluster.log[i - 1] as (typeof cluster.log)[number])
  await end
  assert.deepEqual(keys, ['1:k1', '2:k2', '3:k3', '4:k4', '5:k5'])
})

/** A stream with a quick eye for silence. */
const quick = (cluster: FakeCluster, client: Client, parts: Partial<CommittedSource> = {}): AsyncIterable<CommittedEntry> =>
  committedEntries({
    group: 'kv',
    from: 1,
    signal: new AbortController().signal,
    transport: cluster.hub.connect('quick'),
    subject: 'flotilla.demo.group.kv.committed.>',
    log: (from, limit) => client.log('kv', { from, limit }),
    logger: silent,
    quietMs: 40,
    ...parts,
  })

test('a last message that was lost is found when it stays quiet', async (t) => {
  const { cluster, client } = await stage(t)
  cluster.live = false
  const { keys, end } = reader(quick(cluster, client), 1)
  await new Promise((resolve) => setTimeout(resolve, 20))
  cluster.commit(put('silent'))
  await end
  assert.deepEqual(keys, ['1:silent'])
})

test('after an outage the log is asked at once', async (t) => {
  const { cluster, client } = await stage(t)
  const { keys } = reader(client.committed('kv', { from: 1 }))
  await new Promise((resolve) => setTimeout(resolve, 20))
  cluster.hub.disconnect('client')
  cluster.commit(put('missed'))
  cluster.hub.reconnect('client')
  await eventually(() => keys.length === 1, 1000)
})

test('a reader that is slow costs a bounded backlog, and misses nothing', async (t) => {
  const { cluster, client } = await stage(t)
  const stream = client.committed('kv', { from: 1 })[Symbol.asyncIterator]()
  cluster.commit(put('first'))
  assert.equal((await stream.next()).value?.index, 1)
  const total = BACKLOG_ENTRIES_MAX + 500
  for (let i = 2; i <= total; i++) cluster.commit(put('k'))
  for (let i = 2; i <= total; i++) assert.equal((await stream.next()).value?.index, i)
  await stream.return?.()
})

test('the backlog keeps to its bounds and notices what it lacks', () => {
  const backlog = new Backlog()
  backlog.startAt(1)
  backlog.trust()
  for (let index = 1; index <= BACKLOG_ENTRIES_MAX + 10; index++) {
    backlog.offer({ group: 'kv', index, term: 1, kind: 'command', data: utf8('x') })
  }
  assert.equal(backlog.size, BACKLOG_ENTRIES_MAX)
  for (let i = 0; i < BACKLOG_ENTRIES_MAX; i++) assert.equal(backlog.take()?.index, i + 1)
  assert.equal(backlog.take(), null)
  assert.equal(backlog.lacks, true)
  assert.equal(backlog.skip(BACKLOG_ENTRIES_MAX + 2), false)
  assert.equal(backlog.skip(BACKLOG_ENTRIES_MAX + 1), true)
})

test('an entry that is not in the log any more ends the stream with COMPACTED', async (t) => {
  const { cluster, client } = await stage(t)
  const gone = async (): Promise<never> => {
    throw new FlotillaError('COMPACTED', 'gone', { first: 9 })
  }
  await assert.rejects(reader(quick(cluster, client, { log: gone })).end, refusedWith('COMPACTED'))
})

test('a log that begins too late is not taken for the whole', async (t) => {
  const { cluster, client } = await stage(t)
  const entry = { index: 9, term: 1, kind: 'command' as const, data: put('k') }
  const log = async () => ({ group: 'kv', first: 9, commit: 9, entries: [entry] })
  await assert.rejects(reader(quick(cluster, client, { log })).end, refusedWith('COMPACTED'))
})

test('the stream ends with the signal, and with the client', async (t) => {
  const { client } = await stage(t)
  const controller = new AbortController()
  const one = reader(client.committed('kv', { signal: controller.signal }))
  const two = reader(client.committed('kv', { from: 1 }))
  await new Promise((resolve) => setTimeout(resolve, 20))
  controller.abort()
  await one.end
  await client.close()
  await two.end
})
