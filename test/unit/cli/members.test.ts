/** `flotilla members` against real nodes over the embedded broker: a second node is added, promoted, demoted and removed. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { run } from '../../../src/cli/run.ts'
import { createNode } from '../../../src/node/node.ts'
import type { FlotillaNode } from '../../../src/node/types.ts'
import { kv } from '../../../src/statemachines/kv/kv.ts'
import { memoryStore } from '../../../src/storage/memory/store.ts'
import { startBroker } from '../../../src/transport/broker/broker.ts'
import { natsTransport } from '../../../src/transport/nats/transport.ts'
import { fakeTerminal } from './fake-terminal.ts'

test('members are listed, added, promoted, demoted and removed', async (t) => {
  const broker = await startBroker({ port: 0 })
  const nodes: FlotillaNode[] = []
  t.after(async () => {
    await Promise.all(nodes.map((node) => node.stop()))
    await broker.close()
  })
  const start = async (
    id: string,
    part: { readonly nodes: readonly string[]; readonly join?: boolean },
  ): Promise<FlotillaNode> => {
    const transport = await natsTransport({ servers: broker.url })
    const groups = [{ id: 'kv', stateMachine: kv() }]
    const store = memoryStore({ cluster: 'demo', node: id })
    const node = await createNode({ cluster: 'demo', id, ...part, store, groups, transport, timing: { electionTimeoutMs: 100 } })
    nodes.push(node)
    return node
  }
  const flotilla = async (line: string) => {
    const terminal = fakeTerminal({ env: { FLOTILLA_NATS: broker.url } })
    const code = await run(line.split(' '), terminal)
    return { code, out: terminal.out.text, err: terminal.err.text }
  }
  await start('a', { nodes: ['a'] })
  await start('b', { nodes: [], join: true })

  assert.deepEqual(await flotilla('members list'), { code: 0, out: 'peer  node  part\n   1  a     voter\n', err: '' })
  const added = await flotilla('members add b --learner')
  assert.deepEqual(added, { code: 0, out: 'peer  node  part\n   1  a     voter\n   2  b     learner\n', err: '' })
  assert.match((await flotilla('members promote b')).out, /2 {2}b {5}voter/)
  const demoted = await flotilla('members demote b')
  assert.deepEqual([demoted.err, demoted.out], ['', added.out])
  const json = JSON.parse((await flotilla('members list --json')).out) as { peers: object; lastPeerId: number }
  assert.deepEqual([json.peers, json.lastPeerId], [{ 1: 'a', 2: 'b' }, 2])
  assert.equal((await flotilla('members remove b')).out, 'peer  node  part\n   1  a     voter\n')

  const twice = await flotilla('members remove b')
  assert.deepEqual([twice.code, twice.err], [1, "flotilla: CONF_INVALID: node 'b' is no member\n"])
  const runs = await flotilla('members readmit a')
  assert.deepEqual([runs.code, runs.out, /^flotilla: CONF_INVALID: no node that answers/.test(runs.err)], [1, '', true], runs.err)
  assert.deepEqual((await flotilla('members remove a')).code, 1, 'somebody must vote')
  for (const line of [
    'members',
    'members kill b',
    'members add',
    'members readmit',
    'members readmit b --group kv',
    'members list b',
    'members promote b --learner',
    'members add b c',
  ]) {
    const { code, err } = await flotilla(line)
    assert.deepEqual([code, err.startsWith('flotilla: USAGE: ')], [2, true], line)
  }
})
