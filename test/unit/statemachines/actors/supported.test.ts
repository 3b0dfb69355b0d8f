/** Every feature of xstate that a replica must refuse, refused at registration with its place. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  type AnyStateMachine,
  and,
  assign,
  cancel,
  createMachine,
  emit,
  enqueueActions,
  fromPromise,
  log,
  not,
  raise,
  sendTo,
  setup,
  spawnChild,
  stopChild,
} from 'xstate'
import { FlotillaError } from '../../../../src/base/errors.ts'
import { actors } from '../../../../src/statemachines/actors/actors.ts'
import { refusal } from '../table.ts'
import { counter, player } from './machines.ts'

/** A machine whose inner state has what is given. */
const inner = (config: object): AnyStateMachine =>
  createMachine({ id: 'm', initial: 'outer', states: { outer: { initial: 'x', states: { x: config, y: {} } } } } as never)

const work = fromPromise(async () => 1)

const REFUSED: readonly (readonly [name: string, machine: AnyStateMachine, message: RegExp])[] = [
  ['after', inner({ after: { 1000: 'y' } }), /state #m\.outer\.x: after/],
  ['a named delay', inner({ after: { soon: 'y' } }), /after/],
  ['invoke', inner({ invoke: { src: work } }), /state #m\.outer\.x: invoke/],
  ['route', inner({ id: 'there', route: {} }), /state #there: route/],
  ['a custom action', inner({ entry: () => {} }), /custom action/],
  ['a custom action with a name', inner({ exit: function ring() {} }), /action ring \(a custom action/],
  ['a custom action of a transition', inner({ on: { go: { actions: () => {} } } }), /custom action/],
  ['a custom action of an always', inner({ always: { guard: () => false, actions: () => {} } }), /custom action/],
  [
    'a custom action of an initial',
    createMachine({ initial: { target: 'a', actions: () => {} }, states: { a: {} } } as never),
    /custom action/,
  ],
  [
    'a custom action of an onDone',
    inner({ initial: 'f', states: { f: { type: 'final' } }, onDone: { actions: () => {} } }),
    /custom action/,
  ],
  [
    'a named custom action',
    setup({ actions: { ring: () => {} } }).createMachine({ id: 'm', entry: 'ring' }),
    /#m: action ring \(a custom/,
  ],
  ['an action without words', inner({ entry: 'nowhere' }), /action nowhere without an implementation/],
  ['an action with params, without words', inner({ entry: { type: 'nowhere', params: {} } }), /action nowhere without/],
  ['a delayed raise', inner({ entry: raise({ type: 'x' }, { delay: 0 }) }), /a delayed raise/],
  [
    'a named delayed raise',
    setup({ actions: { later: raise({ type: 'x' }, { delay: 9 }) } }).createMachine({ entry: 'later' }),
    /delayed raise/,
  ],
  ['cancel', inner({ entry: cancel('x') }), /action cancel/],
  ['sendTo', inner({ on: { go: { actions: sendTo('other', { type: 'x' }) } } }), /action sendTo/],
  ['emit', inner({ entry: emit({ type: 'x' }) }), /action emit/],
  ['log', inner({ entry: log('x') }), /action log/],
  ['spawnChild', inner({ entry: spawnChild(work) }), /action spawnChild/],
  ['stopChild', inner({ entry: stopChild('x') }), /action stopChild/],
  ['enqueueActions', inner({ entry: enqueueActions(() => {}) }), /action enqueueActions/],
  ['a guard without words', inner({ on: { go: { guard: 'nowhere', target: 'y' } } }), /guard nowhere without/],
  [
    'a guard without words inside others',
    inner({ always: { guard: and([() => true, not('nowhere')]), target: 'y' } }),
    /guard nowhere without/,
  ],
  [
    'a guard that asks itself',
    inner({ on: { go: { guard: 'a', target: 'y' } } }).provide({ guards: { a: not('a') } }),
    /guard a, which asks itself/,
  ],
  ['a context that is not JSON', createMachine({ id: 'm', context: { at: new Date(0) } }), /context\.at: a Date/],
]

for (const [name, machine, message] of REFUSED) {
  test(`refused when registered: ${name}`, () => {
    assert.throws(
      () => actors({ fine: counter, odd: machine }),
      (error: unknown) => {
        assert.ok(refusal('ACTOR_UNSUPPORTED', message)(error), String(error))
        assert.ok(
          error instanceof FlotillaError && error.details.machine === 'odd' && error.message.startsWith('machine odd, state #'),
        )
        return true
      },
    )
  })
}

test('what is pure is accepted: parallel states, history, guards, assign, raise, always, final states, onDone, output', () => {
  const named = setup({
    guards: { yes: () => true, also: and(['yes', not(() => false)]) },
    actions: { set: assign({ x: (_, params: { to: number }) => params.to }) },
  }).createMachine({
    context: { x: undefined },
    entry: [{ type: 'set', params: { to: 3 } }, raise({ type: 'go' })],
    on: { go: { guard: 'also', actions: raise(() => ({ type: 'stay' })) } },
  })
  assert.deepEqual(actors({ counter, player, named, empty: createMachine({}) }).families, ['actors'])
})

test('a bad name and what is no machine are refused', () => {
  assert.throws(() => actors({ 'a b': counter }), refusal('CONFIG_INVALID', /must match/))
  assert.throws(() => actors({ work: work as never }), refusal('CONFIG_INVALID', /not an xstate machine/))
  assert.throws(() => actors({ nothing: null as never }), refusal('CONFIG_INVALID', /not an xstate machine/))
})
