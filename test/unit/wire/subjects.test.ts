/** Subjects: any string becomes one legal token of bounded length, and short ones can be read back. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { text, utf8 } from '../../../src/base/bytes.ts'
import { checkId, subjectsOf, tokenOf } from '../../../src/wire/subjects.ts'

/** What a reader in another language would do. */
function valueOfToken(token: string): string {
  if (token === '=') return ''
  const bytes: number[] = []
  for (let at = 0; at < token.length; at++) {
    if (token[at] !== '=') bytes.push(token.charCodeAt(at))
    else {
      bytes.push(Number.parseInt(token.slice(at + 1, at + 3), 16))
      at += 2
    }
  }
  return Buffer.from(bytes).toString('utf8')
}

test('any string is one legal token of bounded length', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (value) => {
      const token = tokenOf(value)
      assert.match(token, /^[A-Za-z0-9_=+-]+$/)
      assert(token.length <= 194)
    }),
  )
})

test('short tokens can be read back, so two keys never share one', () => {
  const wellFormed = fc.string({ unit: 'grapheme', maxLength: 20 }).filter((value) => text(utf8(value)) === value)
  fc.assert(
    fc.property(wellFormed, (value) => fc.pre(tokenOf(value).length <= 192) ?? assert.equal(valueOfToken(tokenOf(value)), value)),
  )
  for (const value of ['', 'a.b', 'a*', '>', '=', '=noop', 'a b', '\0', 'é', 'ab-_Z9', '=2E'])
    assert.equal(valueOfToken(tokenOf(value)), value)
})

test('a long value is cut and says so', () => {
  assert.equal(tokenOf('x'.repeat(192)), 'x'.repeat(192))
  assert.equal(tokenOf('x'.repeat(193)), `${'x'.repeat(192)}=+`)
  assert.match(tokenOf('.'.repeat(1000)), /=\+$/)
})

test('no topic of a state machine can begin as a mark does', () => {
  const subjects = subjectsOf('demo')
  const mark = subjects.committedMark('kv', 'noop')
  assert.equal(mark, 'flotilla.demo.group.kv.committed.=noop')
  fc.assert(
    fc.property(fc.array(fc.string(), { minLength: 1, maxLength: 4 }), (topic) =>
      assert.notEqual(subjects.committed('kv', topic), mark),
    ),
  )
})

test('the subjects are those of the documentation', () => {
  const subjects = subjectsOf('demo', 'fleet')
  assert.equal(subjects.raft('b', 'a'), 'fleet.demo.raft.b.a')
  assert.equal(subjects.raftTo('b'), 'fleet.demo.raft.b.*')
  assert.equal(subjects.node('a', 'status'), 'fleet.demo.node.a.status')
  assert.equal(subjects.everyNode('status'), 'fleet.demo.nodes.status')
  assert.equal(subjects.group('kv', 'propose'), 'fleet.demo.group.kv.propose')
  assert.equal(subjects.committed('kv', ['put', 'a.b']), 'fleet.demo.group.kv.committed.put.a=2Eb')
  assert.equal(subjects.committedOf('kv'), 'fleet.demo.group.kv.committed.>')
  assert.equal(subjects.event('leadership'), 'fleet.demo.event.leadership')
})

test('ids that would be more than one token, or none, are refused', () => {
  for (const id of ['', 'a.b', 'A', '-a', '>', '*', 'a b', 'x'.repeat(64), 'é', 'a\n']) {
    assert.throws(() => checkId('cluster', id), { code: 'CONFIG_INVALID' }, id)
    assert.throws(() => subjectsOf(id), { code: 'CONFIG_INVALID' }, id)
    assert.throws(() => subjectsOf('demo', id), { code: 'CONFIG_INVALID' }, id)
  }
  assert.equal(checkId('node', 'a-1_b'), 'a-1_b')
})
