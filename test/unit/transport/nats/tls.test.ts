/** TLS settings that can never work are refused at once, whether or not there is a server; those that can are left to the dialling. */

import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
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

  test('settings that can work are not refused', async () => {
    const caFile = join(folder, 'ca.pem')
    writeFileSync(caFile, CERTIFICATE)
    for (const tls of [{}, { caFile }, { ca: CERTIFICATE }]) assert.equal((await endOf(tls)).code, 'DISCONNECTED')
  })
})
