/** Makes the directories that stores and logs are in. Knows nothing of what goes into them. */

import { existsSync, mkdirSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { FlotillaError } from '../base/errors.ts'

/**
 * Makes a directory and those above it, one by one: below /proc, where nothing can be made and the system says that nothing is there,
 * Node's own recursive way never ends. Throws the system's error, or `STORAGE_FAILED` when something else has the name.
 */
export function makeDirectory(dir: string): void {
  const missing: string[] = []
  for (let at = resolve(dir); !existsSync(at); at = dirname(at)) missing.unshift(at)
  for (const at of missing) makeOne(at)
  if (!statSync(dir).isDirectory()) throw new FlotillaError('STORAGE_FAILED', `${dir} is not a directory`, { dir })
}

/** Somebody else may have been faster. */
function makeOne(dir: string): void {
  try {
    mkdirSync(dir)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
  }
}
