/** A file system of a few megabytes, for tests that fill it. Knows no node. */

import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface SmallDisk {
  readonly dir: string
  /** Gives everything back. */
  free(): void
}

/** The file system, or why there is none. */
export function smallDisk(megabytes: number): SmallDisk | string {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'only root on Linux may mount a small file system'
  const dir = mkdtempSync(join(tmpdir(), 'flotilla-full-'))
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', dir], {
    encoding: 'utf8',
    timeout: 10_000,
  })
  if (mounted.status !== 0) {
    rmSync(dir, { recursive: true })
    return `mount does not work here: ${mounted.stderr || String(mounted.error)}`
  }
  return {
    dir,
    free() {
      spawnSync('umount', ['-l', dir], { timeout: 10_000 })
      rmSync(dir, { recursive: true, force: true })
    },
  }
}
