/**
 * Why TLS with a NATS server comes to nothing. The client waits in silence when a server wants a certificate that it does not get; the server's first
 * line, which comes before TLS, says that it does. Sends nothing.
 */

import { connect } from 'node:net'

/** A server that is there says its first line at once; asking takes no longer than this, in milliseconds. */
const PROBE_MS = 300

/** Bytes of a first line. */
const LINE_BYTES_MAX = 64 * 1024

/** Beginnings of the codes that Node.js gives what can go wrong with a certificate, or with TLS as such. */
const TLS_CODES = /^(ERR_TLS|ERR_SSL|CERT_|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO|HOSTNAME_MISMATCH|INVALID_CA|EPROTO$)/

/** Whether TLS itself failed: a certificate that is not trusted, a server that speaks no TLS. */
export const isTlsFailure = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' && TLS_CODES.test(error.code)

/** Whether the first of these servers asks clients for certificates. Never rejects; false when it does not say. */
export async function wantsCertificate(servers: string | readonly string[]): Promise<boolean> {
  const [server = ''] = [servers].flat()
  const address = server.includes('://') ? server : `nats://${server}`
  if (!URL.canParse(address)) return false
  const { hostname, port } = new URL(address)
  const line = await firstLine(hostname.replace(/^\[(.*)\]$/, '$1'), port === '' ? 4222 : Number(port))
  try {
    const info: unknown = JSON.parse(line.replace(/^INFO\s+/, ''))
    return typeof info === 'object' && info !== null && Reflect.get(info, 'tls_verify') === true
  } catch {
    return false
  }
}

function firstLine(host: string, port: number): Promise<string> {
  return new Promise((resolve) => {
    let heard = ''
    const socket = connect({ host, port })
    const end = (): void => {
      clearTimeout(timer)
      socket.destroy()
      resolve(heard)
    }
    const timer = setTimeout(end, PROBE_MS)
    socket.on('error', end)
    socket.on('close', end)
    socket.on('data', (data) => {
      heard += data.toString('latin1')
      if (heard.includes('\n') || heard.length > LINE_BYTES_MAX) end()
    })
  })
}
