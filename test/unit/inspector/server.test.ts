/** The inspector over real HTTP: what it serves, what it refuses, and that it tells of changes. */

import assert from 'node:assert/strict'
import { type IncomingMessage, request } from 'node:http'
import { after, afterEach, test } from 'node:test'
import { FlotillaError } from '../../../src/base/errors.ts'
import { type Inspector, type InspectorOptions, startInspector } from '../../../src/inspector/server.ts'
import type { PageSnapshot } from '../../../src/inspector/snapshot.ts'
import { FakeFeed, FakeSupervisor, groupStatus, seen } from '../../web/fake-cluster.ts'

const running: Inspector[] = []
afterEach(async () => {
  for (const inspector of running.splice(0)) await inspector.close()
})
after(() => assert.equal(running.length, 0))

interface Answer {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

interface Asked {
  readonly method?: string
  readonly headers?: Record<string, string>
}

async function start(options: Partial<InspectorOptions> = {}) {
  const feed = new FakeFeed()
  const inspector = await startInspector({ host: '127.0.0.1', port: 0, feed, ...options })
  running.push(inspector)
  return { feed, inspector, url: new URL(inspector.url) }
}

function open(url: URL, path: string, asked: Asked = {}): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const { method = 'GET', headers = {} } = asked
    const signal = AbortSignal.timeout(5000)
    request({ host: url.hostname, port: url.port, path, method, headers, signal, agent: false }, resolve)
      .on('error', reject)
      .end()
  })
}

async function ask(url: URL, path: string, asked: Asked = {}): Promise<Answer> {
  const response = await open(url, path, asked)
  let body = ''
  for await (const chunk of response.setEncoding('utf8')) body += chunk
  return { status: response.statusCode ?? 0, headers: response.headers, body }
}

/** Snapshots as they arrive on the live line. */
async function* snapshots(response: IncomingMessage): AsyncGenerator<PageSnapshot, void> {
  let text = ''
  for await (const chunk of response.setEncoding('utf8')) {
    text += chunk
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      const block = text.slice(0, end)
      text = text.slice(end + 2)
      if (block.startsWith('data: ')) yield JSON.parse(block.slice(6)) as PageSnapshot
    }
  }
}

async function next(line: AsyncGenerator<PageSnapshot, void>): Promise<PageSnapshot> {
  const { value } = await line.next()
  assert.ok(value !== undefined, 'the line ended')
  return value
}

test('serves the page and all it refers to, with a strict policy and nothing from elsewhere', async () => {
  const { url } = await start()
  const page = await ask(url, '/')
  assert.equal(page.status, 200)
  assert.match(
    String(page.headers['content-security-policy']),
    /^default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'/,
  )
  assert.match(String(page.headers['content-security-policy']), /frame-ancestors 'none'/)
  assert.equal(page.headers['x-content-type-options'], 'nosniff')
  assert.equal(page.headers['access-control-allow-origin'], undefined)
  assert.doesNotMatch(page.body, /<script>|onclick|style=|https?:\/\/(?!www\.w3\.org)/)
  const wanted = [...page.body.matchAll(/(?:href|src)="(\/[^"]+)"/g)].map(([, path]) => path ?? '')
  assert.deepEqual(wanted, ['/style.css', '/app.js'])
  const scripts = ['/app.js', '/card.js', '/chart-view.js', '/words.js']
  for (const path of [...wanted, ...scripts, '/chart.svg']) assert.equal((await ask(url, path)).status, 200, path)
  for (const path of scripts) {
    const { body, headers } = await ask(url, path)
    assert.match(headers['content-type'] ?? '', /^text\/javascript/)
    for (const [, imported] of body.matchAll(/from '\.\/([^']+)'/g))
      assert.ok(scripts.includes(`/${imported}`), `${path} needs ${imported}`)
  }
})

test('serves nothing else, and knows two methods', async () => {
  const { url } = await start()
  for (const path of ['/../package.json', '/web/app.ts', '/app.js/', '//', '/%2e%2e/x'])
    assert.equal((await ask(url, path)).status, 404, path)
  for (const method of ['PUT', 'DELETE', 'OPTIONS']) assert.equal((await ask(url, '/', { method })).status, 405, method)
  assert.equal((await ask(url, '/', { headers: { host: 'evil.example' } })).status, 403)
})

test('the live line tells the present at once, then every change, of the group asked for', async () => {
  const { feed, url } = await start()
  const response = await open(url, '/events?group=zoo')
  assert.equal(response.headers['content-type'], 'text/event-stream; charset=utf-8')
  const line = snapshots(response)
  const first = await next(line)
  assert.deepEqual([first.group, first.supervised, first.nodes.map((node) => node.node)], ['kv', false, ['a', 'b', 'c']])
  feed.update(seen('a', groupStatus(), groupStatus({ group: 'zoo', role: 'candidate', term: 8 })))
  const second = await next(line)
  assert.deepEqual([second.group, second.nodes[0]?.peer?.role], ['zoo', 'candidate'])
  response.destroy()
})

