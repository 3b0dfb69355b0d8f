/** Your own machine, on three nodes as one, with no server at all: `npm run build && node dist/docs/examples/replicated-counter.js`. */

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { assign, setup } from 'xstate'
import { actors, connect, createNode, loopback } from '../../src/index.ts'

const turnstile = setup({
  types: {
    context: {} as { guests: number; room: number },
    input: {} as { room: number },
    events: {} as { type: 'ENTER' } | { type: 'LEAVE' } | { type: 'CLOSE' },
  },
  guards: { hasRoom: ({ context }) => context.guests < context.room, isEmpty: ({ context }) => context.guests === 0 },
  actions: {
    countIn: assign({ guests: ({ context }) => context.guests + 1 }),
    countOut: assign({ guests: ({ context }) => context.guests - 1 }),
  },
}).createMachine({
  context: ({ input }) => ({ guests: 0, room: input.room }),
  initial: 'open',
  states: {
    open: {
      on: {
        ENTER: { guard: 'hasRoom', actions: 'countIn' },
        LEAVE: { actions: 'countOut' },
        CLOSE: { guard: 'isEmpty', target: 'closed' },
      },
    },
    closed: { type: 'final' },
  },
})
const registry = { turnstile }

const hub = loopback() // messages in memory; in production, natsTransport
const names = ['a', 'b', 'c']
const dir = await mkdtemp(join(tmpdir(), 'flotilla-example-'))
const nodes = await Promise.all(
  names.map((id) =>
    createNode({
      cluster: 'example',
      id,
      nodes: names,
      groups: [{ id: 'doors', stateMachine: actors(registry) }],
      transport: hub.connect(id),
      dir: join(dir, id),
    }),
  ),
)
const client = await connect({ cluster: 'example', transport: hub.connect('client') })
const doors = client.actors<typeof registry>('doors')

await doors.start('turnstile', 'north', { input: { room: 2 } })
for (const guest of ['Ada', 'Grace', 'Edsger']) {
  const { changed } = await doors.send('north', { type: 'ENTER' })
  console.log(guest, changed ? 'is in' : 'has to wait')
}
const view = await doors.get<'turnstile'>('north')
console.log(view?.value, view?.context.guests)

await client.close()
await Promise.all(nodes.map((node) => node.stop()))
await rm(dir, { recursive: true })
