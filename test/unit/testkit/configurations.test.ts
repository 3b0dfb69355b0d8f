/** A configuration is known when it was met, and not when its hash was. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { prng } from '../../../src/base/prng.ts'
import { Bits, Configurations } from '../../../src/testkit/linearizability/configurations.ts'
import { Meter } from '../../../src/testkit/linearizability/meter.ts'

const bitsOf = (size: number, words: readonly number[]): Bits => {
  const bits = new Bits(size)
  for (let bit = 0; bit < size; bit++) if (((words[bit >>> 5] as number) & (1 << (bit & 31))) !== 0) bits.add(bit)
  return bits
}

const meter = (): Meter => new Meter({ bytes: 0, peak: 0 })

test('each one is new once, also where hashes of 32 bits are the same', () => {
  const chance = prng(3)
  const seen = new Set<string>()
  const met = new Configurations(meter())
  const optional = new Bits(0)
  for (let i = 0; i < 150_000; i++) {
    const words = [chance.between(0, 2 ** 31), chance.between(0, 2 ** 31)]
    const key = words.join()
    assert.equal(met.add({ required: bitsOf(64, words), optional, state: 0 }), !seen.has(key))
    seen.add(key)
    if (i % 1000 === 0) assert.equal(met.add({ required: bitsOf(64, words), optional, state: 0 }), false)
  }
})

test('one that used more of what may have been is known, one that used other things is not', () => {
  const met = new Configurations(meter())
  const add = (state: number, required: number, optional: number) =>
    met.add({ state, required: bitsOf(32, [required]), optional: bitsOf(32, [optional]) })
  assert.equal(add(1, 0b11, 0b0110), true)
  assert.equal(add(1, 0b11, 0b0110), false)
  assert.equal(add(1, 0b11, 0b1110), false)
  assert.equal(add(1, 0b11, 0b1010), true)
  assert.equal(add(1, 0b11, 0b0010), true)
  assert.equal(add(1, 0b11, 0b1010), false)
  assert.equal(add(2, 0b11, 0b0110), true)
  assert.equal(add(1, 0b10, 0b0110), true)
})

test('bits know where they begin to have gaps and where they end', () => {
  const bits = new Bits(100)
  const ends = () => [bits.gap, bits.top]
  assert.deepEqual(ends(), [0, -1])
  for (let bit = 0; bit < 70; bit++) bits.add(bit)
  assert.deepEqual(ends(), [2, 2])
  bits.delete(33)
  assert.deepEqual(ends(), [1, 2])
  for (let bit = 64; bit < 70; bit++) bits.delete(bit)
  assert.deepEqual([...ends(), bits.has(32), bits.has(33)], [1, 1, true, false])
  bits.add(33)
  assert.deepEqual(ends(), [2, 1])
})
