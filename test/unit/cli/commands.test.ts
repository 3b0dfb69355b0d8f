/** The commands against a real node over the embedded broker: what they print, and how they end. */

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { utf8 } from '../../../src/base/bytes.ts'
import { run } from '../../../src/cli/run.ts'
import { createNode } from '../../../src/node/node.ts'
import type { FlotillaNode } from '../../../src/node/types.ts'
import { kv } from '../../../src/statemachines/kv/kv.ts'
import { type Broker, startBroker } from '../../../src/transport/broker/broker.ts'
import { natsTransport } from '../../../src/transport/nats/transport.ts'
import { eventually } from '../../contract/transport-waiting.ts'
import { type FakeTerminal, type FakeTerminalOptions, fakeTerminal } from './fake-terminal.ts'

let dir: string
let broker: Broker
let node: FlotillaNode

interface Ran {
  readonly code: number
  readonly out: string
  readonly err: string
}

const terminalHere = (options: FakeTerminalOptions = {}): FakeTerminal =>
  fakeTerminal({ ...options, env: { FLOTILLA_NATS: broker.url, ...options.env } })

/** Runs a command line with words parted by blanks. */
async function flotilla(line: string, options: FakeTerminalOptions = {}): Promise<Ran> {
  const terminal = terminalHere(options)
  const code = await run(line.split(' '), terminal)
  return { code, out: terminal.out.text, err: terminal.err.text }
}

