/** Who is a neighbour, who has gone, and whose store is to be forgotten: also of groups that are out of step, and of steps that are seen all at once. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { NO_CONF } from '../../../src/node/members.ts'
import { Neighbours } from '../../../src/node/neighbours.ts'
import type { Membership } from '../../../src/ports/store.ts'
import { votersOnly } from '../../../src/protocol/types.ts'

const GIVEN_AT_FOUNDING = 3
const HEARD = new Set(['b'])
const NOTHING = { gone: [], come: [] }

/** Members by name, and the highest id that was ever given. */
function of(
  members: Readonly<Record<string, number>>,
  given = Math.max(GIVEN_AT_FOUNDING, ...Object.values(members)),
): Membership {
  const peers = Object.fromEntries(Object.entries(members).map(([node, peer]) => [peer, node]))
  return { conf: votersOnly(Object.values(members)), peers, lastPeerId: given }
}

const FOUNDED = of({ a: 1, b: 2, c: 3 })
const WITHOUT_B = of({ a: 1, c: 3 })
const READMITTED = of({ a: 1, b: 4, c: 3 })

/** What node a sees of its groups, changed as the test likes. */
function scene(...groups: readonly string[]) {
  const memberships = new Map(groups.map((group) => [group, FOUNDED]))
  const neighbours = new Neighbours('a', () => [...memberships].map(([group, membership]) => ({ group, table: { membership } })))
  assert.deepEqual([...neighbours.names], ['b', 'c'])
  const becomes = (group: string, membership: Membership | null, heard: ReadonlySet<string> = new Set()) => {
    if (membership) memberships.set(group, membership)
    else memberships.delete(group)
    return neighbours.changed(heard)
  }
  return { neighbours, becomes }
}

test('who is a member of no group any more is gone, and new when it comes again', () => {
  const { neighbours, becomes } = scene('g')
  assert.deepEqual(becomes('g', WITHOUT_B), { gone: ['b'], come: [] })
  assert.deepEqual([...neighbours.names], ['c'])
  assert.deepEqual(becomes('g', READMITTED), { gone: [], come: ['b'] })
  assert.deepEqual(becomes('g', READMITTED), NOTHING)
})

test('who was removed and added again at one stroke is gone, and new', () => {
  const { becomes } = scene('g')
  assert.deepEqual(becomes('g', READMITTED, HEARD), { gone: ['b'], come: ['b'] })
  assert.deepEqual(becomes('g', READMITTED), NOTHING)
})

test('of two groups that are out of step the second decides, at one stroke or not', () => {
  for (const steps of [[READMITTED], [WITHOUT_B, READMITTED]]) {
    const { becomes } = scene('g', 'h')
    assert.deepEqual(becomes('g', READMITTED, HEARD), NOTHING, 'it may have promised something as the old peer of h')
    const [first, ...others] = steps.map((step) => becomes('h', step))
    assert.deepEqual(first, { gone: ['b'], come: ['b'] })
    for (const other of others) assert.deepEqual(other, NOTHING)
  }
})

test('a store that speaks after one of its peers was replaced stands behind the new one, too', () => {
  const { becomes } = scene('g', 'h')
  assert.deepEqual(becomes('g', READMITTED), NOTHING)
  assert.deepEqual(becomes('h', READMITTED, HEARD), NOTHING)
  assert.deepEqual(becomes('g', of({ a: 1, b: 5, c: 3 }), HEARD), NOTHING)
  assert.deepEqual(becomes('h', of({ a: 1, b: 5, c: 3 })), { gone: ['b'], come: ['b'] })
})

test('what a group says that we leave counts no more', () => {
  const { becomes } = scene('g', 'h')
  becomes('g', READMITTED)
  assert.deepEqual(becomes('h', null), { gone: ['b'], come: ['b'] })
})

test('where a log is read again from its beginning nobody is gone whose time is still to come', () => {
  const { becomes } = scene('g')
  assert.deepEqual(becomes('g', { ...READMITTED, conf: NO_CONF }), { gone: ['b'], come: ['b'] })
  assert.deepEqual(becomes('g', FOUNDED), NOTHING)
  assert.deepEqual(becomes('g', WITHOUT_B, HEARD), NOTHING)
  assert.deepEqual(becomes('g', READMITTED), { gone: [], come: ['b'] })
  assert.deepEqual(becomes('g', of({ a: 1, c: 3 }, 4)), { gone: ['b'], come: [] })
})
