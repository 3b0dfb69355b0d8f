/** What a program in any language sees: committed entries in order, and gaps that the log fills, across the death of a leader. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sameBytes, text, utf8 } from '../../src/base/bytes.ts'
import type { Incoming } from '../../src/ports/transport.ts'
import { natsTransport } from '../../src/transport/nats/transport.ts'
import { importRecords } from './import-records.ts'
import { TestCluster } from './test-cluster.ts'

const ROOT = 'flotilla.test.group.kv'

interface Seen {
  readonly index: number
  readonly term: number
  readonly data: Uint8Array
  /** Term of the leader that published it. */
  readonly reign: number
}

/** The message as a subscriber reads it, from its headers alone. */
function seenOf({ headers, data, subject }: Incoming): Seen {
  const index = Number(headers['Flotilla-Index'])
  assert.equal(headers['Flotilla-Group'], 'kv')
  assert.equal(headers['Nats-Msg-Id'], `test/kv/${index}`)
  assert(subject.startsWith(`${ROOT}.committed.`))
  return { index, term: Number(headers['Flotilla-Term']), reign: Number(headers['Flotilla-Reign']), data: data.slice() }
}

test('a raw subscriber sees every committed entry in order across a kill of the leader, and fills gaps from the log', async (t) => {
  const cluster = await TestCluster.start(t)
  const raw = await natsTransport({ servers: cluster.server.url })
  t.after(() => raw.close())
  const seen: Seen[] = []
  let mistakes = 0
  raw.subscribe(`${ROOT}.committed.>`, (message) => {
    try {
      seen.push(seenOf(message))
    } catch {
      mistakes++
    }
  })
  await raw.flush()
  const leader = await cluster.leader('kv')
  const kill = (): Promise<void> => cluster.node(leader).kill()
  const { acknowledged, places } = await importRecords(cluster.client, {
    records: 3000,
    inFlight: 128,
    at: { count: 1000, run: kill },
  })
  await cluster.run(leader)
  await cluster.settled('kv')
  await raw.flush()
  assert.equal(mistakes, 0)
  assertOrdered(seen)

  const { commit } = (await cluster.groups('kv')).get(leader) ?? { commit: 0 }
  const whole = new Map<number, Omit<Seen, 'reign'>>(seen.map((one) => [one.index, one]))
  const missing = Array.from({ length: commit }, (_, i) => i + 1).filter((index) => !whole.has(index))
  t.diagnostic(`${seen.length} messages for ${commit} entries, ${missing.length} of them from the log`)
  for (const index of missing) whole.set(index, await fromLog(index))
  assert.equal(whole.size, commit)
  for (const { key, index, term } of places) {
    const entry = whole.get(index)
    assert.equal(entry?.term, term)
    assert(text(entry.data).includes(key), `entry ${index} is the command of ${key}`)
  }
  assert.equal(places.length, acknowledged.size)
  for (const one of seen.slice(0, 50)) assert(sameBytes(one.data, (await fromLog(one.index)).data), 'the log says the same')

  async function fromLog(index: number): Promise<Omit<Seen, 'reign'>> {
    const answer = await raw.request(`${ROOT}.log`, utf8(JSON.stringify({ from: index, limit: 1 })), { timeoutMs: 2000 })
    const [entry] = (JSON.parse(text(answer.data)) as { entries: { index: number; term: number; data: string }[] }).entries
    assert(entry && entry.index === index)
    return { ...entry, data: new Uint8Array(Buffer.from(entry.data, 'base64')) }
  }
})

/** Within the reign of a leader: every index once, in order, without a gap. Reigns follow each other. */
function assertOrdered(seen: readonly Seen[]): void {
  let before: Seen | null = null
  for (const one of seen) {
    if (before !== null && one.reign === before.reign) assert.equal(one.index, before.index + 1, 'in order, without a gap')
    if (before !== null) assert(one.reign >= before.reign, 'a leader that was replaced publishes nothing more')
    before = one
  }
}
