/** Who is turned away from the inspector. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { denyAction, denyRead, isLoopback } from '../../../src/inspector/gate.ts'

const TOKEN = 'secret'
const action = { host: '127.0.0.1:8400', origin: 'http://127.0.0.1:8400', authorization: `Bearer ${TOKEN}` }

test('loopback names are served under any port, for a tunnel has its own', () => {
  for (const host of ['127.0.0.1:8400', 'localhost:9000', '[::1]:8400', '127.0.0.1']) assert.equal(denyRead({ host }), null, host)
})

test('a foreign host name is an attempt at rebinding', () => {
  for (const host of ['evil.example:8400', '127.0.0.1.evil.example', 'localhost.', '10.0.0.1:8400', undefined]) {
    assert.equal(denyRead(host === undefined ? {} : { host })?.status, 403, host)
    assert.equal(denyAction({ ...action, host }, TOKEN)?.status, 403, host)
  }
})

test('scripts of other sites are turned away, links from them are not', () => {
  const host = 'localhost:1'
  assert.equal(denyRead({ host, 'sec-fetch-site': 'cross-site', 'sec-fetch-dest': 'empty' })?.status, 403)
  assert.equal(denyRead({ host, 'sec-fetch-site': 'same-site', 'sec-fetch-dest': 'iframe' })?.status, 403)
  assert.equal(denyRead({ host, 'sec-fetch-site': 'cross-site', 'sec-fetch-dest': 'document' }), null)
  assert.equal(denyRead({ host, 'sec-fetch-site': 'same-origin', 'sec-fetch-dest': 'empty' }), null)
})

test('an action needs the page as its origin and the token', () => {
  assert.equal(denyAction(action, TOKEN), null)
  const { origin: _, ...withoutOrigin } = action
  assert.equal(denyAction(withoutOrigin, TOKEN)?.status, 403)
  for (const origin of ['null', 'http://127.0.0.1:9', 'https://127.0.0.1:8400']) {
    assert.equal(denyAction({ ...action, origin }, TOKEN)?.status, 403, origin)
  }
  const { authorization: __, ...withoutToken } = action
  assert.equal(denyAction(withoutToken, TOKEN)?.status, 401)
  for (const authorization of ['Bearer wrong!', 'Bearer ', TOKEN]) {
    assert.equal(denyAction({ ...action, authorization }, TOKEN)?.status, 401, authorization)
  }
})

test('an action has no body', () => {
  assert.equal(denyAction({ ...action, 'content-length': '1' }, TOKEN)?.status, 413)
  assert.equal(denyAction({ ...action, 'transfer-encoding': 'chunked' }, TOKEN)?.status, 413)
  assert.equal(denyAction({ ...action, 'content-length': '0' }, TOKEN), null)
})

test('only loopback is listened on', () => {
  assert.deepEqual(['127.0.0.1', 'localhost', '::1', '0.0.0.0', '::', '192.168.1.2'].map(isLoopback), [
    true,
    true,
    true,
    false,
    false,
    false,
  ])
})
