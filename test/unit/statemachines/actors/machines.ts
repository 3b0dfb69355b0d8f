/** Machines the actor tests run. */

import { and, assign, not, raise, setup } from 'xstate'

/** Counts up to a limit, then is done. */
export const counter = setup({
  types: {
    context: {} as { count: number; limit: number; by: string[] },
    events: {} as { type: 'add'; amount: number; who?: string } | { type: 'reset' } | { type: 'crash' } | { type: 'finish' },
    input: {} as { limit: number },
    output: {} as { total: number },
  },
  guards: {
    fits: ({ context, event }) => event.type === 'add' && context.count + event.amount <= context.limit,
    isPositive: ({ event }) => event.type === 'add' && event.amount > 0,
    explodes: () => {
      throw new Error('guard exploded')
    },
  },
  actions: {
    add: assign(({ context, event }) => {
      if (event.type !== 'add') return {}
      return { count: context.count + event.amount, by: event.who === undefined ? context.by : [...context.by, event.who] }
    }),
  },
}).createMachine({
  id: 'counter',
  initial: 'counting',
  context: ({ input }) => ({ count: 0, limit: input.limit, by: [] }),
  states: {
    counting: {
      always: { guard: ({ context }) => context.count === context.limit, target: 'full' },
      on: {
        add: { guard: and(['isPositive', 'fits']), actions: 'add' },
        reset: { actions: assign({ count: 0 }) },
        crash: { guard: not('explodes'), actions: 'add' },
        finish: 'full',
      },
    },
    full: { type: 'final' },
  },
  output: ({ context }) => ({ total: context.count }),
})

/** Two regions, history, raise, nested states, done states: what the semantics of statecharts ask of a restore. */
export const player = setup({
  types: { context: {} as { skips: number; log: string[] }, events: {} as { type: 'power' | 'next' | 'loud' | 'skip' | 'mute' } },
}).createMachine({
  id: 'player',
  type: 'parallel',
  context: { skips: 0, log: [] },
  states: {
    deck: {
      initial: 'off',
      states: {
        off: { on: { power: 'on.memory' } },
        on: {
          initial: 'first',
          entry: assign({ log: ({ context }) => [...context.log, 'on'] }),
          on: {
            power: 'off',
            skip: { actions: [assign({ skips: ({ context }) => context.skips + 1 }), raise({ type: 'next' })] },
          },
          states: {
            first: { on: { next: 'second' } },
            second: { on: { next: 'third' } },
            third: { type: 'final' },
            memory: { type: 'history', history: 'deep' },
          },
          onDone: 'off',
        },
      },
    },
    volume: { initial: 'normal', states: { normal: { on: { loud: 'high' } }, high: { on: { mute: 'normal' } } } },
  },
})
