/** What a flush to this disk costs by itself: the floor under every durable write. Knows nothing of stores. */

import { closeSync, fdatasyncSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'

/** Milliseconds that each of `times` appends of so many bytes took, fdatasync included. */
export function flushTimes(dir: string, { bytes, times }: { readonly bytes: number; readonly times: number }): number[] {
  const file = openSync(join(dir, 'raw'), 'a')
  const block = new Uint8Array(bytes)
  try {
    return Array.from({ length: times }, () => {
      const begin = performance.now()
      writeSync(file, block)
      fdatasyncSync(file)
      return performance.now() - begin
    })
  } finally {
    closeSync(file)
  }
}
