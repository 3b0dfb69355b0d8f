/** Whether TLS settings can ever work, asked before anybody is dialled: a damaged key is no matter of patience. Knows no server. */

import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createSecureContext, type SecureContextOptions } from 'node:tls'
import type { NodeConnectionOptions } from 'nats'
import { FlotillaError } from '../../base/errors.ts'

/** Throws `CONFIG_INVALID` for files that cannot be read, a CA that is none, a certificate and key that do not match, a wrong passphrase. */
export function checkTls(tls: NodeConnectionOptions['tls']): void {
  if (typeof tls !== 'object' || tls === null) return
  const { certFile, cert, keyFile, key, caFile, ca, ...others } = tls
  const given = { cert: certFile ? read(certFile) : cert, key: keyFile ? read(keyFile) : key, ca: caFile ? read(caFile) : ca }
  const secrets: SecureContextOptions = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
  try {
    createSecureContext({ ...others, ...secrets })
    if (given.ca !== undefined) for (const each of [given.ca].flat()) new X509Certificate(each) // the context ignores what is none
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new FlotillaError('CONFIG_INVALID', `the TLS certificate, key or CA cannot be used: ${why}`, {}, error)
  }
}

function read(file: string): Buffer {
  try {
    return readFileSync(file)
  } catch (error) {
    const why = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable'
    throw new FlotillaError('CONFIG_INVALID', `cannot read ${file}: ${why}`, { file }, error)
  }
}