test('a storm of changes becomes few snapshots, and the last one is told', async () => {
  const { feed, url } = await start()
  const line = snapshots(await open(url, '/events'))
  await next(line)
  for (let term = 8; term <= 500; term++) feed.update(seen('a', groupStatus({ term })))
  const terms: number[] = []
  while (terms.at(-1) !== 500) terms.push((await next(line)).nodes[0]?.peer?.term ?? 0)
  assert.deepEqual(terms, [8, 500])
})

test('a bounded number of pages may be open; a closed one makes room', async () => {
  const { url } = await start()
  const lines = await Promise.all(Array.from({ length: 32 }, () => open(url, '/events')))
  assert.equal((await ask(url, '/events')).status, 503)
  lines[0]?.destroy()
  let status = 503
  for (let tries = 0; status === 503 && tries < 100; tries++) {
    const again = await open(url, '/events')
    status = again.statusCode ?? 0
    again.destroy()
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  assert.equal(status, 200)
})

test('closing ends the lines and stops watching', async () => {
  const { feed, inspector, url } = await start()
  const response = await open(url, '/events')
  response.on('error', () => {})
  const ended = new Promise((resolve) => response.on('close', resolve))
  response.resume()
  assert.equal(feed.watched, 1)
  await inspector.close()
  await ended
  assert.equal(feed.watched, 0)
})

async function supervised() {
  const feed = new FakeFeed()
  const supervisor = new FakeSupervisor(feed)
  const { url } = await start({ feed, supervisor })
  const token = new URLSearchParams(url.hash.slice(1)).get('token') ?? ''
  const headers = { host: url.host, origin: url.origin, authorization: `Bearer ${token}` }
  return { supervisor, url, token, headers }
}

test('with the token from the address a node is killed and revived', async () => {
  const { supervisor, url, headers } = await supervised()
  assert.equal((await ask(url, '/nodes/a/kill', { method: 'POST', headers })).status, 204)
  assert.equal((await ask(url, '/nodes/a/revive', { method: 'POST', headers })).status, 204)
  assert.deepEqual(supervisor.asked, ['kill a', 'revive a'])
})

test('without token or origin nothing is done, nor by GET, nor to unknown nodes', async () => {
  const { supervisor, url, headers } = await supervised()
  const post = (path: string, changed: Record<string, string>) =>
    ask(url, path, { method: 'POST', headers: { ...headers, ...changed } })
  assert.equal((await post('/nodes/a/kill', { authorization: 'Bearer guess' })).status, 401)
  assert.equal((await post('/nodes/a/kill', { origin: 'http://evil.example' })).status, 403)
  assert.equal((await post('/nodes/z/kill', {})).status, 404)
  assert.equal((await post('/nodes/a/explode', {})).status, 404)
  assert.equal((await post('/nodes/%61/kill', {})).status, 404)
  assert.equal((await ask(url, '/nodes/a/kill', { headers })).status, 404)
  assert.deepEqual(supervisor.asked, [])
})

test('without a supervisor there is no token and nothing to act on', async () => {
  const { url } = await start()
  assert.equal(url.hash, '')
  const headers = { host: url.host, origin: url.origin, authorization: 'Bearer ' }
  assert.equal((await ask(url, '/nodes/a/kill', { method: 'POST', headers })).status, 401)
})

test('one action at a time per node, and a failed one says why', async () => {
  const feed = new FakeFeed()
  let fail: (error: Error) => void = () => {}
  const kill = () => new Promise<void>((_, reject) => (fail = reject))
  const { url } = await start({ feed, supervisor: { kill, revive: async () => {} } })
  const token = new URLSearchParams(url.hash.slice(1)).get('token') ?? ''
  const asked = { method: 'POST', headers: { host: url.host, origin: url.origin, authorization: `Bearer ${token}` } }
  const first = ask(url, '/nodes/a/kill', asked)
  let status = 0
  for (let tries = 0; status !== 409 && tries < 100; tries++) status = (await ask(url, '/nodes/a/revive', asked)).status
  assert.equal(status, 409)
  fail(new FlotillaError('CLOSED', 'the supervisor is going home'))
  const failed = await first
  assert.deepEqual([failed.status, failed.body], [502, 'CLOSED: the supervisor is going home\n'])
  assert.equal((await ask(url, '/nodes/a/revive', asked)).status, 204)
})

test('to kill a dead node or revive a living one is a conflict, in the words of the supervisor', async () => {
  const refuse = async (): Promise<void> => {
    throw new FlotillaError('CONFIG_INVALID', 'node a is not running')
  }
  const { url } = await start({ supervisor: { kill: refuse, revive: refuse } })
  const token = new URLSearchParams(url.hash.slice(1)).get('token') ?? ''
  const asked = { method: 'POST', headers: { host: url.host, origin: url.origin, authorization: `Bearer ${token}` } }
  const { status, body } = await ask(url, '/nodes/a/kill', asked)
  assert.deepEqual([status, body], [409, 'node a is not running\n'])
})

test('refuses to listen beyond loopback, and says when a port is taken', async () => {
  await assert.rejects(start({ host: '0.0.0.0' }), { code: 'CONFIG_INVALID' })
  const { url } = await start()
  await assert.rejects(start({ port: Number(url.port) }), { code: 'PORT_IN_USE' })
})
