/** Traces a store that lives a story, and makes the directories that power cuts would have left of it. Knows nothing of what is in them. */

import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { type Prng, prng } from '../../src/base/prng.ts'
import { bootId } from '../../src/storage/lmdb/process-owner.ts'
import { DiskModel, type Survival } from './disk-model.ts'
import type { Case } from './inspector.ts'
import type { Life } from './life.ts'
import { type CallEvent, parseTrace, straceArguments, stringsOf } from './trace.ts'

const LIFE = fileURLToPath(new URL('./life.js', import.meta.url))
const LIFE_MS_MAX = 120_000

const run = promisify(execFile)

/** What becomes of what was not flushed. */
export const FATES = ['none', 'all', 'subset', 'torn'] as const
export type Fate = (typeof FATES)[number]

/** One power cut, with the directory it left. */
export interface PowerCut {
  readonly fate: Fate
  /** Which end of which call it came after. */
  readonly event: number
  readonly left: Case
}

/** A directory of its own, gone when the work is done. */
export async function withDirectory<T>(work: (dir: string) => Promise<T>): Promise<T> {
  const dir = realpathSync(mkdtempSync(join(tmpdir(), 'flotilla-crash-')))
  try {
    return await work(dir)
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

/** The calls of a process that lives a story to its end, in `dir/store`. */
export async function traceLife(dir: string, life: Omit<Life, 'dir' | 'acknowledged'>): Promise<CallEvent[]> {
  const output = join(dir, 'trace')
  const whole: Life = { ...life, dir: join(dir, 'store'), acknowledged: 0 }
  const args = [...straceArguments(output), process.execPath, LIFE, JSON.stringify(whole)]
  const { stdout, stderr } = await run('strace', args, { timeout: LIFE_MS_MAX, env: childEnv() })
  if (!stdout.endsWith('\nend\n')) throw new Error(`the story was not lived to its end: ${stdout.slice(-1000)} ${stderr}`)
  return parseTrace(readFileSync(output, 'latin1'))
}

/** One worker thread writes, so that calls come in the same order each time; and no ring of the kernel takes them out of sight. */
export const childEnv = (): NodeJS.ProcessEnv => ({
  ...process.env,
  UV_THREADPOOL_SIZE: '1',
  UV_USE_IO_URING: '0',
  NODE_OPTIONS: '',
})

/** What the process has said so far. */
interface Promised {
  acknowledged: number
  opened: readonly [string, number] | null
}

const isSaying = ({ end, call }: CallEvent): boolean => !end && call.name === 'write' && call.args.startsWith('1, ')

function listen(promised: Promised, event: CallEvent): void {
  if (!isSaying(event)) return
  const { call } = event
  const [word, first = '', second = ''] = stringsOf(call).toString().trim().split(' ')
  if (word === 'opened') promised.opened = [first, Number(second)]
  if (word === 'ack') promised.acknowledged = Number(first)
}

/** Which power cuts. */
export interface Asked extends Pick<Life, 'seed' | 'length'> {
  readonly count: number
  /** Only before anything was said. */
  readonly early?: boolean
}

/** Makes the directories of so many power cuts at random points, one at a time: each is gone when the next is asked for. */
export function* powerCuts(dir: string, events: readonly CallEvent[], asked: Asked): Generator<PowerCut> {
  const { seed, length, count, early = false } = asked
  const store = join(dir, 'store')
  const chance = prng(seed)
  const first = events.findIndex(({ call }) => call.name === 'openat' && String(stringsOf(call)[0]).startsWith(store))
  const last = early ? events.findIndex(isSaying) : events.length
  const at = Array.from({ length: count }, () => chance.between(first, last + 1)).sort((a, b) => a - b)
  const disk = new DiskModel(store)
  const promised: Promised = { acknowledged: 0, opened: null }
  let done = 0
  for (const [i, event] of at.entries()) {
    for (const one of events.slice(done, event)) {
      disk.follow(one)
      listen(promised, one)
    }
    done = event
    const fate = FATES[i % FATES.length] as Fate
    const left = join(dir, `cut${i}`)
    layOut(left, disk.cut(survivalOf(fate, chance)))
    yield { fate, event, left: { dir: left, seed, length, ...promised } }
    rmSync(left, { recursive: true, force: true })
  }
}

/** Boot of the system as files will tell it that were written in this one. */
const NEXT_BOOT = randomUUID()

/** Makes a directory. Power cuts end a boot: whoever wrote down which it was, finds itself in another. */
function layOut(dir: string, files: ReadonlyMap<string, Buffer>): void {
  const boot = bootId()
  for (const [name, content] of files) {
    const path = join(dir, name)
    mkdirSync(dirname(path), { recursive: true })
    const text = content.toString('latin1')
    writeFileSync(path, text.includes(boot) ? Buffer.from(text.replaceAll(boot, NEXT_BOOT), 'latin1') : content)
  }
}

function survivalOf(fate: Fate, chance: Prng): Survival {
  if (fate === 'none') return { names: () => 0, piece: () => false, torn: false }
  if (fate === 'all') return { names: (pending) => pending, piece: () => true, torn: false }
  return { names: (pending) => chance.between(0, pending + 1), piece: () => chance.next() < 0.5, torn: fate === 'torn' }
}
