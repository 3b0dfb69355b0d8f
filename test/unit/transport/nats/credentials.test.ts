/** Settings as a person types them: what becomes of them, and what is refused, by the name of the file. */

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { nkeys } from 'nats'
import { FlotillaError } from '../../../../src/base/errors.ts'
import { connectionOptions, type NatsSettings } from '../../../../src/transport/nats/credentials.ts'

const CERTIFICATE = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'
const KEY = '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n'

describe('settings of a NATS connection', () => {
  let folder = ''
  const file = (name: string, content: string): string => {
    writeFileSync(join(folder, name), content)
    return join(folder, name)
  }
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'flotilla-credentials-'))
  })
  after(() => rmSync(folder, { recursive: true, force: true }))

  const refuses = (settings: NatsSettings, part: string): void => {
    assert.throws(
      () => connectionOptions(settings),
      (error) => error instanceof FlotillaError && error.code === 'CONFIG_INVALID' && error.message.includes(part),
      part,
    )
  }

  test('addresses: one or several, with or without scheme, port and credentials', () => {
    assert.deepEqual(connectionOptions({}), {})
    assert.deepEqual(connectionOptions({ url: 'nats://10.0.0.1' }), { servers: ['10.0.0.1:4222'] })
    assert.deepEqual(connectionOptions({ url: 'a:1, nats://b:2 ,[::1]:3' }), { servers: ['a:1', 'b:2', '[::1]:3'] })
    assert.deepEqual(connectionOptions({ url: 'tls://a:1' }), { servers: ['a:1'], tls: {} })
    assert.deepEqual(connectionOptions({ url: 'nats://u:p%40@a:1' }), { servers: ['a:1'], user: 'u', pass: 'p@' })
    assert.deepEqual(connectionOptions({ url: 'nats://secret@a:1' }), { servers: ['a:1'], token: 'secret' })
  })

  test('an address that is none is refused without showing its password', () => {
    refuses({ url: 'http://a:1' }, 'http://a:1')
    refuses({ url: 'nats://' }, 'nats://')
    refuses({ url: '' }, 'is empty')
    refuses({ url: ' , ' }, 'is empty')
    refuses({ url: 'nats://%zz@a:1' }, 'a:1')
    refuses({ url: 'nats://u:%zz@a:1' }, 'a:1')
    assert.throws(
      () => connectionOptions({ url: 'ws://u:secret@a:99999' }),
      (error) =>
        error instanceof FlotillaError && !error.message.includes('secret') && !JSON.stringify(error.details).includes('secret'),
    )
  })

  test('a password that was not escaped is refused, whatever it makes of the address, and no piece of it is shown', () => {
    for (const url of ['nats://joe:q@zz/w:rd@host', 'nats://joe:12#zz@host', 'nats://joe:12?zz@host', 'nats://joe:qq,zz@host']) {
      assert.throws(
        () => connectionOptions({ url }),
        (error) => {
          const said = `${error} ${JSON.stringify((error as FlotillaError).details)}`
          assert.doesNotMatch(said, /joe|zz|12|w:rd|qq/)
          return (error as FlotillaError).code === 'CONFIG_INVALID'
        },
        url,
      )
    }
  })

  test('one kind of credentials, complete', () => {
    assert.deepEqual(connectionOptions({ user: 'u', password: 'p' }), { user: 'u', pass: 'p' })
    assert.deepEqual(connectionOptions({ token: 't' }), { token: 't' })
    refuses({ user: 'u', token: 't' }, 'user, token')
    refuses({ url: 'nats://u:p@a:1', token: 't' }, 'user, token')
    refuses({ password: 'p' }, 'a password needs a user')
    refuses({ url: 'nats://:p@a:1' }, 'a password and no user')
  })

  test('an nkey seed is read from its file, comments and all, and signs', () => {
    const pair = nkeys.createUser()
    const seed = new TextDecoder().decode(pair.getSeed())
    const { authenticator } = connectionOptions({ nkeySeedFile: file('user.nk', `# mine\n${seed}\n`) })
    assert.ok(typeof authenticator === 'function')
    for (const nonce of ['one', 'two']) assert.equal(Reflect.get(Object(authenticator(nonce)), 'nkey'), pair.getPublicKey())
  })

  test('files that are missing, damaged or something else are refused by name', () => {
    const other = file('other.txt', 'nothing of the kind')
    const damaged = file('damaged.nk', 'SUAAAAAAAAAAAAAAAA')
    refuses({ nkeySeedFile: join(folder, 'absent.nk') }, 'absent.nk: ENOENT')
    refuses({ nkeySeedFile: other }, 'other.txt')
    refuses({ nkeySeedFile: damaged }, 'damaged.nk')
    refuses({ credsFile: other }, 'other.txt')
    refuses({ credsFile: file('half.creds', '-----BEGIN NATS USER JWT-----\nx\n') }, 'half.creds')
    refuses({ ca: other }, 'other.txt')
    refuses({ cert: file('c.pem', CERTIFICATE), key: other }, 'other.txt')
  })

  test('TLS: a certificate comes with its key', () => {
    const [ca, cert, key] = [file('ca.pem', CERTIFICATE), file('cert.pem', CERTIFICATE), file('key.pem', KEY)]
    assert.deepEqual(connectionOptions({ ca, cert, key }).tls, { ca: CERTIFICATE, cert: CERTIFICATE, key: KEY })
    assert.deepEqual(connectionOptions({ ca }).tls, { ca: CERTIFICATE })
    refuses({ cert }, 'needs its key')
    refuses({ key }, 'needs its key')
  })
})
