/** The drawing says which part is which, and nothing in a definition can become markup. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createMachine } from 'xstate'
import { roleMachine } from '../../../machines/role.ts'
import type { Layout } from '../../../src/inspector/chart/geometry.ts'
import { chartOf } from '../../../src/inspector/chart/graph.ts'
import { ROLE_LAYOUT } from '../../../src/inspector/chart/role-layout.ts'
import { drawChart } from '../../../src/inspector/svg.ts'

const chart = chartOf(roleMachine.root)
const svg = drawChart(chart, ROLE_LAYOUT)

const countOf = (pattern: RegExp): number => [...svg.matchAll(pattern)].length

test('every state, arrow and label is drawn once, under its id', () => {
  for (const state of chart.states) assert.equal(countOf(new RegExp(`data-state="${state.id}"`, 'g')), 1, state.id)
  assert.equal(countOf(/<g class="arrow"/g), chart.arrows.length)
  assert.equal(countOf(/<g class="label"/g), chart.arrows.length)
})

test('an arrow names the innermost state it enters', () => {
  assert.match(svg, /data-from="following.follower" data-to="campaigning" data-enters="campaigning.preCandidate"/)
  assert.match(svg, /data-to="leader" data-enters="leader.round.beat"/)
})

test('the drawing is well nested and holds no styles or scripts', () => {
  const open: string[] = []
  for (const [, closing, name, , selfClosed] of svg.matchAll(/<(\/?)([a-z]+)((?:[^>"]|"[^"]*")*?)(\/?)>/g)) {
    if (closing === '/') assert.equal(open.pop(), name)
    else if (selfClosed !== '/') open.push(name ?? '')
  }
  assert.deepEqual(open, [])
  assert.doesNotMatch(svg, /<style|<script|style=|NaN|undefined/)
})

test('a name in a definition is text, whatever it holds', () => {
  const machine = createMachine({
    initial: '<b>&"',
    on: { '<script>': { actions: 'x' } },
    states: { '<b>&"': { on: { "'": { actions: 'x' } } } },
  })
  const layout: Layout = { width: 100, height: 100, states: { '<b>&"': { x: 0, y: 0, width: 90, height: 40 } }, arrows: {} }
  const drawn = drawChart(chartOf(machine.root), layout)
  assert.match(drawn, /data-state="&lt;b&gt;&amp;&quot;"/)
  assert.doesNotMatch(drawn, /<b>|<script>/)
})
