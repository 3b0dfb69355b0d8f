/** Promises left behind by a machine: whatever becomes of them, the process lives. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { type AnyStateMachine, assign, createMachine } from 'xstate'
import { silencingPromises } from '../../../../src/statemachines/actors/promises.ts'
import { Stepper } from '../../../../src/statemachines/actors/stepper.ts'
import { refusal } from '../table.ts'

const lost = async (): Promise<never> => {
  throw new Error('nobody waits for this')
}
const late = async (): Promise<never> => {
  await turn()
  throw new Error('nobody waits for this')
}

/** What rejected unhandled while the steps ran, and for some turns after. */
async function unhandled(steps: () => void): Promise<readonly unknown[]> {
  const seen: unknown[] = []
  const note = (reason: unknown): void => void seen.push(reason)
  process.on('unhandledRejection', note)
  try {
    steps()
    for (let i = 0; i < 5; i++) await turn()
  } finally {
    process.off('unhandledRejection', note)
  }
  return seen
}

const start = (config: object): unknown => new Stepper('m', createMachine(config as never) as AnyStateMachine).start(undefined)

const REFUSED: Readonly<Record<string, object>> = {
  'of an assigned property': { entry: assign({ d: lost }) },
  'that rejects later': { entry: assign({ d: late }) },
  'nested in what is assigned': { entry: assign({ d: () => [{ e: lost() }] }) },
  'behind another problem': { entry: assign({ a: () => new Date(0), d: () => ({ e: lost() }) }) },
  'deeper than a context may be': {
    entry: assign({ d: () => Array.from({ length: 100 }).reduce((inner) => [inner], lost() as unknown) }),
  },
  'in a context': { context: () => ({ d: lost() }) },
  'for an output': { initial: 'a', states: { a: { type: 'final' } }, output: lost },
}

for (const [where, config] of Object.entries(REFUSED)) {
  test(`a promise ${where} is refused, and its rejection ends nothing`, async () => {
    const seen = await unhandled(() => assert.throws(() => start(config), refusal('ACTOR_UNSUPPORTED', /what JSON cannot keep/)))
    assert.deepEqual(seen, [])
  })
}

const DROPPED: Readonly<Record<string, object>> = {
  'of a guard': { initial: 'a', states: { a: { always: { guard: lost, target: 'b' } }, b: {} } },
  'for a whole context': { context: lost },
  'of a whole assignment': { entry: assign(lost as never) },
  'that another assigner replaces': { entry: [assign({ d: lost }), assign({ d: 1 })] },
  'nobody kept': {
    entry: assign(() => {
      void lost()
      return {}
    }),
  },
}

for (const [which, config] of Object.entries(DROPPED)) {
  test(`a promise ${which} changes nothing, and its rejection ends nothing`, async () => {
    assert.deepEqual(await unhandled(() => void start(config)), [])
  })
}

test('promises made before a function throws are handled too', async () => {
  const boom = assign(() => {
    throw new Error('boom')
  })
  const seen = await unhandled(() =>
    assert.throws(() => start({ entry: [assign({ d: lost }), boom] }), refusal('ACTOR_FAILED', /boom/)),
  )
  assert.deepEqual(seen, [])
})

test('no code of the promise is run', async () => {
  let asked = 0
  class Odd<T> extends Promise<T> {
    // biome-ignore lint/suspicious/noThenProperty: a promise of the user's own kind is what this is about
    override then(): never {
      asked += 1
      throw new Error('asked')
    }
  }
  const make = (): unknown => new Odd((_, reject) => reject(new Error('odd')))
  assert.deepEqual(await unhandled(() => void silencingPromises(make)), [])
  assert.equal(asked, 0)
})
