/** The request to hand leadership over, in plain JSON, so that an operator needs no tool of ours. The answer is a leader hint. */

import { z } from 'zod'
import { text, utf8 } from '../base/bytes.ts'
import { FlotillaError } from '../base/errors.ts'
import { TIMEOUT_MS_MAX } from './requests.ts'

const id = z.string().min(1).max(63)

const transferRequest = z.strictObject({
  group: id,
  /** Name of the node that should lead; null: the follower that is furthest. */
  to: id.nullable().default(null),
  timeoutMs: z.int().min(1).max(TIMEOUT_MS_MAX).default(5000),
  /** Only the leader itself is to take it; others refuse, and say who leads. */
  direct: z.boolean().default(false),
})

export type TransferRequest = z.infer<typeof transferRequest>

export const encodeTransfer = (request: TransferRequest): Uint8Array => utf8(JSON.stringify(request))

/** Throws `CODEC_INVALID`. */
export function decodeTransfer(data: Uint8Array): TransferRequest {
  const parsed = transferRequest.safeParse(jsonIn(data))
  if (parsed.success) return parsed.data
  throw new FlotillaError('CODEC_INVALID', 'a transfer is {"group": "…", "to": "…" or null, "timeoutMs": 5000}')
}

function jsonIn(data: Uint8Array): unknown {
  try {
    return JSON.parse(text(data))
  } catch {
    return null
  }
}