describe('commands', () => {
  before(async () => {
    dir = mkdtempSync(join(tmpdir(), 'flotilla-cli-'))
    broker = await startBroker({ port: 0 })
    node = await createNode({
      cluster: 'demo',
      id: 'a',
      nodes: ['a'],
      dir: join(dir, 'store'),
      groups: [{ id: 'kv', stateMachine: kv({ families: ['extra'] }) }],
      transport: await natsTransport({ servers: broker.url }),
      timing: { electionTimeoutMs: 50 },
    })
  })
  after(async () => {
    await node.stop()
    await broker.close()
    rmSync(dir, { recursive: true, force: true })
  })

  test('put, get and del', async () => {
    const put = await flotilla('put greeting hello')
    assert.deepEqual([put.code, put.err], [0, ''])
    assert.match(put.out, /^ok, index \d+\n$/)
    assert.deepEqual(await flotilla('get greeting'), { code: 0, out: 'hello', err: '' })
    assert.equal((await flotilla('get greeting', { isTTY: true })).out, 'hello\n')
    assert.equal((await flotilla('get greeting --stale --json')).out, '{"key":"greeting","value":"hello"}\n')
    assert.equal((await flotilla('del greeting')).code, 0)
    const gone = await flotilla('get greeting')
    assert.deepEqual(gone, {
      code: 1,
      out: '',
      err: "flotilla: NOT_FOUND: there is no key 'greeting' in family default of group kv\n",
    })
  })

  test('values are bytes: from standard input, and in base64 where JSON has no word for them', async () => {
    const stdin = Uint8Array.of(0, 255, 10)
    assert.equal((await flotilla('put raw - --json', { stdin })).code, 0)
    const terminal = terminalHere()
    assert.equal(await run(['get', 'raw'], terminal), 0)
    assert.deepEqual(terminal.out.bytes, stdin)
    assert.equal((await flotilla('get raw --json')).out, '{"key":"raw","valueBase64":"AP8K"}\n')
  })

  test('families: extra ones as configured, unknown ones refused', async () => {
    assert.equal((await flotilla('put k v --family extra')).code, 0)
    assert.equal((await flotilla('get k --family extra')).out, 'v')
    const refused = await flotilla('put k v --family nowhere')
    assert.equal(refused.code, 1)
    assert.match(refused.err, /^flotilla: UNKNOWN_FAMILY: .*\n$/)
  })

  test('scan: ranges, order, limits, JSON', async () => {
    for (const key of ['s/1', 's/2', 's/3', 't/1']) await flotilla(`put ${key} v${key}`)
    assert.equal((await flotilla('scan --prefix s/')).out, 's/1\tvs/1\ns/2\tvs/2\ns/3\tvs/3\n')
    assert.equal((await flotilla('scan --prefix s/ --reverse --limit 1')).out, 's/3\tvs/3\n')
    assert.equal(
      (await flotilla('scan --from s/2 --to t --json')).out,
      '{"key":"s/2","value":"vs/2"}\n{"key":"s/3","value":"vs/3"}\n',
    )
    const twice = await flotilla('scan --prefix s/ --from s/1')
    assert.equal(twice.code, 2)
    assert.match(twice.err, /^flotilla: COMMAND_INVALID: --prefix /)
  })

  test('import: good lines are put, bad ones are named, and the exit code tells', async () => {
    const file = join(dir, 'records.jsonl')
    const good = Array.from({ length: 300 }, (_, i) => JSON.stringify({ id: `imp/${String(i).padStart(3, '0')}`, i }))
    writeFileSync(file, [...good.slice(0, 10), 'oops', '', '{"other":1}', ...good.slice(10)].join('\n'))
    const first = await flotilla(`import ${file} --key id --json`)
    assert.equal(first.code, 1)
    assert.equal(first.out, '{"put":300,"refused":2,"resumeAt":null}\n')
    assert.match(first.err, /^line 11: not JSON\nline 13: no field 'id'\n300 records put, 2 lines refused into group kv/)
    assert.equal((await flotilla('scan --prefix imp/')).out.split('\n').length, 301)
    assert.equal((await flotilla('get imp/299')).out, good[299])
    const rest = await flotilla(`import ${file} --key id --from-line 14 --json`)
    assert.deepEqual([rest.code, rest.out], [0, '{"put":290,"refused":0,"resumeAt":null}\n'])
    const strict = await flotilla(`import ${file} --key id --strict --json`)
    assert.deepEqual([strict.code, strict.out], [1, '{"put":10,"refused":1,"resumeAt":11}\n'])
    assert.match(strict.err, /go on with --from-line 11/)
    const stdin = utf8('{"id":"from-stdin"}\n')
    assert.equal((await flotilla('import - --key id', { stdin })).code, 0)
    assert.equal((await flotilla('get from-stdin')).out, '{"id":"from-stdin"}')
    const absent = await flotilla(`import ${join(dir, 'nothing')} --key id`)
    assert.equal(absent.code, 1)
    assert.match(absent.err, /^flotilla: CONFIG_INVALID: ENOENT/)
    assert.equal((await flotilla(`import ${file}`)).code, 2)
  })

  test('keys and families that can never be are wrong use, found before anything is sent', async () => {
    const nowhere = '--nats nats://127.0.0.1:1'
    for (const line of ['get ', 'put  v', 'del ']) {
      const { code, err } = await flotilla(`${line} ${nowhere}`)
      assert.deepEqual([code, err], [2, 'flotilla: COMMAND_INVALID: a key has at least one byte\n'], line)
    }
    for (const line of ['get k', 'put k v', 'del k', 'scan', `import ${join(dir, 'none')} --key id`]) {
      const { code, err } = await flotilla(`${line} --family NOPE! ${nowhere}`)
      assert.equal(code, 2, line)
      assert.match(err, /^flotilla: CONFIG_INVALID: family 'NOPE!' is not a legal id/)
    }
  })

  test('import stops when it is interrupted, and says where to go on', async () => {
    const file = join(dir, 'many.jsonl')
    writeFileSync(file, Array.from({ length: 2000 }, (_, i) => JSON.stringify({ id: `many/${i}` })).join('\n'))
    const terminal = terminalHere()
    terminal.interrupt()
    assert.equal(await run(['import', file, '--key', 'id'], terminal), 1)
    assert.match(terminal.err.text, /go on with --from-line 1 /)
  })

  test('status: a table, or JSON', async () => {
    const { code, out } = await flotilla('status')
    assert.equal(code, 0)
    assert.match(
      out,
      /^node +role +term +leader +commit +applied +entries +store +free\na +leader +1 +a +[\d,]+ +[\d,]+ +[\d,]+ +[\d.]+ ([KM]i)?B +[\d.]+ ([KMGT]i)?B( low| full)?\n$/,
    )
    const json = JSON.parse((await flotilla('status --json')).out) as { nodes: { node: string }[]; missing: string[] }
    assert.deepEqual([json.nodes.map((one) => one.node), json.missing], [['a'], []])
    const nobody = await flotilla('status --cluster other')
    assert.deepEqual(nobody, {
      code: 3,
      out: '',
      err: `flotilla: UNAVAILABLE: no node of cluster other answers at ${broker.url}\n`,
    })
  })

  test('a group that no node has is said, by status and by tail', async () => {
    assert.deepEqual(await flotilla('status --group nope'), {
      code: 1,
      out: '',
      err: "flotilla: UNKNOWN_GROUP: no node of cluster demo has a group 'nope'\n",
    })
    for (const line of ['tail --group nope --timeout 100', 'tail --cluster nobody --timeout 100']) {
      const { code, err } = await flotilla(line)
      assert.ok(code === 1 || code === 3)
      assert.match(err, /^flotilla: (UNKNOWN_GROUP|UNAVAILABLE): [^\n]+\n$/)
    }
  })

  test('what goes on says when the connection is lost and back', async () => {
    const other = await startBroker({ port: 0 })
    const terminal = terminalHere()
    const end = run(['status', '--watch', '--json', '--nats', other.url], terminal)
    await eventually(() => terminal.out.text !== '')
    await other.close()
    await eventually(() => terminal.err.text.includes('flotilla: the connection to NATS is lost; waiting for it\n'))
    const again = await startBroker({ port: other.port })
    await eventually(() => terminal.err.text.includes(`flotilla: connected to NATS at 127.0.0.1:${other.port} again\n`))
    terminal.interrupt()
    assert.equal(await end, 0)
    await again.close()
  })

  test('status --watch goes on until it is interrupted', async () => {
    const terminal = terminalHere()
    const end = run(['status', '--watch', '--json'], terminal)
    await eventually(() => terminal.out.text.split('\n').length > 2)
    terminal.interrupt()
    assert.equal(await end, 0)
  })

  test('tail: entries as they commit, decoded', async () => {
    const terminal = terminalHere()
    const end = run(['tail', '--from', '1'], terminal)
    await eventually(() => terminal.out.text.includes('hello'))
    await flotilla('put live now')
    await eventually(() => /\d+ {2}term 1 {2}put {5}live {2}now\n/.test(terminal.out.text))
    assert.match(terminal.out.text, /^ +1 {2}term 1 {2}noop\n/)
    terminal.interrupt()
    assert.equal(await end, 0)
  })

  test('settings that cannot be right are exit code 2, before anything is connected', async () => {
    const node = `node --dir ${join(dir, 'never')} --nats nats://127.0.0.1:1 --log-level silent`
    const wrong = [
      'get k --nats http://127.0.0.1:1',
      'get k --nats nats://%zz@127.0.0.1:1',
      'get k --nats nats://:secret@127.0.0.1:1',
      'get k --user u --token t',
      'get k --cluster No',
      'get k --group no.no',
      `${node} --id d --nodes a,b,c`,
      `${node} --id a --nodes a,a,b`,
      `${node} --id a --nodes a --cluster No`,
      `${node} --id a --nodes a --group No`,
      `${node} --id a --nodes a --kv-families No`,
    ]
    for (const line of wrong) {
      const { code, err } = await flotilla(line)
      assert.equal(code, 2, line)
      assert.match(err, /^flotilla: CONFIG_INVALID: [^\n]+\n$/)
      assert.ok(!err.includes('secret'))
    }
    const terminal = terminalHere()
    assert.equal(await run(['get', 'k', '--nats', ''], terminal), 2)
  })

  test('node waits for NATS and says where, with its page and without', async () => {
    for (const page of [[], ['--inspect', '0']]) {
      const terminal = terminalHere()
      const words = [
        'node',
        '--id',
        'w',
        '--nodes',
        'w',
        '--dir',
        join(dir, 'w'),
        '--nats',
        'nats://u:secret@127.0.0.1:1',
        ...page,
      ]
      const end = run(words, terminal)
      await eventually(() => terminal.err.text.includes('"message":"waiting for NATS at 127.0.0.1:1"'))
      terminal.interrupt()
      assert.equal(await end, 0)
      assert.ok(!terminal.err.text.includes('secret'))
    }
  })

  test('node logs that NATS is lost and back, with the address', async () => {
    const other = await startBroker({ port: 0 })
    const terminal = terminalHere()
    const end = run(['node', '--id', 'l', '--nodes', 'l', '--dir', join(dir, 'l'), '--nats', other.url], terminal)
    const server = `"server":"127.0.0.1:${other.port}"`
    await eventually(() => terminal.err.text.includes(`"message":"connected to NATS",${server}`))
    await other.close()
    await eventually(() => terminal.err.text.includes(`"message":"the connection to NATS is lost",${server}`))
    const again = await startBroker({ port: other.port })
    await eventually(() => terminal.err.text.includes(`"message":"connected to NATS again",${server}`))
    terminal.interrupt()
    assert.equal(await end, 0)
    await again.close()
  })

  test('what nobody answers is exit code 3, in one line', async () => {
    const { code, err } = await flotilla('put k v --group nobody --timeout 100')
    assert.equal(code, 3)
    assert.match(err, /^flotilla: UNAVAILABLE: [^\n]+; nothing was done\n$/)
    const nowhere = await flotilla('get k --nats nats://127.0.0.1:1 --timeout 100')
    assert.equal(nowhere.code, 3)
    assert.match(nowhere.err, /^flotilla: DISCONNECTED: [^\n]+\n$/)
  })
})
