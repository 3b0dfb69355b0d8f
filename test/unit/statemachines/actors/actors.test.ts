/** Replicated actors as a state machine: what each command does to a table, and that two tables never disagree. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { assign, createActor, createMachine } from 'xstate'
import { SCAN_BYTES_MAX, VALUE_BYTES_MAX } from '../../../../src/base/limits.ts'
import { actors } from '../../../../src/statemachines/actors/actors.ts'
import { encodeSend, encodeStart, encodeStop } from '../../../../src/statemachines/actors/command.ts'
import { encodeGet, encodeList } from '../../../../src/statemachines/actors/query.ts'
import { decodeActorList, decodeResult, decodeView } from '../../../../src/statemachines/actors/result.ts'
import { apply, MemoryTable, refusal, run } from '../table.ts'
import { counter, player } from './machines.ts'

const group = () => actors({ counter, player })
const machine = group()

const started = (type: string, input?: unknown): MemoryTable => {
  const table = new MemoryTable()
  apply(machine, table, encodeStart(type, 'a', input))
  return table
}

const send = (table: MemoryTable, event: object) => decodeResult(apply(machine, table, encodeSend('a', event)))
const view = (table: MemoryTable, id = 'a') => decodeView(machine.query(encodeGet(id), table))

test('an instance is started, sent events, read and stopped', () => {
  const table = new MemoryTable()
  const result = decodeResult(apply(machine, table, encodeStart('counter', 'a', { limit: 5 })))
  assert.deepEqual(result, { status: 'active', value: 'counting', changed: true })
  table.applied = 6
  assert.deepEqual(send(table, { type: 'add', amount: 2, who: 'x' }), { status: 'active', value: 'counting', changed: true })
  const { version, ...seen } = view(table)
  assert.match(version, /^[0-9a-f]{16}$/)
  assert.deepEqual(seen, {
    type: 'counter',
    status: 'active',
    value: 'counting',
    context: { count: 2, limit: 5, by: ['x'] },
    index: 7,
  })
  assert.deepEqual(decodeResult(apply(machine, table, encodeStop('a'))), { status: 'stopped', value: 'counting', changed: true })
  assert.deepEqual(table.dump(), [])
})

test('an event nobody handles changes nothing, and the answer says so', () => {
  const table = started('counter', { limit: 5 })
  const before = table.dump()
  assert.deepEqual(send(table, { type: 'add', amount: 6 }), { status: 'active', value: 'counting', changed: false })
  assert.deepEqual(send(table, { type: 'unheard-of' }), { status: 'active', value: 'counting', changed: false })
  assert.deepEqual(send(table, { type: 'reset' }), { status: 'active', value: 'counting', changed: false })
  assert.deepEqual(table.dump(), before)
})

test('a machine that is done tells its output, and ignores what comes after', () => {
  const table = started('counter', { limit: 5 })
  assert.deepEqual(send(table, { type: 'add', amount: 5 }), {
    status: 'done',
    value: 'full',
    changed: true,
    output: { total: 5 },
  })
  const before = table.dump()
  assert.deepEqual(send(table, { type: 'reset' }), { status: 'done', value: 'full', changed: false, output: { total: 5 } })
  assert.deepEqual(table.dump(), before)
  assert.deepEqual(view(table).output, { total: 5 })
})

test('a machine that is done does not even hear what its root handles', () => {
  const open = createMachine({
    context: { rung: 0 },
    initial: 'shut',
    states: { shut: { type: 'final' } },
    on: { ring: { actions: assign({ rung: 1 }) } },
  })
  const doors = actors({ open })
  const table = new MemoryTable()
  const [, answer] = run(doors, table, [encodeStart('open', 'a'), encodeSend('a', { type: 'ring' })])
  assert.deepEqual(decodeResult(answer as Uint8Array), { status: 'done', value: 'shut', changed: false })
})

test('unknown id, existing id, unknown type', () => {
  const table = started('counter', { limit: 5 })
  assert.throws(() => apply(machine, table, encodeStart('player', 'a')), refusal('ACTOR_EXISTS', /a already/))
  assert.throws(() => apply(machine, table, encodeSend('b', { type: 'add' })), refusal('ACTOR_UNKNOWN', /no actor b/))
  assert.throws(() => apply(machine, table, encodeStop('b')), refusal('ACTOR_UNKNOWN'))
  assert.throws(() => view(table, 'b'), refusal('ACTOR_UNKNOWN'))
  assert.throws(() => machine.check(encodeStart('nope', 'b')), refusal('COMMAND_INVALID', /type nope/))
  assert.throws(() => apply(machine, table, encodeStart('toString', 'b')), refusal('COMMAND_INVALID', /type toString/))
})

test('a guard that throws fails its command and nothing else', () => {
  const table = started('counter', { limit: 5 })
  const before = table.dump()
  assert.throws(() => send(table, { type: 'crash' }), refusal('ACTOR_FAILED', /machine counter threw: .*guard exploded/s))
  assert.deepEqual(table.dump(), before)
  assert.equal(send(table, { type: 'add', amount: 1 }).changed, true)
})

test('a context that throws for want of input fails the start, and nothing is kept', () => {
  const table = new MemoryTable()
  assert.throws(() => apply(machine, table, encodeStart('counter', 'a')), refusal('ACTOR_FAILED'))
  assert.deepEqual(table.dump(), [])
})

test('an instance above the size of a value is refused and stays as it was', () => {
  const hoard = createMachine({
    context: { all: [] as string[] },
    on: { add: { actions: assign({ all: ({ context, event }) => [...context.all, event.text as string] }) } },
  })
  const hoards = actors({ hoard })
  const table = new MemoryTable()
  const text = 'x'.repeat(VALUE_BYTES_MAX / 2)
  run(hoards, table, [encodeStart('hoard', 'a'), encodeSend('a', { type: 'add', text })])
  const before = table.dump()
  assert.throws(() => apply(hoards, table, encodeSend('a', { type: 'add', text })), refusal('TOO_LARGE', /an actor of/))
  assert.deepEqual(table.dump(), before)
})

const events = fc.oneof(
  fc.record(
    { type: fc.constantFrom('power', 'next', 'loud', 'skip', 'mute', 'reset', 'crash', 'finish', 'x') },
    { noNullPrototype: true },
  ),
  fc.record({ type: fc.constant('add'), amount: fc.integer({ min: -1, max: 3 }), who: fc.string() }, { noNullPrototype: true }),
)
const id = fc.constantFrom('a', 'b', 'é')
const commands = fc.array(
  fc.oneof(
    {
      weight: 1,
      arbitrary: fc.tuple(fc.constantFrom('counter', 'player'), id).map(([type, name]) => encodeStart(type, name, { limit: 6 })),
    },
    { weight: 6, arbitrary: fc.tuple(id, events).map(([name, event]) => encodeSend(name, event)) },
    { weight: 1, arbitrary: id.map(encodeStop) },
  ),
  { maxLength: 30 },
)

test('two replicas that apply the same commands hold the same bytes and give the same answers', () => {
  fc.assert(
    fc.property(commands, (given) => {
      const [one, two] = [new MemoryTable(), new MemoryTable()]
      assert.deepEqual(run(group(), one, given), run(group(), two, given))
      assert.deepEqual(one.dump(), two.dump())
    }),
  )
})

test('a replica that restarts before every command ends as one that never did', () => {
  fc.assert(
    fc.property(commands, (given) => {
      const [steady, restarting] = [new MemoryTable(), new MemoryTable()]
      const answers = run(group(), steady, given)
      assert.deepEqual(
        given.map((command) => run(group(), restarting, [command])[0]),
        answers,
      )
      assert.deepEqual(restarting.dump(), steady.dump())
    }),
  )
})

test('a replicated machine goes through the states of a plain xstate actor: parallel, history, raise, done states', () => {
  const names = fc.array(fc.constantFrom('power', 'next', 'loud', 'skip', 'mute'), { maxLength: 25 })
  fc.assert(
    fc.property(names, (given) => {
      const table = started('player')
      const actor = createActor(player).start()
      for (const type of given) {
        actor.send({ type } as { type: 'power' })
        assert.deepEqual(send(table, { type }).value, actor.getSnapshot().value)
      }
      assert.deepEqual(view(table).context, actor.getSnapshot().context)
    }),
  )
})

test('an assigner that changes the initial context in place changes its own instance only', () => {
  const sloppy = createMachine({
    context: { seen: [] as string[] },
    entry: assign(({ context }) => {
      context.seen.push('entry')
      return {}
    }),
  })
  const table = new MemoryTable()
  const sloppies = actors({ sloppy })
  run(sloppies, table, [encodeStart('sloppy', 'a'), encodeStart('sloppy', 'b')])
  for (const name of ['a', 'b']) assert.deepEqual(decodeView(sloppies.query(encodeGet(name), table)).context, { seen: ['entry'] })
})

test('instances go on under a changed definition as long as it has their state', () => {
  const table = started('counter', { limit: 5 })
  const { version } = view(table)
  const grown = createMachine({ id: 'counter', initial: 'counting', states: { counting: { on: { go: 'gone' } }, gone: {} } })
  const other = actors({ counter: grown })
  assert.equal(decodeResult(apply(other, table, encodeSend('a', { type: 'go' }))).value, 'gone')
  assert.notEqual(view(table).version, version)
  const before = table.dump()
  assert.throws(
    () => send(table, { type: 'reset' }),
    refusal('ACTOR_UNSUPPORTED', /state "gone", which its definition does not have/),
  )
  assert.deepEqual(table.dump(), before)
})

test('a list is in order of ids, in pages, and by type', () => {
  const table = new MemoryTable()
  const ids = ['a', 'a\u0000', 'b', 'c', 'é']
  run(
    machine,
    table,
    ids.map((name, i) => encodeStart(i % 2 ? 'player' : 'counter', name, { limit: 1 })),
  )
  const list = (options = {}) => decodeActorList(machine.query(encodeList(options), table))
  assert.deepEqual(
    list().actors.map((actor) => actor.id),
    ids,
  )
  assert.deepEqual(
    list({ type: 'player' }).actors.map((actor) => actor.id),
    ['a\u0000', 'c'],
  )
  assert.deepEqual(list({ limit: 1 }), {
    actors: [{ id: 'a', type: 'counter', status: 'active', value: 'counting', index: 1 }],
    next: 'a',
  })
  assert.deepEqual(
    list({ after: 'a', limit: 4 }).actors.map((actor) => actor.id),
    ids.slice(1),
  )
  assert.equal(list({ after: 'a', limit: 4 }).next, undefined)
  assert.deepEqual(list({ after: 'é' }), { actors: [] })
})

test('a list looks at a bounded number of instances, and says where to go on even when it found none', () => {
  const table = new MemoryTable()
  run(
    machine,
    table,
    Array.from({ length: 1001 }, (_, i) => encodeStart('player', String(i).padStart(4, '0'))),
  )
  const { actors: found, next } = decodeActorList(machine.query(encodeList({ type: 'counter' }), table))
  assert.deepEqual({ found, next }, { found: [], next: '0999' })
  const last = decodeActorList(machine.query(encodeList({ type: 'counter', after: '0999' }), table))
  assert.deepEqual(last, { actors: [] })
})

test('a list reads and answers a bounded number of bytes', () => {
  const long = 'x'.repeat(5000)
  const wide = createMachine({ context: ({ input }) => ({ input }), initial: long, states: { [long]: {} } })
  const wides = actors({ wide, counter })
  const filled = (input: string): MemoryTable => {
    const table = new MemoryTable()
    run(
      wides,
      table,
      Array.from({ length: 150 }, (_, i) => encodeStart('wide', String(i).padStart(3, '0'), input)),
    )
    return table
  }
  const answer = wides.query(encodeList(), filled(''))
  assert.ok(answer.length < SCAN_BYTES_MAX + 10_000 && decodeActorList(answer).next !== undefined)
  const { actors: found, next } = decodeActorList(wides.query(encodeList({ type: 'counter' }), filled(long.repeat(10))))
  assert.deepEqual(found, [])
  assert.ok(next !== undefined && Number(next) < 100, next) // 4 MiB of about 60 KB each
})

test('the topic: verb, type of a start, id', () => {
  assert.deepEqual(machine.topic(encodeStart('counter', 'a b')), ['start', 'counter', 'a b'])
  assert.deepEqual(machine.topic(encodeSend('a', { type: 'x' })), ['send', 'a'])
  assert.deepEqual(machine.topic(encodeStop('a')), ['stop', 'a'])
  assert.deepEqual(machine.topic(Uint8Array.of(2)), ['invalid'])
})
