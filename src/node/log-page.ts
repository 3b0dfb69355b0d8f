/** A stretch of a log that fits one message. Knows neither who asks nor what entries mean. */

import type { Log } from '../protocol/log.ts'
import type { Entry, LogIndex } from '../protocol/types.ts'

/** What stands around the data of one entry in a message, in bytes. */
const AROUND_BYTES = 100

/** Entries `[from, end)`, as many as one message of that size takes in base64; at least one if there is any. Throws `STORE_DAMAGED`. */
export function pageOf(log: Log, [from, end]: readonly [LogIndex, LogIndex], payloadMax: number): Entry[] {
  const entries: Entry[] = []
  let room = Math.floor(payloadMax / 2) // base64 makes four of three
  for (let at = from; at < end && room > 0; ) {
    const part = log.slice(at, end, room)
    for (const entry of part) room -= entry.data.length + AROUND_BYTES
    entries.push(...part)
    at += part.length
  }
  return entries
}
