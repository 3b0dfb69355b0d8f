/** The parser: however the bytes are cut, the verbs are the same; and whatever the bytes are, it ends in a verb or a violation. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Parser, ProtocolViolation, type Verbs } from '../../../../src/transport/broker/parser.ts'

const LIMITS = { payloadMax: 1000, controlLineMax: 200 }

/** What was understood, as plain lists. */
function recorder(): { said: unknown[][]; parser: Parser } {
  const said: unknown[][] = []
  const verbs: Verbs = {
    connect: (json) => said.push(['connect', json.trim()]),
    ping: () => said.push(['ping']),
    pong: () => said.push(['pong']),
    subscribe: (pattern, queue, sid) => said.push(['sub', pattern, queue, sid]),
    unsubscribe: (sid, max) => said.push(['unsub', sid, max]),
    publish: ({ subject, reply, headerBytes, body }) => said.push(['pub', subject, reply, headerBytes, body.toString('latin1')]),
  }
  return { said, parser: new Parser(verbs, LIMITS) }
}

const SPOKEN = [
  'CONNECT {"name":"größe"}\r\n',
  'PING\r\npong\r\n',
  'SUB a.* 1\r\nSUB  a.b\tq  2 \r\n',
  'UNSUB 1\r\nUNSUB 2 5\r\n',
  'PUB a.b 0\r\n\r\n',
  'PUB a.b r.1 5\r\nPING\r\r\n',
  'HPUB h 22 25\r\nNATS/1.0\r\nA: b\r\nC:\r\n\r\nxyz\r\n',
  'PING\n',
].join('')

const HEARD = [
  ['connect', '{"name":"größe"}'],
  ['ping'],
  ['pong'],
  ['sub', 'a.*', undefined, '1'],
  ['sub', 'a.b', 'q', '2'],
  ['unsub', '1', undefined],
  ['unsub', '2', 5],
  ['pub', 'a.b', null, 0, ''],
  ['pub', 'a.b', 'r.1', 0, 'PING\r'],
  ['pub', 'h', null, 22, 'NATS/1.0\r\nA: b\r\nC:\r\n\r\nxyz'],
  ['ping'],
]

test('the verbs are the same however the bytes are cut', () => {
  const bytes = Buffer.from(SPOKEN)
  fc.assert(
    fc.property(fc.array(fc.nat(bytes.length), { maxLength: 12 }), (cuts) => {
      const { said, parser } = recorder()
      const edges = [0, ...cuts.toSorted((x, y) => x - y), bytes.length]
      for (let i = 1; i < edges.length; i++) parser.feed(Buffer.from(bytes.subarray(edges[i - 1], edges[i])))
      assert.deepEqual(said, HEARD)
    }),
  )
  const { said, parser } = recorder()
  for (const byte of bytes) parser.feed(Buffer.of(byte))
  assert.deepEqual(said, HEARD)
})

test('any bytes end in verbs or a violation, never in anything else', () => {
  const scrap = fc.constantFrom(
    'PUB ',
    'HPUB ',
    'SUB ',
    'UNSUB ',
    'CONNECT ',
    'PING',
    '\r\n',
    '\n',
    ' ',
    'a.b ',
    '5',
    '-1',
    '99999999999',
    '\0',
    '\xff',
  )
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 300 }).map((each) => Buffer.from(each)),
    fc.array(scrap, { maxLength: 40 }).map((parts) => Buffer.from(parts.join(''), 'latin1')),
  )
  fc.assert(
    fc.property(bytes, (each) => {
      const { parser } = recorder()
      try {
        parser.feed(each)
      } catch (error) {
        assert.ok(error instanceof ProtocolViolation, String(error))
      }
    }),
    { numRuns: 500 },
  )
})

test('what breaks a rule is a violation that names it', () => {
  const cases: readonly [string, RegExp][] = [
    ['HELLO\r\n', /Unknown Protocol Operation/],
    ['\r\n', /Unknown Protocol Operation/],
    ['PUB a 1001\r\n', /Maximum Payload/],
    ['PUB a\r\n', /PUB/],
    ['PUB a b c 1\r\n', /PUB/],
    ['PUB a -1\r\n', /Size/],
    ['PUB a 1e1\r\n', /Size/],
    ['PUB a 3\r\nabcd\r\n', /Line End/],
    ['HPUB a 5 4\r\n', /Header Size/],
    ['HPUB a 0 4\r\n', /Header Size/],
    ['SUB a\r\n', /SUB/],
    ['UNSUB\r\n', /UNSUB/],
    [`SUB ${'a'.repeat(300)} 1\r\n`, /Control Line/],
    ['x'.repeat(300), /Control Line/],
  ]
  for (const [line, rule] of cases)
    assert.throws(() => recorder().parser.feed(Buffer.from(line)), rule, JSON.stringify(line.slice(0, 20)))
})

test('a line of the greatest length passes, and a piecemeal line is counted as a whole', () => {
  const longest = `SUB ${'a'.repeat(LIMITS.controlLineMax - 6)} 1`
  const { said, parser } = recorder()
  parser.feed(Buffer.from(`${longest}\r\n`))
  assert.equal(said.length, 1)
  const piecemeal = (): void => {
    for (let i = 0; i < 300; i++) parser.feed(Buffer.from('x'))
  }
  assert.throws(piecemeal, /Control Line/)
})

test('after stop nothing more is understood, also of the chunk at hand', () => {
  const pings: number[] = []
  const parser: Parser = new Parser(
    {
      connect() {},
      pong() {},
      subscribe() {},
      unsubscribe() {},
      publish() {},
      ping() {
        pings.push(1)
        parser.stop()
      },
    },
    LIMITS,
  )
  parser.feed(Buffer.from('PING\r\nPING\r\n'))
  parser.feed(Buffer.from('PING\r\n'))
  assert.equal(pings.length, 1)
})
