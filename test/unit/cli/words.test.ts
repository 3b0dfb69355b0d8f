/** What people read: values, sizes, tables, bars and lines of the log. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { utf8 } from '../../../src/base/bytes.ts'
import { FlotillaError } from '../../../src/base/errors.ts'
import { UsageError } from '../../../src/cli/arguments.ts'
import { jsonOf, tell } from '../../../src/cli/entry-line.ts'
import { asUsed, failureOf, Misuse } from '../../../src/cli/failures.ts'
import { jsonLog } from '../../../src/cli/json-log.ts'
import { sayingNowAndThen } from '../../../src/cli/link.ts'
import { bytesOf, clipped, grouped, paintOf } from '../../../src/cli/paint.ts'
import { Progress } from '../../../src/cli/progress.ts'
import { isUnknown, missingNodes, snapshotLines, statusLines } from '../../../src/cli/status-view.ts'
import { jsonField, lineOf } from '../../../src/cli/values.ts'
import { finalError, NO_PAST } from '../../../src/client/outcome.ts'
import { encodeCommand, type KvCommand } from '../../../src/statemachines/kv/command.ts'
import { groupStatus, nodeStatus } from '../../web/fake-cluster.ts'
import { fakeOutput } from './fake-terminal.ts'

const paint = paintOf({ colours: false })

test('bytes become text where they are UTF-8, and base64 where not', () => {
  assert.deepEqual(jsonField('v', utf8('größe\n')), { v: 'größe\n' })
  assert.deepEqual(jsonField('v', Uint8Array.of(255)), { vBase64: '/w==' })
})

test('nothing that a terminal would obey gets onto a line', () => {
  assert.equal(lineOf(utf8('a\tb\n\u001b[31m\\ größe')), 'a\\x09b\\x0a\\x1b[31m\\\\ größe')
  assert.equal(lineOf(utf8('\u0085\u202e')), '\\xc2\\x85\\xe2\\x80\\xae')
  assert.equal(lineOf(Uint8Array.of(65, 92, 255, 0)), 'A\\\\\\xff\\x00')
})

test('numbers as people say them', () => {
  assert.deepEqual([0, 812, 1023, 1024, 10_399_744, 104_500_000, 1_073_741_824].map(bytesOf), [
    '0 B',
    '812 B',
    '1023 B',
    '1.0 KiB',
    '9.9 MiB',
    '100 MiB',
    '1.0 GiB',
  ])
  assert.equal(grouped(10_432), '10,432')
  assert.deepEqual([clipped('abcdef', 4), clipped('abc', 3), clipped('abc', 0)], ['abc…', 'abc', ''])
})

test('the status table is aligned, and shows nodes that are known and do not answer', () => {
  const leader = groupStatus({ role: 'leader', leader: 'a', commit: 12_345 })
  const statuses = [nodeStatus('a', [leader]), { ...nodeStatus('b', [groupStatus({ leader: 'a' })]), life: 'draining' }]
  assert.deepEqual(statusLines(statuses, { group: 'kv', paint, expected: ['d'] }), [
    'node  role       term  leader  commit  applied  entries    store  free',
    'a     leader        7  a       12,345   10,432   10,432  3.3 MiB     -',
    'b     draining      7  a       10,432   10,432   10,432  3.3 MiB     -',
    'c     no answer     -  -            -        -        -        -     -',
    'd     no answer     -  -            -        -        -        -     -',
  ])
  assert.deepEqual(missingNodes(statuses, 'kv'), ['c'])
  const [a, b, c] = ['a', 'b', 'c'].map((name) => nodeStatus(name, name === 'c' ? [] : [leader]))
  assert.ok(a && b && c)
  assert.equal(isUnknown([a, b], 'other'), false) // c may have it
  assert.equal(isUnknown([a, b, { ...c, life: 'opening' }], 'other'), false)
  assert.equal(isUnknown([a, b, c], 'other'), true)
  assert.equal(isUnknown([a, b, c], 'kv'), false)
  assert.match(statusLines(statuses, { group: 'other', paint })[1] ?? '', /^a +not here/)
})

test('the status table says what the disks have left, and where that is little', () => {
  const words = (['ok', 'low', 'critical'] as const).map((level) => {
    const status = nodeStatus('a', [groupStatus({})])
    const room = { freeBytes: 10_399_744, reusableBytes: 0, reserveBytes: 1, level }
    return statusLines([{ ...status, store: { ...status.store, room } }], { group: 'kv', paint })[1]?.split('MiB')[2]
  })
  assert.deepEqual(words, ['', ' low', ' full'])
  const status = nodeStatus('a', [groupStatus({})])
  const room = { freeBytes: 10_399_744, reusableBytes: 0, reserveBytes: 1, level: 'ok' as const }
  assert.match(statusLines([{ ...status, store: { ...status.store, room } }], { group: 'kv', paint })[1] ?? '', / 9\.9 MiB$/)
})

test('snapshots on their way have a line each', () => {
  const snapshot = { node: 'b', index: 9, percent: 37.4, bytes: 37, bytesTotal: 5 * 1024 * 1024, chunks: 3, state: 'streaming' }
  const snapshots = [
    { ...snapshot, side: 'sending', bytesPerSecond: 2 * 1024 * 1024 },
    { ...snapshot, side: 'receiving', bytesPerSecond: 0, state: 'pulling' },
  ] as const
  assert.deepEqual(snapshotLines([nodeStatus('a', [groupStatus({ snapshots })])], 'kv'), [
    'a sends a snapshot to b: 37 % of 5.0 MiB, 2.0 MiB a second (streaming)',
    'a receives a snapshot from b: 37 % of 5.0 MiB (pulling)',
  ])
  assert.deepEqual(snapshotLines([nodeStatus('a', [groupStatus({})])], 'kv'), [])
})

const told = (command: KvCommand): string => {
  const { verb, rest } = tell({ group: 'kv', index: 1, term: 1, kind: 'command', data: encodeCommand(command) })
  return `${verb}: ${rest}`
}

test('every command of the store has a line', () => {
  const at = { family: 'default', key: utf8('k') }
  const put = { op: 'put', ...at, value: utf8('v') } as const
  const remove = { op: 'delete', ...at, family: 'lock' } as const
  assert.equal(told(put), 'put: k  v')
  assert.equal(told(remove), 'delete: lock:k')
  assert.equal(told({ op: 'compareAndSet', ...at, replacement: utf8('v') }), 'cas: k  (none) → v')
  assert.equal(told({ op: 'batch', operations: [put, remove] }), 'batch: put k, delete lock:k')
  const foreign = { group: 'x', index: 1, term: 2, kind: 'command', data: utf8('?') } as const
  assert.deepEqual(tell(foreign), { verb: 'command', rest: '?' })
  assert.deepEqual(jsonOf(foreign), { ...foreign, data: '?' })
  const mark = { group: 'kv', index: 3, term: 2, kind: 'noop', data: new Uint8Array(0) } as const
  assert.deepEqual(tell(mark), { verb: 'noop', rest: '' })
  assert.deepEqual(jsonOf(mark), { group: 'kv', index: 3, term: 2, kind: 'noop' })
  const data = encodeCommand({ op: 'compareAndSet', ...at, expected: utf8('a'), replacement: Uint8Array.of(255) })
  assert.deepEqual((jsonOf({ ...mark, kind: 'command', data }) as { command: object }).command, {
    op: 'compareAndSet',
    family: 'default',
    key: 'k',
    expected: 'a',
    replacementBase64: '/w==',
  })
})

test('a failure is one line and an exit code', () => {
  const code = (error: unknown): number => failureOf(error, '').exitCode
  assert.deepEqual(failureOf(new FlotillaError('BUSY', 'two\n lines'), 'put'), {
    line: 'flotilla: BUSY: two; lines',
    exitCode: 1,
  })
  for (const silent of ['TIMEOUT', 'TIMEOUT_UNKNOWN', 'UNAVAILABLE', 'DISCONNECTED'] as const) {
    assert.equal(code(new FlotillaError(silent, '')), 3)
  }
  assert.equal(code(new UsageError('')), 2)
  assert.equal(code(new FlotillaError('CONFIG_INVALID', '')), 1)
  assert.equal(code(new Misuse('CONFIG_INVALID', '')), 2)
  assert.equal(code(new Error('odd')), 1)
})

test('a node of which a thread hangs in the disk has to be killed; who only hears of it has not', () => {
  const silent = new FlotillaError('STORAGE_FAILED', 'no answer from the disk', { silent: true })
  assert.equal(failureOf(silent, 'node').exitCode, 137)
  assert.equal(failureOf(silent, 'put').exitCode, 1)
  assert.equal(failureOf(new FlotillaError('STORAGE_FAILED', 'EIO'), 'node').exitCode, 1)
})

test('a write that failed says what became of it; a read has nothing to say', () => {
  const said = (code: 'UNAVAILABLE' | 'DISCONNECTED' | 'TIMEOUT_UNKNOWN', command: string): string =>
    failureOf(new FlotillaError(code, 'x'), command).line
  for (const write of ['put', 'del']) {
    assert.equal(said('UNAVAILABLE', write), 'flotilla: UNAVAILABLE: x; nothing was done')
    assert.equal(said('DISCONNECTED', write), 'flotilla: DISCONNECTED: x; nothing was done')
    assert.equal(said('TIMEOUT_UNKNOWN', write), 'flotilla: TIMEOUT_UNKNOWN: x; the outcome is unknown')
  }
  assert.equal(said('UNAVAILABLE', 'get'), 'flotilla: UNAVAILABLE: x')
})

test('what became of a write is said once', () => {
  const write = { writes: true, repeatable: false }
  const lost = new FlotillaError('NOT_LEADER', 'b leads')
  const errors = [
    finalError(NO_PAST, write),
    finalError({ last: lost, unknown: false }, write),
    finalError({ last: lost, unknown: true }, write),
    new FlotillaError('TIMEOUT_UNKNOWN', 'no outcome in time: the command may or may not be applied'),
    new FlotillaError('UNAVAILABLE', "nothing reached the leader 'a': it is not there"),
    new FlotillaError('TIMEOUT_UNKNOWN', 'the change is made, but its joint configuration was not left in time'),
  ]
  for (const error of errors) assert.equal(failureOf(error, 'put').line, `flotilla: ${error.code}: ${error.message}`)
})

test('only what is invalid on the command line is wrong use', () => {
  const invalid = new FlotillaError('CONFIG_INVALID', 'no')
  const thrownBy = (error: Error): unknown => {
    try {
      return asUsed(() => {
        throw error
      })
    } catch (thrown) {
      return thrown
    }
  }
  assert.ok(thrownBy(invalid) instanceof Misuse)
  const other = new FlotillaError('STORAGE_FAILED', 'no')
  assert.equal(thrownBy(other), other)
})

test('waiting for NATS is said at once, then ever more rarely', () => {
  const saidAt: number[] = []
  let now = 5
  const logger = jsonLog(() => saidAt.push(now), 'warn')
  const onRetry = sayingNowAndThen(logger, '127.0.0.1:1', () => now)
  for (; now < 95_000; now += 250) onRetry(new Error('refused'))
  assert.deepEqual(saidAt, [5, 1005, 3005, 7005, 15_005, 31_005, 61_005, 91_005])
})

test('a bar on a terminal redraws itself; anywhere else it is silent until there is something to say', async () => {
  const tty = fakeOutput(true)
  new Progress(tty, 'loading').show(0.5, 1234)
  assert.match(tty.text, /^\rloading {2}█{14}░{14} {2}50% {2}1,234 records, [\d,]+\/s/)
  assert.ok(tty.text.endsWith('\u001b[K'))
  const file = fakeOutput(false)
  const progress = new Progress(file, 'loading')
  progress.show(0.1, 1)
  progress.show(0.2, 2)
  await progress.end('done')
  assert.equal(file.text, 'done\n')
})

test('the log is JSON lines, from its level on, and shows errors', () => {
  const lines: string[] = []
  const log = jsonLog((line) => lines.push(line), 'warn')
  log.info({}, 'hidden')
  log.warn({ group: 'kv', error: new FlotillaError('BUSY', 'full') }, 'shown')
  assert.equal(lines.length, 1)
  const { time, ...rest } = JSON.parse(lines[0] ?? '') as { time: string }
  assert.ok(!Number.isNaN(Date.parse(time)))
  assert.deepEqual(rest, { level: 'warn', message: 'shown', group: 'kv', error: { message: 'full', code: 'BUSY' } })
})
