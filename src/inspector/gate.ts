/** Who may ask what of the inspector: a page on loopback is within reach of every other page in the same browser. Looks at headers only. */

import { timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'

/** Why a request was turned away: a status and a sentence. */
export interface Denial {
  readonly status: 400 | 401 | 403 | 413
  readonly reason: string
}

/** Names under which loopback may be called. Any port, so that a tunnel works; any other name is an attempt at DNS rebinding. */
const LOCAL_NAMES: ReadonlySet<string> = new Set(['127.0.0.1', 'localhost', '[::1]'])

/** Whether a host may be listened on. */
export const isLoopback = (host: string): boolean => LOCAL_NAMES.has(host) || host === '::1'

/** Turns away readers who came under a foreign name, and other sites' scripts. */
export function denyRead(headers: IncomingHttpHeaders): Denial | null {
  if (!isLocalName(headers.host)) return { status: 403, reason: 'this host name is not served' }
  const site = headers['sec-fetch-site']
  if (site === undefined || site === 'same-origin' || site === 'none') return null
  // A link from elsewhere may open the page; nothing else from elsewhere is served.
  return headers['sec-fetch-dest'] === 'document' ? null : { status: 403, reason: 'only this page may ask' }
}

/** Turns away actions that do not come from this very page with the token it was opened with. */
export function denyAction(headers: IncomingHttpHeaders, token: string): Denial | null {
  if (!isLocalName(headers.host)) return { status: 403, reason: 'this host name is not served' }
  if (headers.origin !== `http://${headers.host}`) return { status: 403, reason: 'actions are taken from the page only' }
  if (!sameSecret(headers.authorization ?? '', `Bearer ${token}`)) {
    return { status: 401, reason: 'open the page with the address that was printed: it holds the token' }
  }
  if (headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) !== 0) {
    return { status: 413, reason: 'no body is expected' }
  }
  return null
}

function isLocalName(host: string | undefined): host is string {
  return host !== undefined && LOCAL_NAMES.has(host.replace(/:\d{1,5}$/, ''))
}

/** Compares in a time that does not tell how much was right. */
function sameSecret(given: string, wanted: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(wanted)]
  return a.length === b.length && timingSafeEqual(a, b)
}
