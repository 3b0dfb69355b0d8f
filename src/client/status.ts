/** A node's status off the wire: checked, so that what is shown is what it seems. Knows no client. */

import { z } from 'zod'
import { text } from '../base/bytes.ts'
import type { NodeStatus } from '../ports/status.ts'

const whole = z.number().min(0)
const name = z.string().max(63)
const anyName = name.nullable()

const progress = z.object({ node: name, state: z.string(), match: whole, next: whole, inflight: whole, active: z.boolean() })

const snapshot = z.object({
  side: z.enum(['sending', 'receiving']),
  node: name,
  index: whole,
  percent: whole,
  bytes: whole,
  bytesTotal: whole,
  bytesPerSecond: whole,
  chunks: whole,
  state: z.string(),
})

const group = z.object({
  group: name,
  kind: z.string(),
  founding: z.string().max(64).optional(),
  life: z.string(),
  damage: z.string().optional(),
  peer: whole,
  role: z.enum(['follower', 'learner', 'preCandidate', 'candidate', 'leader']),
  states: z.array(z.string()),
  term: whole,
  vote: anyName,
  leader: anyName,
  commit: whole,
  applied: whole,
  truncated: whole.default(0),
  firstIndex: whole,
  lastIndex: whole,
  voters: z.array(name),
  votersOutgoing: z.array(name).optional(),
  learners: z.array(name).optional(),
  progress: z.array(progress),
  snapshots: z.array(snapshot).optional(),
})

const room = z.object({
  freeBytes: whole,
  reusableBytes: whole,
  reserveBytes: whole,
  level: z.enum(['ok', 'low', 'critical']),
})

const status = z.object({
  cluster: name,
  node: name,
  version: z.string(),
  pid: whole,
  store: z.object({ uuid: z.string(), boot: whole, bytes: whole, room: room.optional() }),
  life: z.string(),
  connected: z.boolean(),
  dropped: whole,
  refused: z.record(z.string(), z.number()),
  uptimeMs: whole,
  inspector: z.string().nullable(),
  groups: z.array(group),
})

/** The status, or null when this is none. */
export function decodeStatus(data: Uint8Array): NodeStatus | null {
  try {
    return status.parse(JSON.parse(text(data)))
  } catch {
    return null
  }
}
