/** What is true of any change of any configuration, and of the bytes of a change. */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { utf8 } from '../../../src/base/bytes.ts'
import { FlotillaError } from '../../../src/base/errors.ts'
import {
  applyChange,
  CONTEXT_BYTES_MAX,
  type ConfChange,
  changeSimply,
  checkChange,
  checkConf,
  decodeChange,
  encodeChange,
  isChange,
  isJoint,
  LEAVE_JOINT,
} from '../../../src/protocol/confchange.ts'
import type { ConfState } from '../../../src/protocol/types.ts'
import { anyChange, anyConf, anyStep, changeOf, confOf, simpleConf, steps } from '../../harness/conf-changes.ts'

/** Every set of peers that decides, tried one by one. */
function quorumsOf(conf: ConfState): number[] {
  const halves = [conf.voters, conf.votersOutgoing].filter((half) => half.length > 0)
  const decides = (set: number): boolean =>
    halves.every((half) => half.filter((one) => (set >> one) & 1).length * 2 > half.length)
  return Array.from({ length: 128 }, (_, set) => set).filter(decides)
}

const meet = (a: ConfState, b: ConfState): boolean =>
  quorumsOf(a).every((one) => quorumsOf(b).every((other) => (one & other) !== 0))

describe('of any change', () => {
  test('a simple one is the same change made through a joint configuration', () => {
    fc.assert(
      fc.property(simpleConf, fc.array(anyStep, { minLength: 1, maxLength: 6 }), (conf, some) => {
        const simple = changeSimply(conf, some)
        if (typeof simple === 'string') return
        const joint = applyChange(conf, { transition: 'jointExplicit', steps: some, context: '' })
        assert.ok(isJoint(joint))
        assert.deepEqual(applyChange(joint, LEAVE_JOINT), simple)
      }),
    )
  })

  test('any quorum before it meets any quorum after it', () => {
    fc.assert(fc.property(anyConf, anyChange, (conf, next) => assert.ok(meet(conf, applyChange(conf, next)))))
  })

  test('what comes out is sorted and disjoint, and has a voter', () => {
    fc.assert(
      fc.property(anyConf, anyChange, (conf, next) => {
        const { voters, votersOutgoing, learners, learnersNext, autoLeave } = applyChange(conf, next)
        for (const peers of [voters, votersOutgoing, learners, learnersNext])
          assert.ok(peers.every((one, i) => i === 0 || one > (peers[i - 1] as number)))
        assert.ok(voters.length > 0)
        assert.ok(learners.every((one) => !voters.includes(one) && !votersOutgoing.includes(one)))
        assert.ok(learnersNext.every((one) => votersOutgoing.includes(one) && !voters.includes(one)))
        if (votersOutgoing.length === 0) assert.deepEqual([learnersNext, autoLeave], [[], false])
        assert.equal(checkConf(applyChange(conf, next)), null)
      }),
    )
  })

  test('asking is foretelling, and nothing is changed in place', () => {
    fc.assert(
      fc.property(anyConf, anyChange, (conf, next) => {
        const [confBefore, changeBefore] = [structuredClone(conf), structuredClone(next)]
        assert.equal(applyChange(conf, next) === conf, checkChange(conf, next) !== null)
        assert.deepEqual([conf, next], [confBefore, changeBefore])
      }),
    )
  })
})

describe('the bytes of a change', () => {
  test('give it back', () => {
    fc.assert(fc.property(anyChange, (one) => assert.deepEqual(decodeChange(encodeChange(one)), one)))
    assert.deepEqual(decodeChange(encodeChange(LEAVE_JOINT)), LEAVE_JOINT)
  })

  test('hold what a change has and nothing else', () => {
    const talkative = { ...changeOf('auto', 'v2'), ticket: 7, steps: [{ ...steps('v2')[0]!, note: 'x' }] }
    assert.deepEqual(decodeChange(encodeChange(talkative)), changeOf('auto', 'v2'))
  })

  const good = '{"transition":"auto","steps":[{"type":"AddNode","peer":2}],"context":"x"}'
  const bad: readonly string[] = [
    '',
    'null',
    '7',
    '[]',
    '{}',
    good.slice(1),
    ` ${good}`,
    `\ufeff${good}`,
    good.replace('"auto"', '"never"'),
    good.replace('"AddNode"', '"UpdateNode"'),
    good.replace('2', '0'),
    good.replace('2', '"2"'),
    good.replace('2', '2.0'),
    good.replace('2', '9007199254740993'),
    good.replace('"x"', '7'),
    good.replace('"x"', '["x"]'),
    good.replace('"x"', '"x","more":1'),
    good.replace('"x"', '"y","context":"x"'),
    good.replace('"x"', '"x","__proto__":{}'),
    good.replace('2}', '2,"more":1}'),
    good.replace(/\[.*\]/, '{}'),
    good.replace(/\[.*\]/, '[null]'),
    '['.repeat(100_000),
  ]
  test('are only those of a change', () => {
    assert.deepEqual(decodeChange(utf8(good)), { ...changeOf('auto', 'v2'), context: 'x' })
    for (const one of bad) assert.equal(decodeChange(utf8(one)), null, one.slice(0, 100))
    assert.equal(decodeChange(Uint8Array.of(...utf8(good.slice(0, -3)), 0xff, ...utf8('"}'))), null, 'not UTF-8')
  })

  test('are few', () => {
    const saying = (context: string): ConfChange => ({ ...LEAVE_JOINT, context })
    assert.ok(isChange(saying('x'.repeat(CONTEXT_BYTES_MAX))))
    for (const context of [
      'x'.repeat(CONTEXT_BYTES_MAX + 1),
      'é'.repeat(CONTEXT_BYTES_MAX / 2 + 1),
      '\0'.repeat(CONTEXT_BYTES_MAX / 5),
    ]) {
      assert.match(checkChange(confOf([1]), saying(context)) ?? '', /at most 65536 bytes/)
      assert.throws(
        () => encodeChange(saying(context)),
        (error) => error instanceof FlotillaError && error.code === 'CONF_INVALID',
      )
      assert.equal(decodeChange(utf8(JSON.stringify(saying(context)))), null)
    }
  })

  test('of nonsense make no sense', () => {
    fc.assert(fc.property(fc.uint8Array(), (bytes) => assert.equal(decodeChange(bytes), null)))
    fc.assert(fc.property(fc.anything(), (value) => assert.equal(typeof isChange(value), 'boolean')))
  })
})
