/** The stored layout fits the machine as it is now: a stale drawing is a red test, not a wrong picture. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { roleMachine } from '../../../../machines/role.ts'
import { type Box, misfits } from '../../../../src/inspector/chart/geometry.ts'
import { ANYWHERE, chartOf } from '../../../../src/inspector/chart/graph.ts'
import { ROLE_LAYOUT } from '../../../../src/inspector/chart/role-layout.ts'

const REMEDY = 'run: npm run build && node dist/test/web/layout-tool.js && npm run format'

const chart = chartOf(roleMachine.root)

const within = (inner: Box, outer: Box): boolean =>
  inner.x >= outer.x &&
  inner.y >= outer.y &&
  inner.x + inner.width <= outer.x + outer.width &&
  inner.y + inner.height <= outer.y + outer.height

test('every state and arrow of the role machine has its place, and nothing else has', () => {
  assert.deepEqual(misfits(chart, ROLE_LAYOUT), [], REMEDY)
})

test('a machine that changed is noticed: missing, left over and outgrown', () => {
  const [first, ...others] = chart.states
  assert.ok(first !== undefined)
  const less = misfits({ ...chart, states: others }, ROLE_LAYOUT)
  assert.deepEqual(less, ['state following is in the layout, not in the chart'])
  const more = misfits({ ...chart, states: [...chart.states, { ...first, id: 'learner' }] }, ROLE_LAYOUT)
  assert.deepEqual(more, ['state learner is not in the layout'])
  const longer = misfits({ ...chart, states: [{ ...first, name: 'a name too long for its box' }, ...others] }, ROLE_LAYOUT)
  assert.deepEqual(longer, ['state following has outgrown its place'])
  const fewer = misfits({ ...chart, arrows: chart.arrows.filter((arrow) => arrow.from !== ANYWHERE) }, ROLE_LAYOUT)
  assert.equal(fewer.length, 2)
})

test('states lie inside their parents, and everything inside the drawing', () => {
  const page = { x: 0, y: 0, width: ROLE_LAYOUT.width, height: ROLE_LAYOUT.height }
  for (const state of chart.states) {
    const outer = state.parent === null ? page : ROLE_LAYOUT.states[state.parent]
    assert.ok(within(ROLE_LAYOUT.states[state.id] as Box, outer as Box), state.id)
  }
  for (const [id, route] of Object.entries(ROLE_LAYOUT.arrows)) assert.ok(within(route.label, page), id)
})

test('every arrow ends at the border of the state it leads to', () => {
  for (const arrow of chart.arrows) {
    const [x, y] = ROLE_LAYOUT.arrows[arrow.id]?.points.at(-1) ?? [Number.NaN, Number.NaN]
    const box = ROLE_LAYOUT.states[arrow.to] as Box
    assert.ok(x >= box.x && x <= box.x + box.width, `${arrow.id} ends beside its state`)
    assert.ok(Math.min(Math.abs(y - box.y), Math.abs(y - box.y - box.height)) < 1, `${arrow.id} ends off the border`)
  }
})
