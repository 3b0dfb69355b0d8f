/** Who a process is, beyond its number: numbers are given again. Knows nothing of stores. */

import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { z } from 'zod'

/** A process that cannot be mistaken for a later one with the same number. */
export interface Owner {
  readonly pid: number
  /** When it started, in the words of its system. Empty when unknown. */
  readonly started: string
  /** Which boot of the system it belongs to. Empty when unknown. */
  readonly boot: string
}

const ownerSchema = z.object({ pid: z.int().positive(), started: z.string(), boot: z.string() })

/** An owner as text, and back; null for what is not one. */
export const ownerText = (owner: Owner): string => `${JSON.stringify(owner)}\n`
export function parseOwner(text: string): Owner | null {
  try {
    return ownerSchema.parse(JSON.parse(text))
  } catch {
    return null
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

/** Start time of a live process in clock ticks since boot; null when there is none. A zombie holds nothing, so it does not count. */
function startedOnLinux(pid: number): string | null {
  const stat = read(`/proc/${pid}/stat`)
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ') // the name before may hold spaces and brackets
  const [state, started] = [fields[0], fields[19]]
  if (started === undefined || state === 'Z' || state === 'X') return null
  return started
}

function startedElsewhere(pid: number): string | null {
  try {
    return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8', timeout: 5000 }).trim()
  } catch {
    return isThere(pid) ? '' : null
  }
}

function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (thrown) {
    return thrown instanceof Error && 'code' in thrown && thrown.code === 'EPERM'
  }
}

const startedAt = (pid: number): string | null => (process.platform === 'linux' ? startedOnLinux(pid) : startedElsewhere(pid))

/** Which boot of the system this is. Empty when unknown. */
export const bootId = (): string => (process.platform === 'linux' ? read('/proc/sys/kernel/random/boot_id').trim() : '')

/** This process. */
export const thisProcess = (): Owner => ({ pid: process.pid, started: startedAt(process.pid) ?? '', boot: bootId() })

/** Whether that very process still runs. In doubt it does. */
export function isAlive(owner: Owner): boolean {
  const boot = bootId()
  if (owner.boot !== '' && boot !== '' && owner.boot !== boot) return false
  const started = startedAt(owner.pid)
  if (started === null) return false
  return started === '' || owner.started === '' || started === owner.started
}
