/** The page in a real browser: it lights what is active, follows changes, and its buttons reach the supervisor. */

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Inspector, startInspector } from '../../src/inspector/server.ts'
import { type Browser, findChromium, openBrowser } from './browser.ts'
import { calm, FakeFeed, FakeSupervisor, groupStatus, seen } from './fake-cluster.ts'

const program = findChromium()
const skip = program === null ? 'NO CHROMIUM ON THE PATH: the page was not seen by a browser' : false

const feed = new FakeFeed()
const supervisor = new FakeSupervisor(feed)
let inspector: Inspector
let browser: Browser

before(async () => {
  if (program === null) return
  inspector = await startInspector({ host: '127.0.0.1', port: 0, feed, supervisor })
  browser = await openBrowser(program)
  await browser.show({ width: 1280, height: 800 })
  await browser.open(inspector.url)
  await browser.until("document.querySelectorAll('.card').length === 3")
})

after(async () => {
  await browser?.close()
  await inspector?.close()
})

const lit = (node: string): Promise<string[]> =>
  browser.ask(`[...document.querySelectorAll('[data-node="${node}"] .state.active')].map((state) => state.dataset.state)`)
const fact = (node: string, name: string): Promise<string> =>
  browser.ask(`document.querySelector('[data-node="${node}"] .facts .${name} dd').textContent`)
const roleIs = (node: string, role: string) => `document.querySelector('[data-node="${node}"]').dataset.role === '${role}'`

test('every node has its chart, with its own active state lit', { skip }, async () => {
  assert.deepEqual(await lit('a'), ['following', 'following.follower'])
  assert.deepEqual(await lit('b'), ['leader', 'leader.round', 'leader.round.beat'])
  assert.equal(await browser.ask(`document.querySelector('[data-node="b"] .state.here').dataset.state`), 'leader.round.beat')
})

test('every node shows its numbers', { skip }, async () => {
  const facts = ['term', 'vote', 'leader', 'commit', 'applied', 'last', 'store']
  const shown = await Promise.all(facts.map((name) => fact('c', name)))
  assert.deepEqual(shown, ['7', 'b', 'b', '10,420', '10,398', '10,428', '3.3 MiB'])
  assert.equal(await browser.ask(`document.querySelector('[data-node="c"] .lag').textContent`), '34 behind')
  assert.equal(await browser.ask("document.getElementById('leader').textContent"), 'b leads')
})

test('a change of role is seen at once, and the arrow that led there is flashed', { skip }, async () => {
  feed.update(seen('a', groupStatus({ role: 'preCandidate', leader: null })))
  await browser.until(roleIs('a', 'preCandidate'))
  assert.deepEqual(await lit('a'), ['campaigning', 'campaigning.preCandidate'])
  const taken = `[...document.querySelectorAll('[data-node="a"] .arrow.taken')].map((arrow) => arrow.dataset.from + ' ' + arrow.dataset.to)`
  assert.deepEqual(await browser.ask(taken), ['following.follower campaigning'])
  feed.set(calm())
  await browser.until(roleIs('a', 'follower'))
})

test('the buttons kill and revive through the supervisor', { skip }, async () => {
  await browser.press('[data-node="c"] .act')
  await browser.until(roleIs('c', 'dead'))
  assert.deepEqual(await lit('c'), [])
  assert.equal(await browser.ask(`document.querySelector('[data-node="c"] .act').textContent`), 'Revive')
  await browser.until(`!document.querySelector('[data-node="c"] .act').disabled`)
  await browser.press('[data-node="c"] .act')
  await browser.until(roleIs('c', 'follower'))
  assert.deepEqual(supervisor.asked, ['kill c', 'revive c'])
})

test('the token leaves the address bar and survives a reload', { skip }, async () => {
  assert.equal(await browser.ask('location.hash'), '')
  await browser.open(new URL('/', inspector.url).href)
  await browser.until("document.querySelectorAll('.card').length === 3")
  assert.equal(await browser.ask("document.getElementById('hint').hidden"), true)
})

test('another group is chosen at the top', { skip }, async () => {
  feed.update(seen('a', groupStatus(), groupStatus({ group: 'zoo', role: 'leader', term: 3 })))
  await browser.until("document.getElementById('group').options.length === 2")
  await browser.ask(
    `(() => { const s = document.getElementById('group'); s.value = 'zoo'; s.dispatchEvent(new Event('change')) })()`,
  )
  await browser.until(roleIs('a', 'leader'))
  assert.equal(await fact('a', 'term'), '3')
  assert.equal(await browser.ask(`document.querySelector('[data-node="b"] .badge').textContent`), 'no replica')
  assert.equal(await browser.ask('location.search'), '?group=zoo')
})

test('names are text, never markup', { skip }, async () => {
  const name = '<img src=x onerror=document.title=1>'
  feed.set([...calm(), seen(name, groupStatus({ leader: name }))])
  await browser.until("document.querySelectorAll('.card').length === 4")
  assert.equal(await browser.ask("document.querySelector('.card:last-child .node').textContent"), name)
  assert.equal(await browser.ask("document.querySelectorAll('img').length"), 0)
  feed.set(calm())
  await browser.until("document.querySelectorAll('.card').length === 3")
})

test('nothing sticks out at the side of a phone', { skip }, async () => {
  await browser.show({ width: 390, height: 844, phone: true })
  const widths = await browser.ask<number[]>('[document.documentElement.scrollWidth, window.innerWidth]')
  assert.deepEqual(widths, [390, 390])
})

test('when the inspector is gone the page says that it shows the past', { skip }, async () => {
  assert.equal(await browser.ask("document.getElementById('banner').hidden"), true)
  await inspector.close()
  await browser.until("!document.getElementById('banner').hidden")
})
