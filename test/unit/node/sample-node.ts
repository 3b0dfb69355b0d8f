/** Parts of a node for tests of its rooms: a host on a store in memory, messages, and a state machine that can be told to misbehave. */

import { EMPTY, text } from '../../../src/base/bytes.ts'
import { FlotillaError } from '../../../src/base/errors.ts'
import { PeerHost } from '../../../src/node/peer-host.ts'
import type { StateMachine } from '../../../src/ports/state-machine.ts'
import type { NodeStore } from '../../../src/ports/store.ts'
import type { Message } from '../../../src/protocol/messages.ts'
import { type Entry, votersOnly } from '../../../src/protocol/types.ts'
import { MemoryDisk } from '../../../src/storage/memory/disk.ts'
import { memoryStore } from '../../../src/storage/memory/store.ts'

/** Keeps each command under itself as a key; obeys the words `refuse`, `stray`, `break` and `null`. */
export function parrot(): StateMachine {
  return {
    kind: 'parrot',
    families: ['default'],
    check(command) {
      if (text(command) === 'unfit') throw new FlotillaError('COMMAND_INVALID', 'no such word')
    },
    apply({ data }) {
      const word = text(data)
      if (word === 'refuse') throw new FlotillaError('COMMAND_INVALID', 'the parrot refuses')
      if (word === 'break') throw new TypeError('the parrot broke')
      if (word === 'null') throw null
      const key = word === 'stray' ? new Uint8Array(5000) : data.subarray(0, 1000)
      return { writes: [{ family: 'default', key, value: data }], result: data }
    },
    query: (request, table) => table.get('default', request) ?? EMPTY,
    topic: (command) => [text(command)],
  }
}

/** What happens around a host that a test may want to see. */
export interface HostOptions {
  readonly group?: string
  readonly store?: NodeStore
  readonly nodes?: readonly string[]
  readonly stateMachine?: StateMachine
  /** How often the node was started before. */
  readonly boot?: number
  readonly onApplied?: (entry: Entry) => void
  readonly gazette?: { readonly isEmpty: boolean; readonly isShort: boolean; publish(): void }
}

/** The peer of the first of these nodes, by default one of three, with nothing in its log. */
export async function sampleHost(options: HostOptions = {}): Promise<PeerHost> {
  const { group = 'g', nodes = ['a', 'b', 'c'], stateMachine = parrot(), onApplied = () => {} } = options
  const store = options.store ?? memoryStore({ cluster: 'demo', node: 'a' }, new MemoryDisk())
  const peers = Object.fromEntries(nodes.map((node, i) => [i + 1, node]))
  const recovered = await store.open(group, { conf: votersOnly(nodes.map((_, i) => i + 1)), peers, kind: stateMachine.kind })
  return new PeerHost({
    group,
    members: 'epoch',
    birthmark: '',
    id: 1,
    recovered,
    reader: store.reader(group),
    table: store.table(group),
    stateMachine,
    boot: options.boot ?? 0,
    gazette: options.gazette ?? { isEmpty: true, isShort: true, publish() {} },
    onApplied,
  })
}

export const command = (index: number, term: number, data: Uint8Array): Entry => ({ index, term, kind: 'command', data })

/** The leader of term 1, peer 2, sends entries after `prevIndex`. */
export const append = (prevIndex: number, entries: readonly Entry[], commit = 0): Message => ({
  type: 'AppendEntries',
  from: 2,
  to: 1,
  term: entries.at(-1)?.term ?? 1,
  prevIndex,
  prevTerm: prevIndex === 0 ? 0 : 1,
  commit,
  entries,
})

/** Lets everything that is due in this turn of the event loop, and the next few, happen. */
export async function turns(count = 8): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise<void>((resolve) => setImmediate(resolve))
}
