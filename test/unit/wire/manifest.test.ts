/** Manifests: the same for the same state, read as they were written, and nothing else is taken for one. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { InvariantError } from '../../../src/base/assert.ts'
import { FlotillaError } from '../../../src/base/errors.ts'
import { CHUNK_BYTES_MAX, CHUNKS_MAX } from '../../../src/base/limits.ts'
import { votersOnly } from '../../../src/protocol/types.ts'
import {
  chunkHash,
  decodeManifest,
  encodeManifest,
  MANIFEST_BYTES_MAX,
  type Manifest,
  type ManifestChunk,
  manifestId,
} from '../../../src/wire/manifest.ts'
import { assertSturdy, isRefused } from './broken-bytes.ts'

const chunkOf = (seed: number, bytes = 1000): ManifestChunk => ({ hash: chunkHash(Uint8Array.of(seed & 255, seed >>> 8)), bytes })

const MANIFEST: Manifest = {
  group: 'kv',
  epoch: '0123456789abcdef.00112233445566778899aabbccddeeff',
  kind: 'kv',
  format: 'rows',
  index: 1234,
  term: 7,
  membership: { conf: { ...votersOnly([1, 2, 3]), learners: [12] }, peers: { 1: 'a', 2: 'b', 3: 'c', 12: 'd' }, lastPeerId: 12 },
  chunks: [chunkOf(1), chunkOf(2, CHUNK_BYTES_MAX), chunkOf(3, 1)],
}

/** The manifest with its header changed by a text. */
function withHeader(from: string | RegExp, to: string): Uint8Array {
  const bytes = encodeManifest(MANIFEST)
  const length = new DataView(bytes.buffer).getUint32(2)
  const header = new TextDecoder().decode(bytes.subarray(6, 6 + length))
  const changed = header.replace(from, to)
  assert.notEqual(changed, header)
  const start = new Uint8Array(6)
  start.set(bytes.subarray(0, 6))
  new DataView(start.buffer).setUint32(2, changed.length)
  return new Uint8Array(Buffer.concat([start, Buffer.from(changed), bytes.subarray(6 + length)]))
}

test('a manifest is read as it was written', () => {
  assert.deepEqual(decodeManifest(encodeManifest(MANIFEST)), MANIFEST)
  const empty: Manifest = { ...MANIFEST, chunks: [], format: 'own', index: 0, term: 0 }
  assert.deepEqual(decodeManifest(encodeManifest(empty)), empty)
})

test('the same manifest is the same bytes, however it was put together', () => {
  const { membership, group, chunks, ...rest } = MANIFEST
  const turned: Manifest = {
    chunks: [...chunks],
    membership: {
      lastPeerId: 12,
      peers: { 12: 'd', 3: 'c', 2: 'b', 1: 'a' },
      conf: { ...membership.conf, voters: [3, 1, 2] },
    },
    ...rest,
    group,
  }
  assert.deepEqual(encodeManifest(turned), encodeManifest(MANIFEST))
  assert.equal(manifestId(encodeManifest(turned)), manifestId(encodeManifest(MANIFEST)))
  assert.match(manifestId(encodeManifest(MANIFEST)), /^[0-9a-f]{32}$/)
})

test('whatever differs in a manifest shows in its id', () => {
  const others: Partial<Manifest>[] = [
    { group: 'kv2' },
    { epoch: 'x' },
    { kind: 'actors' },
    { format: 'own' },
    { index: 1235 },
    { term: 8 },
    { membership: { ...MANIFEST.membership, lastPeerId: 13 } },
    { chunks: MANIFEST.chunks.slice(1) },
    { chunks: [...MANIFEST.chunks].reverse() },
    { chunks: MANIFEST.chunks.map((chunk) => ({ ...chunk, bytes: 1000 })) },
  ]
  const ids = [{}, ...others].map((change) => manifestId(encodeManifest({ ...MANIFEST, ...change })))
  assert.equal(new Set(ids).size, others.length + 1)
})

test('any manifest of the right shape comes through', () => {
  const fields = { hash: fc.uint8Array({ minLength: 16, maxLength: 16 }), bytes: fc.integer({ min: 1, max: CHUNK_BYTES_MAX }) }
  const chunk = fc.record(fields, { noNullPrototype: true })
  const whole = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER })
  fc.assert(
    fc.property(fc.array(chunk, { maxLength: 50 }), whole, whole, (chunks, index, term) => {
      const manifest = { ...MANIFEST, chunks, index, term }
      assert.deepEqual(decodeManifest(encodeManifest(manifest)), manifest)
    }),
  )
})

test('bytes that are no manifest are refused with CODEC_INVALID, whatever they are', () => {
  assertSturdy(decodeManifest, encodeManifest(MANIFEST))
})

test('a header that says what cannot be is refused', () => {
  const lies: (readonly [string | RegExp, string])[] = [
    ['"kv"', '"KV"'],
    ['"index":1234', '"index":-1'],
    ['"index":1234', '"index":9007199254740992'],
    ['"term":7', '"term":1.5'],
    ['"rows"', '"columns"'],
    ['"kind":"kv"', '"kind":""'],
    ['"voters":[1,2,3]', '"voters":[]'],
    ['"voters":[1,2,3]', '"voters":[1,1]'],
    ['"learners":[12]', '"learners":[1]'],
    ['"1":"a"', '"x":"a"'],
    ['"1":"a"', '"1":"A"'],
    [/"lastPeerId":12/, '"lastPeerId":12,"more":1'],
    ['"chunks":3', '"chunks":2'],
    ['"chunks":3', '"chunks":4'],
    ['"chunks":3', `"chunks":${CHUNKS_MAX + 1}`],
  ]
  for (const [from, to] of lies) assert.ok(isRefused(decodeManifest, withHeader(from, to)), `${from} → ${to}`)
  assert.ok(isRefused(decodeManifest, withHeader('{', `{${' '.repeat(128 * 1024)}`)), 'a header that is too long')
  assert.ok(!isRefused(decodeManifest, withHeader('{', `{${' '.repeat(1024)}`)))
  const names = Object.fromEntries(Array.from({ length: 1025 }, (_, i) => [i + 1, 'a']))
  assert.ok(isRefused(decodeManifest, withHeader(/"peers":\{[^}]*\}/, `"peers":${JSON.stringify(names)}`)))
})

test('a chunk of no bytes or too many is refused', () => {
  const bytes = encodeManifest(MANIFEST)
  for (const length of [0, CHUNK_BYTES_MAX + 1, 0xffff_ffff]) {
    new DataView(bytes.buffer).setUint32(bytes.length - 4, length)
    assert.ok(isRefused(decodeManifest, bytes), `${length} bytes`)
  }
})

test('what could not be read is not written', () => {
  const write = (change: Partial<Manifest>) => () => encodeManifest({ ...MANIFEST, ...change })
  assert.throws(write({ chunks: [{ hash: new Uint8Array(15), bytes: 1 }] }), InvariantError)
  assert.throws(write({ chunks: [chunkOf(1, 0)] }), InvariantError)
  assert.throws(write({ chunks: [chunkOf(1, CHUNK_BYTES_MAX + 1)] }), InvariantError)
  const many = new Array<ManifestChunk>(CHUNKS_MAX + 1).fill(chunkOf(1))
  assert.throws(write({ chunks: many }), (thrown: unknown) => thrown instanceof FlotillaError && thrown.code === 'TOO_LARGE')
  assert.ok(encodeManifest({ ...MANIFEST, chunks: many.slice(1) }).length <= MANIFEST_BYTES_MAX)
})
