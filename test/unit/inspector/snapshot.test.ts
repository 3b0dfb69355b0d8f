/** Of all that is known a page is sent what it shows. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pageSnapshot } from '../../../src/inspector/snapshot.ts'
import { groupStatus, seen } from '../../web/fake-cluster.ts'

const views = [
  seen('a', groupStatus({ group: 'zoo' }), groupStatus()),
  seen('b', groupStatus({ role: 'leader' })),
  { node: 'c', alive: false, status: null },
]

test('names every group once and sends the status of one', () => {
  const { groups, group, cluster, nodes } = pageSnapshot(views, { group: 'zoo', supervised: false })
  assert.deepEqual([groups, group, cluster], [['kv', 'zoo'], 'zoo', 'demo'])
  assert.deepEqual(
    nodes.map((node) => node.peer?.group ?? null),
    ['zoo', null, null],
  )
  assert.ok(nodes.every((node) => node.status === null || !('groups' in node.status)))
})

test('an unknown group is the first one', () => {
  assert.equal(pageSnapshot(views, { group: 'nowhere', supervised: false }).group, 'kv')
  assert.equal(pageSnapshot(views, { group: null, supervised: false }).group, 'kv')
})

test('nodes that were never heard of are shown all the same', () => {
  const nothing = pageSnapshot([{ node: 'c', alive: false, status: null }], { group: null, supervised: true })
  assert.deepEqual(nothing, {
    cluster: null,
    groups: [],
    group: null,
    supervised: true,
    nodes: [{ node: 'c', alive: false, status: null, peer: null }],
  })
})
