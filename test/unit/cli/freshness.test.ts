/** How fresh a read must be and who should lead, as the command line says it, against a node over the embedded broker. */

import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { run } from '../../../src/cli/run.ts'
import { createNode } from '../../../src/node/node.ts'
import type { FlotillaNode } from '../../../src/node/types.ts'
import { kv } from '../../../src/statemachines/kv/kv.ts'
import { memoryStore } from '../../../src/storage/memory/store.ts'
import { type Broker, startBroker } from '../../../src/transport/broker/broker.ts'
import { natsTransport } from '../../../src/transport/nats/transport.ts'
import { fakeTerminal } from './fake-terminal.ts'

let broker: Broker
let node: FlotillaNode

async function flotilla(line: string): Promise<{ readonly code: number; readonly out: string; readonly err: string }> {
  const terminal = fakeTerminal({ env: { FLOTILLA_NATS: broker.url } })
  const code = await run(line.split(' '), terminal)
  return { code, out: terminal.out.text, err: terminal.err.text }
}

describe('freshness', () => {
  before(async () => {
    broker = await startBroker({ port: 0 })
    node = await createNode({
      cluster: 'demo',
      id: 'a',
      nodes: ['a'],
      store: memoryStore({ cluster: 'demo', node: 'a' }),
      groups: [{ id: 'kv', stateMachine: kv() }],
      transport: await natsTransport({ servers: broker.url }),
      timing: { electionTimeoutMs: 50 },
    })
    await flotilla('put greeting hello')
  })
  after(async () => {
    await node.stop()
    await broker.close()
  })

  test('get and scan take every word for it', async () => {
    for (const how of [
      '--consistency linearizable',
      '--consistency follower',
      '--max-staleness 60000',
      '--consistency stale',
      '--stale',
    ]) {
      assert.equal((await flotilla(`get greeting ${how}`)).out, 'hello', how)
      assert.equal((await flotilla(`scan ${how}`)).out, 'greeting\thello\n', how)
    }
  })

  test('what contradicts itself is wrong use; whether it keeps leases a node must say itself', async () => {
    const wrong = [
      '--consistency eventual',
      '--stale --consistency follower',
      '--consistency lease --max-staleness 5',
      '--max-staleness x',
    ]
    for (const how of wrong) {
      for (const command of ['get greeting', 'scan']) assert.equal((await flotilla(`${command} ${how}`)).code, 2, how)
    }
    const { code, err } = await flotilla('get greeting --consistency lease')
    assert.equal(code, 1)
    assert.match(err, /^flotilla: CONFIG_INVALID: node 'a' keeps no leases/)
  })

  test('a group with one voter has nobody to hand over to', async () => {
    for (const line of ['transfer', 'transfer --to a', 'transfer --to nobody']) {
      const { code, err } = await flotilla(line)
      assert.equal(code, 1)
      assert.match(err, /^flotilla: TARGET_INVALID: /, line)
    }
  })
})
