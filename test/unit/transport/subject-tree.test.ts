/** The tree against the plainest possible matcher, over random patterns and subjects. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Listener, SubjectTree } from '../../../src/transport/subject-tree.ts'

/** The rule itself, token by token. */
function matches(pattern: string, subject: string): boolean {
  const wanted = pattern.split('.')
  const given = subject.split('.')
  const tail = wanted.at(-1) === '>'
  if (tail ? given.length < wanted.length : given.length !== wanted.length) return false
  return wanted.every((token, i) => (tail && i === wanted.length - 1) || token === '*' || token === given[i])
}

const token = fc.constantFrom('a', 'b', 'c')
const subject = fc.array(token, { minLength: 1, maxLength: 4 }).map((tokens) => tokens.join('.'))
const pattern = fc
  .tuple(fc.array(fc.constantFrom('a', 'b', 'c', '*'), { minLength: 1, maxLength: 4 }), fc.boolean())
  .map(([tokens, tail]) => (tail ? [...tokens.slice(0, -1), '>'] : tokens).join('.'))

test('the tree finds exactly those whose pattern matches, also after some have left', () => {
  fc.assert(
    fc.property(
      fc.array(pattern, { maxLength: 20 }),
      fc.array(subject, { minLength: 1, maxLength: 10 }),
      fc.nat(19),
      (patterns, asked, gone) => {
        const tree = new SubjectTree<Listener>()
        const listeners = patterns.map((each) => ({ pattern: each }))
        for (const listener of listeners) tree.add(listener)
        for (const each of asked) tree.match(each) // fills the cache, which must not go stale
        const left = listeners[gone]
        if (left !== undefined) assert.equal(tree.remove(left), true)
        const stayed = listeners.filter((listener) => listener !== left)
        for (const each of asked) {
          assert.deepEqual(new Set(tree.match(each).plain), new Set(stayed.filter((listener) => matches(listener.pattern, each))))
        }
        assert.equal(tree.size, stayed.length)
      },
    ),
  )
})

test('members of a queue are one group, whichever pattern brought them', () => {
  const tree = new SubjectTree<Listener>()
  const one = { pattern: 'a.b', queue: 'q' }
  const two = { pattern: 'a.*', queue: 'q' }
  const other = { pattern: 'a.>', queue: 'r' }
  for (const listener of [one, two, other]) tree.add(listener)
  const { plain, groups } = tree.match('a.b')
  assert.deepEqual(plain, [])
  assert.deepEqual(new Set(groups.map((group) => new Set(group))), new Set([new Set([one, two]), new Set([other])]))
})

test('what was never added cannot be removed, and removing twice removes once', () => {
  const tree = new SubjectTree<Listener>()
  const listener = { pattern: 'a.>' }
  tree.add(listener)
  tree.add(listener)
  assert.equal(tree.size, 1)
  assert.equal(tree.remove({ pattern: 'a.>' }), false)
  assert.equal(tree.remove({ pattern: 'x.y' }), false)
  assert.equal(tree.remove(listener), true)
  assert.equal(tree.remove(listener), false)
  assert.deepEqual([tree.size, tree.match('a.b').plain], [0, []])
})

test('a thousand patterns come and go, and what stays is found', () => {
  const tree = new SubjectTree<Listener>()
  const stays = { pattern: 'a.*.c' }
  tree.add(stays)
  const passing = Array.from({ length: 1000 }, (_, i) => ({ pattern: i % 2 === 0 ? `a.${i}.c` : `a.*.${i}.>` }))
  for (const listener of passing) tree.add(listener)
  for (const listener of passing) assert.equal(tree.remove(listener), true)
  assert.deepEqual([tree.size, tree.match('a.2.c').plain, tree.match('a.2.3.4').plain], [1, [stays], []])
})
