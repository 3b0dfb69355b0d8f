/** Files that are there completely or not at all: written under another name, flushed, and then given their own. Knows nothing of what is in them. */

import { randomUUID } from 'node:crypto'
import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { FlotillaError } from '../base/errors.ts'

/** Makes what a directory names as durable as the files it names. */
export function syncDirectory(dir: string): void {
  const directory = openSync(dir, 'r')
  try {
    fsyncSync(directory)
  } finally {
    closeSync(directory)
  }
}

/** All of it, however little the system takes at a time. */
export function writeAll(file: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at)
}

/** Refuses to write over something that is there: `CONFIG_INVALID`. */
export function checkAbsent(path: string): void {
  if (existsSync(path)) throw new FlotillaError('CONFIG_INVALID', `${path} is there already, and is not written over`, { path })
}

/**
 * Makes the file with what `fill` writes, or none. Throws `CONFIG_INVALID` when it is there already, the system's error when it cannot be written, and
 * whatever `fill` throws.
 */
export async function makeWholeFile(path: string, fill: (file: number) => Promise<void>): Promise<void> {
  checkAbsent(path)
  const draft = `${path}.${randomUUID().slice(0, 8)}.part`
  const file = openSync(draft, 'wx', 0o600)
  let open = true
  try {
    await fill(file)
    fsyncSync(file)
    closeSync(file)
    open = false
    checkAbsent(path)
    renameSync(draft, path)
    syncDirectory(dirname(resolve(path)))
  } catch (thrown) {
    if (open) closeSync(file)
    rmSync(draft, { force: true })
    throw thrown
  }
}
