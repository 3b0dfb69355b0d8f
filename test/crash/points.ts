/**
 * The places where a process that lives a story can be stopped: before each system call by which it changes a file of its store or makes a promise. Knows
 * nothing of what is stored.
 */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Life } from './life.ts'
import { childEnv } from './states.ts'
import { type CallEvent, stringsOf } from './trace.ts'

const LIFE = fileURLToPath(new URL('./life.js', import.meta.url))
const LIFE_MS_MAX = 60_000

/** A place: before a thread makes its so-and-so-many-th call of that name on that file, whichever thread is the first to come so far. */
export interface Point {
  readonly name: string
  /** File of the store; null for where promises are made. */
  readonly file: string | null
  readonly nth: number
}

/** Points in the order in which the process comes by them, and how many calls no point stands for. */
export interface Points {
  readonly points: readonly Point[]
  readonly missed: number
}

/** Numbers the points of a life from its trace. */
export function pointsOf(events: readonly CallEvent[], store: string): Points {
  const files = new Files(store)
  const counts = new Map<string, number>()
  const points = new Map<string, Point>()
  let calls = 0
  for (const event of events) {
    const file = files.follow(event)
    const { thread, name } = event.call
    if (event.end || file === undefined || !CHANGES.test(name)) continue
    calls++
    const counter = [thread, name, file].join(' ')
    const nth = (counts.get(counter) ?? 0) + 1
    counts.set(counter, nth)
    const place = [name, file, nth].join(' ')
    if (!points.has(place) && !RANDOM_NAME.test(file ?? '')) points.set(place, { name, file, nth })
  }
  return { points: [...points.values()], missed: calls - points.size }
}

/** Calls by which a file, or what is known of it, changes. */
const CHANGES = /^(openat|rename|link|unlink|mkdir|rmdir|write|pwrite|ftruncate|fsync|fdatasync)/

/** Names that are others each time. */
const RANDOM_NAME = /[0-9a-f]{8}-[0-9a-f]{4}-|^owner\.[0-9a-f]{16}\./

/** Follows which file of the store each call is about. */
class Files {
  readonly #store: string
  readonly #open = new Map<number, string | null>([[1, null]])

  constructor(store: string) {
    this.#store = `${store}/`
  }

  /** The file; null for where promises are made, undefined for something else. */
  follow({ end, call }: CallEvent): string | null | undefined {
    const descriptor = Number.parseInt(call.args, 10)
    if (Number.isNaN(descriptor)) {
      const path = String(stringsOf(call).at(call.name === 'link' ? 1 : 0)) // of a link, the name that is known before
      const file = path.startsWith(this.#store) ? path.slice(this.#store.length) : undefined
      if (end && call.name === 'openat' && call.result !== null) {
        if (file === undefined) this.#open.delete(call.result)
        else this.#open.set(call.result, file)
      }
      return file
    }
    const file = this.#open.get(descriptor)
    if (call.name === 'close') this.#open.delete(descriptor)
    return file
  }
}

/** What came of a process that lived a story, or a part of one. */
export interface Told {
  /** Last step that was promised, at least the one it began with. */
  readonly acknowledged: number
  /** Whether it came to the end. */
  readonly ended: boolean
  /** What it found wrong. */
  readonly bad: string | null
}

/** Has a process live a story from where its store is to the end, or to a point at which it is killed. What it says is written to a file. */
export async function live(life: Life, said: string, stop?: Point): Promise<Told> {
  const command = [process.execPath, LIFE, JSON.stringify(life)]
  const [program = '', ...args] = stop ? [...killing(stop, life.dir, said), ...command] : command
  const output = openSync(said, 'w')
  const child = spawn(program, args, { stdio: ['ignore', output, 'inherit'], env: childEnv() })
  const timer = setTimeout(() => child.kill('SIGKILL'), LIFE_MS_MAX)
  await once(child, 'close')
  clearTimeout(timer)
  closeSync(output)
  const text = readFileSync(said, 'utf8')
  const promises = [...text.matchAll(/^ack (\d+)$/gm)].map(([, step]) => Number(step))
  const bad = /^bad (.*)/ms.exec(text)?.[1] ?? null
  return { acknowledged: promises.at(-1) ?? life.acknowledged, ended: /^end$/m.test(text), bad }
}

/** A command that runs another and kills it at a point. */
function killing({ name, file, nth }: Point, store: string, said: string): string[] {
  const path = file === null ? said : join(store, file)
  const inject = `inject=${name}:signal=SIGKILL:when=${nth}`
  return ['strace', '-f', '-qq', '-o', '/dev/null', '-s', '0', '-P', path, '-e', `trace=${name}`, '-e', inject]
}
