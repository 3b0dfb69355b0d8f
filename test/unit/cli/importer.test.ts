/** Many records into a store that refuses some: bounds, and where to resume. */

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createWriteStream, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { FlotillaError } from '../../../src/base/errors.ts'
import { IN_FLIGHT_MAX, putAll, type RecordToPut } from '../../../src/cli/importer.ts'
import { recordsOf } from '../../../src/cli/json-lines.ts'
import type { KvClient } from '../../../src/client/kv.ts'

const records = (count: number): RecordToPut[] =>
  Array.from({ length: count }, (_, i) => ({ line: i + 1, key: `k${i + 1}`, value: 'v' }))

/** A store of which only `put` is there. */
function storeThat(put: (key: string) => Promise<void>): KvClient {
  return { put: async (key: string) => put(key) } as unknown as KvClient
}

test('no more than the bound is on its way, and all of it arrives', async () => {
  let open = 0
  let most = 0
  const keys = new Set<string>()
  const kv = storeThat(async (key) => {
    most = Math.max(most, ++open)
    await new Promise(setImmediate)
    open--
    keys.add(key)
  })
  const result = await putAll(records(1000), { kv })
  assert.deepEqual(result, { put: 1000, refused: 0, failure: null, resumeAt: null })
  assert.equal(keys.size, 1000)
  assert.equal(most, IN_FLIGHT_MAX)
})

test('a record that can never be put is told, and the others go on', async () => {
  const told: string[] = []
  const kv = storeThat(async (key) => {
    if (key === 'k3') throw new FlotillaError('TOO_LARGE', 'too large')
  })
  const result = await putAll(records(5), { kv, onRefused: ({ line }, { code }) => told.push(`${line} ${code}`) })
  assert.deepEqual([result.put, result.refused, result.resumeAt, told], [4, 1, null, ['3 TOO_LARGE']])
})

test('a failure ends it; what to resume at is the first record that is not acknowledged', async () => {
  const failure = new FlotillaError('TIMEOUT_UNKNOWN', 'gone')
  const kv = storeThat(async (key) => {
    if (key === 'k7') throw failure
  })
  const result = await putAll(records(5000), { kv })
  assert.equal(result.failure, failure)
  assert.equal(result.resumeAt, 7)
  assert.ok(result.put < 1000)
})

test('an interruption ends it between two records', async () => {
  const controller = new AbortController()
  const kv = storeThat(async (key) => {
    if (key === 'k300') controller.abort()
  })
  const result = await putAll(records(5000), { kv, signal: controller.signal })
  assert.equal(result.failure, null)
  assert.ok(result.resumeAt !== null && result.resumeAt > 300 && result.resumeAt === result.put + 1)
})

test('JSON lines: keys of text and numbers, any line ends, and lines that are none', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'flotilla-lines-'))
  t.after(() => rmSync(dir, { recursive: true }))
  const file = join(dir, 'x.jsonl')
  const long = `{"id":"long","v":"${'x'.repeat(1_100_000)}"}`
  const lines = ['{"id":"größe"}\r', '', '{"id":7}', 'x', '[1]', '{"id":""}', '{"id":null}', '{}', long, '{"id":"last"}']
  writeFileSync(file, lines.join('\n'))
  const bad: string[] = []
  const read = async (fromLine: number): Promise<string[]> => {
    const found: string[] = []
    const onBadLine = (line: number, why: string): boolean => bad.push(`${line}: ${why}`) > 0
    for await (const { line, key } of recordsOf({ file, field: 'id', fromLine, onBadLine })) found.push(`${line} ${key}`)
    return found
  }
  assert.deepEqual(await read(1), ['1 größe', '3 7', '10 last'])
  assert.deepEqual(bad, [
    '4: not JSON',
    '5: not a JSON object',
    "6: field 'id' is empty",
    "7: field 'id' is no text and no number",
    "8: no field 'id'",
    '9: longer than 1048576 bytes',
  ])
  assert.deepEqual(await read(10), ['10 last'])
})

