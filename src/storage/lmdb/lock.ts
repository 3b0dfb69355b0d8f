/**
 * One owner per directory: LMDB lets a second process in without a word, and two nodes on one log would both vote.
 * Knows nothing of LMDB.
 */

import { createHash, randomUUID } from 'node:crypto'
import { linkSync, readFileSync, renameSync, rmSync, unlinkSync, writeFileSync } from 'node:fs'
import type { Server } from 'node:net'
import { join } from 'node:path'
import { FlotillaError } from '../../base/errors.ts'
import { orNoRoom } from './no-room.ts'
import { closeServer, hold, listen } from './owner-socket.ts'
import { isAlive, type Owner, ownerText, parseOwner, thisProcess } from './process-owner.ts'

/** The owner's file within the directory. */
export const OWNER_FILE = 'owner.json'

/** A directory held by this process until released, or until the process ends. */
export interface Lock {
  release(): Promise<void>
}

const codeOf = (thrown: unknown): unknown => (thrown instanceof Error && 'code' in thrown ? thrown.code : undefined)

function inUse(dir: string, owner: Owner | null): FlotillaError {
  const who =
    owner === null ? 'another process' : owner.pid === process.pid ? `this process (${owner.pid})` : `process ${owner.pid}`
  return new FlotillaError('STORE_IN_USE', `the store in ${dir} is in use by ${who}`, { dir, pid: owner?.pid ?? null })
}

/** What the owner file says; null when there is none, or it is not readable as one. */
function readOwner(path: string): Owner | null {
  try {
    return parseOwner(readFileSync(path, 'utf8'))
  } catch {
    return null
  }
}

/** The owner whom the file names, unless it is a dead one's file not yet replaced. */
function liveOwner(dir: string): Owner | null {
  const owner = readOwner(join(dir, OWNER_FILE))
  return owner && isAlive(owner) ? owner : null
}

/** Makes the file with all of its text, or not at all; false when it is there already. */
function create(path: string, text: string): boolean {
  const draft = `${path}.${randomUUID()}`
  writeFileSync(draft, text, { flag: 'wx', mode: 0o600 })
  try {
    linkSync(draft, path)
    return true
  } catch (thrown) {
    if (codeOf(thrown) === 'EEXIST') return false
    throw thrown
  } finally {
    unlinkSync(draft)
  }
}

/** Takes a dead owner's file away. It is moved aside first and looked at again: somebody may have taken the place meanwhile. */
function clearAway(dir: string, path: string): void {
  const aside = `${path}.${randomUUID()}`
  try {
    renameSync(path, aside)
  } catch (thrown) {
    if (codeOf(thrown) === 'ENOENT') return
    throw thrown
  }
  const owner = readOwner(aside)
  try {
    if (owner === null || !isAlive(owner)) return
    linkSync(aside, path)
    throw inUse(dir, owner)
  } finally {
    unlinkSync(aside)
  }
}

/**
 * Throws `STORE_IN_USE` when the owner's file names a process that lives; a look, and nothing is taken: for who would rather know before it does much else. A directory
 * that is not there is nobody's.
 */
export function checkOwner(dir: string): void {
  const owner = liveOwner(dir)
  if (owner) throw inUse(dir, owner)
}

function takeFile(dir: string): () => void {
  const path = join(dir, OWNER_FILE)
  const text = ownerText(thisProcess())
  for (let attempt = 0; attempt < 3; attempt++) {
    if (create(path, text)) return () => rmSync(path, { force: true })
    const owner = readOwner(path)
    if (owner && isAlive(owner)) throw inUse(dir, owner)
    clearAway(dir, path)
  }
  throw inUse(dir, readOwner(path))
}

/**
 * Binds an abstract socket named after the directory (Linux only): the kernel drops it with the process, so no stale one can exist.
 * It settles races at one stroke, and holds where a directory has no sockets; but another network namespace has names of its own.
 */
async function takeName(dir: string): Promise<Server | null> {
  if (process.platform !== 'linux') return null
  const name = createHash('sha256').update(dir).digest('hex').slice(0, 32)
  try {
    return await listen(`\0flotilla-store-${name}`)
  } catch (thrown) {
    throw codeOf(thrown) === 'EADDRINUSE' ? inUse(dir, liveOwner(dir)) : thrown
  }
}

/** Listens within the directory, where that can be. */
async function takePlace(dir: string): Promise<() => Promise<void>> {
  const held = await hold(dir)
  if (held === 'taken') throw inUse(dir, liveOwner(dir))
  return async () => held?.release()
}

/** Takes the directory, given by its real path. Throws `STORE_IN_USE`, naming the process that has it, or `STORAGE_FULL`. */
export async function takeLock(dir: string): Promise<Lock> {
  const drops: (() => Promise<void> | void)[] = []
  const release = async (): Promise<void> => {
    const drop = drops.pop()
    try {
      await drop?.()
    } finally {
      if (drop) await release()
    }
  }
  try {
    const name = await takeName(dir)
    drops.push(() => closeServer(name))
    drops.push(await takePlace(dir))
    drops.push(takeFile(dir))
    return { release }
  } catch (thrown) {
    await release()
    throw orNoRoom(dir, thrown)
  }
}
