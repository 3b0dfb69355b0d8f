/** The bytes of a file piece by piece, in such a way that waiting for them can be given up: also those of a pipe with a name. Knows no lines. */

import { constants, createReadStream } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'

const PIECE_BYTES = 64 * 1024

/** A pipe is looked at so often, in milliseconds. */
const PIPE_POLL_MS = 20

/** The file's bytes, until the signal aborts. */
export async function* piecesOf(file: string, signal: AbortSignal | undefined): AsyncGenerator<Uint8Array, void, undefined> {
  const handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK) // a plain open of a pipe waits for a writer, and cannot be ended
  try {
    if ((await handle.stat()).isFIFO()) yield* pipedInto(handle, signal)
    else yield* createReadStream(file, { highWaterMark: PIECE_BYTES })
  } finally {
    await handle.close()
  }
}

/** Until the last writer has gone. Before the first there is nothing to read either, so that is waited for. */
async function* pipedInto(handle: FileHandle, signal: AbortSignal | undefined): AsyncGenerator<Uint8Array, void, undefined> {
  const buffer = Buffer.alloc(PIECE_BYTES)
  for (let begun = false; signal?.aborted !== true; ) {
    const count = await handle.read(buffer, 0, PIECE_BYTES, null).then(({ bytesRead }) => bytesRead, emptyNow)
    if (count === 0 && begun) return
    if (count !== null) begun ||= count > 0
    if (count === null || count === 0) await sleep(PIPE_POLL_MS)
    else yield Buffer.from(buffer.subarray(0, count))
  }
}

/** Somebody is there to write, and has written nothing yet. */
function emptyNow(error: unknown): null {
  if (error instanceof Error && 'code' in error && error.code === 'EAGAIN') return null
  throw error
}