test('JSON lines: a key is kept as it is written, or its line is refused', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'flotilla-keys-'))
  t.after(() => rmSync(dir, { recursive: true }))
  const file = join(dir, 'x.jsonl')
  const kept = ['7', '-3', '0.25', '1e-7', '9007199254740991', '"\\ud83d\\ude00"']
  const lost = [
    '12345678901234567890',
    '9007199254740993',
    '1e400',
    '1e3',
    '1.0',
    '-0',
    '1e+21',
    '0.1000000000000000055',
    '"\\ud800"',
  ]
  const decoys = '{"a":{"id":1},"b":[{"id":2}],"c":"\\"id\\":3","id":4,"\\u0069d":5.50,"z":{"id":6}}'
  writeFileSync(file, [...kept, ...lost].map((key) => `{"n":[1],"id":${key}}\n`).join('') + decoys)
  const bad: string[] = []
  const keys: string[] = []
  const onBadLine = (line: number, why: string): boolean => bad.push(`${line}: ${why}`) > 0
  for await (const { key } of recordsOf({ file, field: 'id', fromLine: 1, onBadLine })) keys.push(key)
  assert.deepEqual(keys, ['7', '-3', '0.25', '1e-7', '9007199254740991', '😀'])
  assert.equal(bad.length, lost.length + 1)
  assert.equal(bad[0], "7: field 'id' is a number that would not be kept as it is written: 12345678901234567890")
  assert.match(bad.at(-1) ?? '', /^16: .*: 5\.50$/)
})

test('JSON lines: a value is the bytes of its line, and a line that is not UTF-8 is none', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'flotilla-bytes-'))
  t.after(() => rmSync(dir, { recursive: true }))
  const file = join(dir, 'x.jsonl')
  const lines = ['\ufeff{"id":"a"}\r\n', ' {"id": "b"}\t \n', '{"id":"?"}\n', ' \n', '{"id":"größe"}']
  const bytes = Buffer.from(lines.join(''))
  bytes[bytes.indexOf(63)] = 0xff
  writeFileSync(file, bytes)
  const bad: string[] = []
  const values: string[] = []
  const onBadLine = (line: number, why: string): boolean => bad.push(`${line}: ${why}`) > 0
  for await (const { value } of recordsOf({ file, field: 'id', fromLine: 1, onBadLine }))
    values.push(Buffer.from(value).toString())
  assert.deepEqual(values, ['{"id":"a"}', ' {"id": "b"}\t ', '{"id":"größe"}'])
  assert.deepEqual(bad, ['3: not UTF-8'])
})

test('an interruption ends it while no record comes, and puts on their way are not waited for until their own end', async () => {
  const controller = new AbortController()
  async function* slow(): AsyncGenerator<RecordToPut> {
    yield* records(3)
    await new Promise(() => {})
  }
  const kv = storeThat((key) => {
    if (key === 'k3') setTimeout(() => controller.abort(), 20)
    return key === 'k2' ? new Promise(() => {}) : Promise.resolve()
  })
  const result = await putAll(slow(), { kv, signal: controller.signal })
  assert.deepEqual(result, { put: 2, refused: 0, failure: null, resumeAt: 2 })
})

test('interrupted before the first record, it goes on where it was to begin', async () => {
  async function* never(): AsyncGenerator<RecordToPut> {
    await new Promise(() => {})
  }
  const controller = new AbortController()
  setTimeout(() => controller.abort(), 20)
  const result = await putAll(never(), { kv: storeThat(async () => {}), signal: controller.signal, firstLine: 7 })
  assert.equal(result.resumeAt, 7)
})

test('a pipe with a name is read until its last writer goes, and waiting for the first can be given up', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'flotilla-pipe-'))
  t.after(() => rmSync(dir, { recursive: true }))
  const file = join(dir, 'pipe')
  execFileSync('mkfifo', [file])
  const onBadLine = (): boolean => true
  const controller = new AbortController()
  const lines = (signal = new AbortController().signal): AsyncIterable<RecordToPut> =>
    recordsOf({ file, signal, field: 'id', fromLine: 1, onBadLine })
  setTimeout(() => controller.abort(), 50)
  const none = await putAll(lines(controller.signal), { kv: storeThat(async () => {}), signal: controller.signal })
  assert.deepEqual([none.put, none.resumeAt], [0, 1])
  const keys: string[] = []
  const all = putAll(lines(), { kv: storeThat(async (key) => void keys.push(key)) })
  const writer = createWriteStream(file)
  writer.write('{"id":"a"}\n')
  await new Promise((resolve) => setTimeout(resolve, 60))
  writer.end('{"id":"b"}')
  assert.equal((await all).resumeAt, null)
  assert.deepEqual(keys, ['a', 'b'])
})
