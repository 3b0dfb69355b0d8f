/** How the window of a transfer opens and narrows. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SNAPSHOT_ANSWERS_MAX, SNAPSHOT_CHUNKS_ASKED_MAX, SNAPSHOT_PULLS_MAX } from '../../../../src/base/limits.ts'
import { Window } from '../../../../src/node/snapshots/window.ts'

const PROMPT_MS = 100

/** A window after answers that took so long, one after the other. */
function after(...answers: readonly number[]): Window {
  const window = new Window(PROMPT_MS)
  let now = 0
  for (const ms of answers) {
    window.kept(now, ms)
    now += ms
  }
  return window
}

const many = (count: number, ms: number): number[] => Array.from({ length: count }, () => ms)

test('at first, one pull for one chunk', () => {
  const window = after()
  assert.equal(window.chunks, 1)
  assert.equal(window.allows(0, 0), true)
  assert.equal(window.allows(1, 0), false)
  assert.equal(window.allows(0, 1), false) // what is not kept yet is lost with the process
})

test('each prompt answer allows one pull and one chunk more, up to the bounds', () => {
  assert.equal(after(5).chunks, 2)
  assert.equal(after(5).allows(1, 0), true)
  assert.equal(after(5).allows(1, 1), false)
  const wide = after(...many(100, 5))
  assert.equal(wide.chunks, SNAPSHOT_CHUNKS_ASKED_MAX)
  assert.equal(wide.allows(SNAPSHOT_PULLS_MAX - 1, SNAPSHOT_ANSWERS_MAX - SNAPSHOT_PULLS_MAX), true)
  assert.equal(wide.allows(SNAPSHOT_PULLS_MAX, 0), false)
  assert.equal(wide.allows(0, SNAPSHOT_ANSWERS_MAX), false)
})

test('each answer that is not prompt halves what is asked for, down to one chunk', () => {
  const wide = many(100, 5)
  assert.equal(after(...wide, 106).chunks, SNAPSHOT_CHUNKS_ASKED_MAX / 2)
  assert.equal(after(...wide, 105).chunks, SNAPSHOT_CHUNKS_ASKED_MAX)
  assert.equal(after(...wide, ...many(10, 106)).chunks, 1)
  assert.equal(after(...wide, ...many(10, 106), 5).chunks, 2)
})

test('a long way is not a slow one', () => {
  assert.equal(after(...many(100, 300)).chunks, SNAPSHOT_CHUNKS_ASKED_MAX)
  assert.equal(after(...many(100, 300), 401).chunks, SNAPSHOT_CHUNKS_ASKED_MAX / 2)
})

test('answers that were late together halve it once', () => {
  const window = after(...many(100, 5))
  for (const askedAt of [1000, 1010, 1020, 1030]) window.kept(askedAt, 200)
  assert.equal(window.chunks, SNAPSHOT_CHUNKS_ASKED_MAX / 2)
  window.kept(1200, 200)
  assert.equal(window.chunks, SNAPSHOT_CHUNKS_ASKED_MAX / 4)
})
