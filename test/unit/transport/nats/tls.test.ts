/** TLS settings that can never work are refused at once, whether or not there is a server; those that can are left to the dialling. */

import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, type TestContext, test } from 'node:test'
import type { NodeConnectionOptions } from 'nats'
import { FlotillaError } from '../../../../src/base/errors.ts'
import { natsTransport } from '../../../../src/transport/nats/transport.ts'

/** Of nobody, by nobody; its key is lost. */
const CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBeTCCAR+gAwIBAgIUBfZBoL+rTMmmRk48tqYKYPHkYZ0wCgYIKoZIzj0EAwIw
ETEPMA0GA1UEAwwGbm9ib2R5MCAXDTI2MTEyMjAwMTYzNloYDzIxMjYxMDI5MDAx
NjM2WjARMQ8wDQYDVQQDDAZub2JvZHkwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNC
AAQVh2oUS2dpiBEnINFwQSCmDvoV+jBmZv+pItmIty6qfI5fVCLBSRuqvzd6/3jh
kD9B/lTDsVeMRyYz2ctBWVR/o1MwUTAdBgNVHQ4EFgQUtTEphA+6AJRAUEFwzY+R
B42wo5kwHwYDVR0jBBgwFoAUtTEphA+6AJRAUEFwzY+RB42wo5kwDwYDVR0TAQH/
BAUwAwEB/zAKBggqhkjOPQQDAgNIADBFAiEA0bKOfJLHOrgyLykaowI060aBcSiD
zXeUWCB4JlQHgt4CIG8EV2WVAogYxNE5LwBSNUr774nY6DiD5dwcauEOAmdB
-----END CERTIFICATE-----
`
const FORMAT = { type: 'pkcs8', format: 'pem' } as const

describe('TLS settings', () => {
  const folder = mkdtempSync(join(tmpdir(), 'flotilla-tls-'))
  after(() => rmSync(folder, { recursive: true, force: true }))

  /** How the first connection ends where nobody listens and where patience is short. */
  async function endOf(tls: NonNullable<NodeConnectionOptions['tls']>): Promise<FlotillaError> {
    const outcome = await natsTransport({ servers: '127.0.0.1:1', tls, connectTimeoutMs: 100 }).catch((error: unknown) => error)
    assert.ok(outcome instanceof FlotillaError, String(outcome))
    return outcome
  }

  test('a certificate and a key that do not match, a wrong passphrase, a damaged key', async () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const key = privateKey.export(FORMAT).toString()
    const locked = privateKey.export({ ...FORMAT, cipher: 'aes-256-cbc', passphrase: 'right' }).toString()
    assert.match((await endOf({ cert: CERTIFICATE, key })).message, /mismatch/)
    const wrongPassphrase = { cert: CERTIFICATE, key: locked, ...{ passphrase: 'wrong' } }
    const ends = [
      await endOf({ cert: CERTIFICATE, key }),
      await endOf(wrongPassphrase),
      await endOf({ cert: CERTIFICATE, key: 'none' }),
    ]
    assert.deepEqual(new Set(ends.map(({ code }) => code)), new Set(['CONFIG_INVALID']))
  })

  test('a CA that is none, or cannot be read', async () => {
    const caFile = join(folder, 'absent.pem')
    assert.equal((await endOf({ ca: '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n' })).code, 'CONFIG_INVALID')
    const unreadable = await endOf({ caFile })
    assert.deepEqual([unreadable.code, unreadable.details.file], ['CONFIG_INVALID', caFile])
  })

  /** Says what it is, and then nothing but this. */
  async function serverSaying(t: TestContext, info: object, then: string): Promise<string> {
    const server = createServer((socket) => {
      socket.on('error', () => {})
      socket.write(`INFO ${JSON.stringify({ server_id: 'x', version: '2.11.0', max_payload: 1048576, ...info })}\r\n`)
      socket.on('data', () => then !== '' && socket.write(then))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const sockets = new Set<Socket>()
    server.on('connection', (socket) => sockets.add(socket))
    t.after(() => {
      for (const socket of sockets) socket.destroy()
      server.close()
    })
    return `127.0.0.1:${(server.address() as AddressInfo).port}`
  }

  test('a server that wants a certificate and gets none is waited for, and then it is said what is missing', async (t) => {
    const servers = await serverSaying(t, { tls_required: true, tls_verify: true }, '')
    const heard: string[] = []
    const options = {
      servers,
      tls: {},
      timeout: 100,
      connectTimeoutMs: 1200,
      onRetry: (error: Error) => heard.push(error.message),
    }
    await assert.rejects(natsTransport(options), { code: 'CONFIG_INVALID', message: /asks for a certificate .* was given none/ })
    assert.match(heard[0] ?? '', /asks for a certificate/)
  })

  test('TLS that fails until patience ends is a refusal, not a server that is not there', async (t) => {
    const servers = await serverSaying(t, { tls_required: true }, 'this is no TLS, and never will be\r\n')
    const retried: Error[] = []
    const options = { servers, tls: {}, connectTimeoutMs: 700, onRetry: (error: Error) => retried.push(error) }
    await assert.rejects(natsTransport(options), { code: 'CONFIG_INVALID', message: /^TLS with the NATS server fails/ })
    assert.ok(retried.length > 0, 'not at the first attempt: certificates may be about to be replaced')
  })

  test('settings that can work are not refused', async () => {
    const caFile = join(folder, 'ca.pem')
    writeFileSync(caFile, CERTIFICATE)
    for (const tls of [{}, { caFile }, { ca: CERTIFICATE }]) assert.equal((await endOf(tls)).code, 'DISCONNECTED')
  })
})
