/** One machine stepped as a function of stored bytes. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type AnyStateMachine, assign, createMachine, raise, spawnChild } from 'xstate'
import { Stepper } from '../../../../src/statemachines/actors/stepper.ts'
import { refusal } from '../table.ts'
import { counter, player } from './machines.ts'

const stepper = (config: object): Stepper => new Stepper('m', createMachine(config as never) as AnyStateMachine)

test('effects no definition shows are refused when they are reached for, even by a machine that hides it', () => {
  const child = createMachine({})
  const reach: readonly (readonly [config: object, feature: RegExp])[] = [
    [{ entry: assign(({ self }) => ({ x: self.id })) }, /self or spawn/],
    [{ entry: assign(({ system }) => ({ x: system.get('x') })) }, /system/],
    [{ entry: assign(({ spawn }) => ({ x: spawn(child) })) }, /self or spawn/],
    [{ context: ({ spawn }: { spawn: (logic: unknown) => unknown }) => ({ x: spawn(child) }) }, /self or spawn/],
    [{ context: ({ self }: { self: unknown }) => ({ x: self }) }, /self or spawn/],
    [{ context: ({ self }: { self: object }) => ({ x: Object.keys(self) }) }, /self or spawn/],
    [{ context: ({ self }: { self: object }) => ({ x: 'id' in self }) }, /self or spawn/],
    [
      {
        entry: assign(({ self }) => {
          try {
            self.send({ type: 'x' })
          } catch {}
          return {}
        }),
      },
      /self or spawn/,
    ],
    [{ context: ({ self }: { self: object }) => ({ x: typeof Object.assign(self, { mark: 1 }) }) }, /self or spawn/],
    [{ entry: () => {} }, /action/],
    [{ entry: raise({ type: 'x' }, { delay: 5 }) }, /action raise/],
    [{ entry: spawnChild(child) }, /self or spawn/],
  ]
  for (const [config, feature] of reach)
    assert.throws(() => stepper(config).start(undefined), refusal('ACTOR_UNSUPPORTED', feature))
})

test('a refusal leaves nothing behind for the next step', () => {
  assert.throws(() => stepper({ entry: () => {} }).start(undefined), refusal('ACTOR_UNSUPPORTED'))
  assert.equal(new Stepper('player', player).start(undefined).status, 'active')
})

test('what JSON cannot keep is refused, with its place', () => {
  class Money {}
  const held: readonly (readonly [value: unknown, place: RegExp])[] = [
    [new Date(0), /context\.a\.b: a Date/],
    [new Map(), /a Map/],
    [new Money(), /a Money/],
    [() => 1, /function/],
    [10n, /bigint/],
    [Number.NaN, /NaN/],
    [[undefined], /context\.a\.b\[0\]: undefined/],
    [JSON.parse('{"__proto__":1}'), /__proto__: a reserved name/],
    [{ xstate$$type: 1 }, /xstate\$\$type: a reserved name/],
  ]
  for (const [value, place] of held) {
    assert.throws(() => stepper({ context: () => ({ a: { b: value } }) }).start(undefined), refusal('ACTOR_UNSUPPORTED', place))
  }
  const output = { initial: 'a', states: { a: { type: 'final' } }, output: () => new Date(0) }
  assert.throws(() => stepper(output).start(undefined), refusal('ACTOR_UNSUPPORTED', /output: a Date/))
})

test('an undefined property is kept as a missing one, a plain object is kept though it looks like an actor', () => {
  const actorLike = { sessionId: 's', send: 1, ref: 2 }
  const kept = stepper({ context: () => ({ a: undefined, actorLike }) }).start(undefined)
  assert.deepEqual(JSON.parse(JSON.stringify(kept)).context, { actorLike })
})

test('endless loops of always and of raise end after a bound, or after the machine’s own', () => {
  const loop = { initial: 'a', states: { a: { always: 'b' }, b: { always: 'a' } } }
  assert.throws(() => stepper(loop).start(undefined), refusal('ACTOR_FAILED', /more than 1000 microsteps/))
  assert.throws(
    () => stepper({ ...loop, options: { maxIterations: 7 } }).start(undefined),
    refusal('ACTOR_FAILED', /more than 7 microsteps/),
  )
  const echo = stepper({ on: { go: { actions: raise({ type: 'go' }) } } })
  assert.throws(() => echo.step(echo.start(undefined), { type: 'go' }), refusal('ACTOR_FAILED', /more than 1000/))
})

test('whatever is thrown becomes ACTOR_FAILED', () => {
  for (const thrown of [undefined, 'text', new TypeError('text')]) {
    const machine = stepper({
      entry: assign(() => {
        throw thrown
      }),
    })
    assert.throws(() => machine.start(undefined), refusal('ACTOR_FAILED', /machine m threw: (text|undefined)/))
  }
})

test('the version names states, transitions and the machine’s own version, not the build', () => {
  const version = (config: object): string => stepper(config).version
  assert.equal(new Stepper('a', counter).version, new Stepper('b', counter).version)
  assert.equal(version({ on: { x: { guard: () => true } } }), version({ on: { x: { guard: () => false } } }))
  const versions = [{}, { version: '2' }, { on: { x: {} } }, { initial: 'a', states: { a: {} } }].map(version)
  assert.equal(new Set(versions).size, versions.length)
})

test('the user’s machine is left as it was', () => {
  const machine = createMachine({ context: { list: [] } })
  new Stepper('m', machine).start(undefined)
  assert.equal(machine.options.maxIterations, Number.POSITIVE_INFINITY)
  assert.ok(!Object.isFrozen(machine.config.context))
})
