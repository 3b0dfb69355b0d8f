/** Reads all of a stopped node's store and tells of every damage in it, without changing anything. Knows nothing of what entries and rows mean. */

import { existsSync, realpathSync } from 'node:fs'
import { join } from 'node:path'
import { FlotillaError } from '../../base/errors.ts'
import type { Entry, LogIndex } from '../../protocol/types.ts'
import { closeEnv, type Env, openEnv } from './env.ts'
import { type AnyRecord, type GroupRecord, isTombstone, readGroups } from './group-record.ts'
import { readIdentity } from './identity.ts'
import { groupKey, indexOfKey, logKey } from './keys.ts'
import { takeLock } from './lock.ts'
import { decodeEntry, type Link } from './log.ts'
import { checkEnvironment, DATA_FILE } from './precheck.ts'
import { unseal } from './seal.ts'
import { countRowBytes } from './shelf.ts'
import { checkPromise, type Promised, readSlots } from './slots.ts'
import { readState, type StateRecord } from './state-record.ts'
import { WATCHDOG_MS } from './writer.ts'

/** Damages of one group that are told: there may be as many as records. */
const DAMAGES_MAX = 20

/** What a check found of one group. */
export interface GroupVerdict {
  readonly group: string
  /** Entries that are sound, and the range they should fill. */
  readonly entries: number
  readonly first: LogIndex
  readonly last: LogIndex
  readonly applied: LogIndex
  readonly rows: number
  /** One line for each, the first {@link DAMAGES_MAX}. */
  readonly damages: readonly string[]
}

/** What is being found. */
interface Finding {
  entries: number
  rows: number
  readonly damages: string[]
}

/** Runs a check; damage is written down, and the rest goes on. */
function look(damages: string[], check: () => void): void {
  try {
    check()
  } catch (thrown) {
    const message = thrown instanceof Error ? thrown.message : String(thrown)
    if (damages.length < DAMAGES_MAX) damages.push(message)
  }
}

function fail(what: string): never {
  throw new FlotillaError('STORE_DAMAGED', what)
}

/** The whole chain: each entry sound, at its place, and behind the one it was stored behind. */
function checkLog(
  env: Env,
  { number, truncated, link: start }: GroupRecord,
  state: StateRecord,
): Pick<Finding, 'entries' | 'damages'> {
  const damages: string[] = []
  let entries = 0
  let next = truncated.index + 1
  let link: Link | null = start
  for (const { key, value } of env.log.getRange({ start: logKey(number, next), end: logKey(number, Number.MAX_SAFE_INTEGER) })) {
    const index = indexOfKey(key)
    look(damages, () => {
      if (index > next) fail(index === next + 1 ? `entry ${next} is missing` : `entries ${next} to ${index - 1} are missing`)
    })
    if (index !== next) link = null // what it was stored behind is not there
    next = index + 1
    look(damages, () => {
      const before = link
      link = null
      const stored = decodeEntry(key, value, index)
      link = stored.link
      if (before !== null && stored.before !== before) fail(`entry ${index} was stored behind another entry ${index - 1}`)
      entries++
    })
  }
  look(damages, () => {
    if (next - 1 !== state.lastIndex) fail(`the log ends at ${next - 1}, not at ${state.lastIndex}`)
    if (link !== null && link !== state.link) fail(`entry ${state.lastIndex} is not the one that was stored last`)
  })
  return { entries, damages }
}

function checkRows(env: Env, number: number, state: StateRecord | undefined): Pick<Finding, 'rows' | 'damages'> {
  const damages: string[] = []
  let rows = 0
  for (const { key, value } of env.data.getRange({ start: groupKey(number), end: groupKey(number + 1) })) {
    look(damages, () => {
      unseal(key, value, `the row ${Buffer.from(key).toString('hex')}`)
      rows++
    })
  }
  look(damages, () => {
    const bytes = countRowBytes(env, number)
    if (state && bytes !== state.rowBytes) fail(`the rows have ${bytes} bytes, not ${state.rowBytes}`)
  })
  return { rows, damages }
}

function verifyGroup(env: Env, [group, record]: readonly [string, GroupRecord], promised: Promised | undefined): GroupVerdict {
  const { number, truncated } = record
  const damages: string[] = []
  let state: StateRecord | undefined
  look(damages, () => {
    state = readState(env, number)
    checkPromise(group, state.hardState, promised)
  })
  const log = state ? checkLog(env, record, state) : { entries: 0, damages: [] }
  const table = checkRows(env, number, state)
  damages.push(...log.damages, ...table.damages)
  return {
    group,
    entries: log.entries,
    first: truncated.index + 1,
    last: state?.lastIndex ?? 0,
    applied: state?.applied ?? 0,
    rows: table.rows,
    damages: damages.slice(0, DAMAGES_MAX),
  }
}

/** Opens a stopped node's store to look at it. Rejects with `STORE_IN_USE` while the node runs, `STORAGE_FAILED` when the file itself is damaged. */
async function looking<T>(path: string, work: (env: Env) => T): Promise<T> {
  if (!existsSync(join(path, DATA_FILE))) throw new FlotillaError('STORAGE_FAILED', `there is no store in ${path}`, { dir: path })
  const dir = realpathSync(path)
  const lock = await takeLock(dir)
  try {
    checkEnvironment(dir, true)
    const env = openEnv(dir)
    try {
      return work(env)
    } finally {
      await closeEnv(env, WATCHDOG_MS)
    }
  } finally {
    await lock.release()
  }
}

const lost = (group: string, damage: string): GroupVerdict => ({
  ...{ group, entries: 0, first: 0, last: 0, applied: 0, rows: 0 },
  damages: [damage],
})

/**
 * Checks every page of the file, every record, the chain of each log, and what was promised. Groups that were destroyed are left out. Rejects with
 * `STORAGE_FAILED` when the file cannot be read at all, `STORE_IN_USE` while the node runs.
 */
export function verifyStore(dir: string): Promise<readonly GroupVerdict[]> {
  return looking(dir, (env) => {
    const promised = readSlots(dir, readIdentity(env).uuid)
    const { records, damages } = readGroups(env)
    const known = [...records].filter((pair): pair is [string, GroupRecord] => !isTombstone(pair[1]))
    const forgotten = [...promised].filter(([group, { term }]) => term > 0 && !records.has(group) && !damages.has(group))
    return [
      ...known.map(([group, record]) => verifyGroup(env, [group, record], promised.get(group))),
      ...[...damages].map(([group, damage]) => lost(group, damage.message)),
      ...forgotten.map(([group]) => lost(group, 'its record is missing')),
    ]
  })
}

/** Entries of a stopped node's log, `[from, to]`, as many as are there. Rejects as {@link verifyStore} does, with `STORE_DAMAGED` at a damaged one. */
export function readStoppedLog(dir: string, group: string, [from, to]: readonly [LogIndex, LogIndex]): Promise<readonly Entry[]> {
  return looking(dir, (env) => {
    const record: AnyRecord | undefined = readGroups(env).records.get(group)
    if (record === undefined || isTombstone(record))
      throw new FlotillaError('UNKNOWN_GROUP', `there is no group "${group}" in ${dir}`, { group })
    const range = { start: logKey(record.number, Math.max(from, record.truncated.index + 1)), end: logKey(record.number, to + 1) }
    return Array.from(env.log.getRange(range), ({ key, value }) => {
      const { entry } = decodeEntry(key, value, indexOfKey(key))
      return { ...entry, data: Uint8Array.from(entry.data) }
    })
  })
}
