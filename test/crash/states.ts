/** Traces a store that lives a story, and makes the directories that power cuts would have left of it. Knows nothing of what is in them. */

import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { type Prng, prng } from '../../src/base/prng.ts'
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

function listen(promised: Promised, { end, call }: CallEvent): void {
  if (end || call.name !== 'write' || !call.args.startsWith('1, ')) return
  const [word, first = '', second = ''] = stringsOf(call).toString().trim().split(' ')
  if (word === 'opened') promised.opened = [first, Number(second)]
  if (word === 'ack') promised.acknowledged = Number(first)
}

/** Makes the directories of so many power cuts at random points, one at a time: each is gone when the next is asked for. */
export function* powerCuts(
  dir: string,
  events: readonly CallEvent[],
  asked: Pick<Life, 'seed' | 'length'> & { count: number },
): Generator<PowerCut> {
  const store = join(dir, 'store')
  const chance = prng(asked.seed)
  const first = events.findIndex(({ call }) => call.name === 'openat' && String(stringsOf(call)[0]).startsWith(store))
  const at = Array.from({ length: asked.count }, () => chance.between(first, events.length + 1)).sort((a, b) => a - b)
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
    for (const [name, content] of disk.cut(survivalOf(fate, chance))) {
      mkdirSync(dirname(join(left, name)), { recursive: true })
      writeFileSync(join(left, name), content)
    }
    yield { fate, event, left: { dir: left, seed: asked.seed, length: asked.length, ...promised } }
    rmSync(left, { recursive: true, force: true })
  }
}

function survivalOf(fate: Fate, chance: Prng): Survival {
  if (fate === 'none') return { names: () => 0, piece: () => false, torn: false }
  if (fate === 'all') return { names: (pending) => pending, piece: () => true, torn: false }
  return { names: (pending) => chance.between(0, pending + 1), piece: () => chance.next() < 0.5, torn: fate === 'torn' }
}
