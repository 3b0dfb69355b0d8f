/** One peer on an engine whose time and disk a test owns. Knows the parts, and not what is to be shown of them. */

import type { FlotillaError } from '../../../src/base/errors.ts'
import { prng } from '../../../src/base/prng.ts'
import { manualClock } from '../../../src/clock/manual.ts'
import { Engine } from '../../../src/node/engine.ts'
import { Outbox } from '../../../src/node/outbox.ts'
import { silent } from '../../../src/ports/logger.ts'
import type { Message } from '../../../src/protocol/messages.ts'
import type { SoftState } from '../../../src/protocol/types.ts'
import { MemoryDisk } from '../../../src/storage/memory/disk.ts'
import { memoryStore } from '../../../src/storage/memory/store.ts'
import { loopback } from '../../../src/transport/loopback/hub.ts'
import { decodeEnvelope } from '../../../src/wire/envelope.ts'
import { subjectsOf } from '../../../src/wire/subjects.ts'
import { sampleHost, turns } from './sample-node.ts'

/** One of three, in no term yet; what it sends is kept. */
export async function bench() {
  const gate: (() => void)[] = []
  const switches = { slow: false }
  const disk = new MemoryDisk({ sync: () => (switches.slow ? new Promise((resolve) => gate.push(resolve)) : Promise.resolve()) })
  const store = memoryStore({ cluster: 'demo', node: 'a' }, disk)
  const clock = manualClock()
  const hub = loopback()
  const sent: Message[] = []
  hub.connect('world').subscribe('flotilla.demo.raft.*.a', ({ data }) => {
    for (const { message } of decodeEnvelope(data).messages) sent.push(message)
  })
  const sender = { cluster: 'demo', node: 'a', store: store.identity.uuid, boot: 1, run: 'r' }
  const outbox = new Outbox({ transport: hub.connect('a'), subjects: subjectsOf('demo'), sender, logger: silent })
  const roles: SoftState[] = []
  const ends: FlotillaError[] = []
  const engine = new Engine({
    store,
    outbox,
    clock,
    random: prng(1),
    electionTimeoutMs: 1000,
    heartbeatMs: 100,
    logger: silent,
    notes: { isEmpty: true, take: () => new Map(), durable: () => {} },
    onRole: (_, soft) => roles.push(soft),
    snapshots: { offer: () => {}, take: () => {} },
    onMembers: () => {},
    onRemoved: () => {},
    onBroken: (_, error) => ends.push(error),
    onFailure: (error) => ends.push(error),
  })
  const untold: number[] = []
  const told: number[] = []
  const toldAfter: number[] = []
  const gazette = {
    isShort: false, // a longer lot: told when others are at work
    get isEmpty() {
      return untold.length === 0
    },
    publish() {
      if (untold.length > 0) toldAfter.push(host.snapshot.context.log.lastIndex)
      told.push(...untold.splice(0))
    },
  }
  const host = await sampleHost({ store, gazette, onApplied: ({ index }) => void untold.push(index) })
  engine.add(host)
  engine.start()
  await turns()
  const hear = async (message: Message): Promise<void> => {
    host.mailbox.message(message)
    engine.wake(host)
    await turns()
  }
  const release = async (): Promise<void> => {
    for (const open of gate.splice(0)) open()
    await turns()
  }
  return { engine, host, store, clock, sent, roles, ends, disk, switches, hear, release, told, toldAfter }
}

export type Bench = Awaited<ReturnType<typeof bench>>
