/** One process of the benchmark: a node, and beside it a member of the bare pipeline, each with a store of its own. Ends with its parent. */

import { join } from 'node:path'
import { createNode } from '../../src/node/node.ts'
import type { NodeStore } from '../../src/ports/store.ts'
import type { Transport } from '../../src/ports/transport.ts'
import { encodePut } from '../../src/statemachines/kv/command.ts'
import { kv } from '../../src/statemachines/kv/kv.ts'
import { openLmdb } from '../../src/storage/lmdb/open.ts'
import type { Commit } from '../../src/storage/lmdb/writer.ts'
import { natsTransport } from '../../src/transport/nats/transport.ts'
import { BarePipeline } from './bare.ts'
import { load } from './load.ts'
import { type Answers, CLUSTER, type Flushes, GROUP, keyOf, type Letter, type Order, type Reply, VALUE } from './orders.ts'

/** Counts what reaches the disk. */
class Meter {
  #transactions = 0
  #changes = 0

  readonly wrap =
    (commit: Commit): Commit =>
    (changes) => {
      this.#transactions++
      this.#changes += changes.length
      return commit(changes)
    }

  get flushes(): Flushes {
    return { transactions: this.#transactions, changes: this.#changes }
  }
}

type Load = Extract<Order, { readonly name: 'load' }>

interface Member {
  role(): string
  flushes(): Answers['flushes']
  load(order: Load): Promise<Answers['load']>
  stop(): Promise<void>
}

async function startMember({ node: id, nodes, url, dir }: Extract<Order, { readonly name: 'start' }>): Promise<Member> {
  const meters = { node: new Meter(), bare: new Meter() }
  const dial = (): Promise<Transport> => natsTransport({ servers: url, connectTimeoutMs: 5000 })
  const open = (kind: 'node' | 'bare'): Promise<NodeStore> =>
    openLmdb({ dir: join(dir, id, kind), cluster: CLUSTER, node: id, wrapCommit: meters[kind].wrap })
  const [transport, store] = [await dial(), await open('bare')]
  const bare = new BarePipeline({ store, transport, self: id, nodes })
  await bare.open()
  const groups = [{ id: GROUP, stateMachine: kv() }]
  const node = await createNode({ cluster: CLUSTER, id, nodes, groups, transport: await dial(), store: await open('node') })
  return {
    role: () => node.status().groups[0]?.role ?? 'none',
    flushes: () => ({ node: meters.node.flushes, bare: meters.bare.flushes }),
    load({ contender, pressure }) {
      const put = (n: number): Uint8Array => encodePut('default', keyOf(n), VALUE)
      if (contender === 'bare') return load((n) => bare.append(put(n)), pressure)
      return load((n) => node.propose(GROUP, put(n)), pressure)
    },
    async stop() {
      await node.stop()
      await transport.close()
      await store.close()
    },
  }
}

let member: Member | null = null

async function carryOut(order: Order): Promise<Answers[Order['name']]> {
  if (order.name === 'start') {
    member = await startMember(order)
    return null
  }
  if (!member) throw new Error('not started')
  if (order.name === 'load') return member.load(order)
  if (order.name === 'role') return member.role()
  if (order.name === 'flushes') return member.flushes()
  await member.stop()
  return null
}

const answer = (reply: Reply): void => void process.send?.(reply)

process.on('message', ({ serial, order }: Letter) => {
  carryOut(order).then(
    (result) => answer({ serial, answer: result }),
    (error: unknown) => answer({ serial, error: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
  )
})
process.once('disconnect', () => process.exit()) // the parent is done, or gone
