/**
 * Lets the world run over a program with a mistake in it, seed after seed, in a process that can be ended. A violation counts only where the program
 * without the mistake has none. Knows no mistake.
 */

import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Copy } from './copy.ts'
import type { StormLine } from './storm.ts'

/** Who noticed a mistake, and what it took. */
export interface Notice {
  readonly by: string
  readonly effort: string | null
}

/** Kinds of weather, one seed after another in each in turn. */
const WEATHER = ['hostile', 'disk', 'churn', 'clocks', 'swarm']

/** A mistake that so many storms do not show is not shown. */
const SEEDS_MAX = 150

/** Seconds of a processor that are spent on one mistake: the system itself ends who takes more. */
const CPU_S_MAX = 900

/** A storm of four simulated seconds takes one or two of a processor. One that says nothing for so long never ends, and is noticed by that. */
const SILENCE_MS_MAX = 150_000

/** One storm, and what it showed. */
interface Seen {
  readonly seed: number
  readonly weather: string
  readonly invariant: string
}

const STORM = fileURLToPath(new URL('./storm.js', import.meta.url))

export class Storms {
  readonly #copy: Copy
  /** What the program as it is shows, by storm. Null: nothing. */
  readonly #right = new Map<string, Seen | null>()

  constructor(copy: Copy) {
    this.#copy = copy
  }

  /** Storms in which the program as it is breaks a rule. */
  get broken(): readonly string[] {
    return [...this.#right].flatMap(([storm, seen]) => (seen === null ? [] : [`${storm} shows ${seen.invariant}`]))
  }

  /** Looks in those kinds of weather; in all, when none is named. What the program shows as it is, is not counted. */
  async judge(weather: readonly string[]): Promise<Notice | null> {
    const kinds = weather.length === 0 ? WEATHER : weather
    for (let from = 1; from <= SEEDS_MAX; ) {
      const seen = await look(this.#copy.test('mutation/storm'), kinds, { from, to: SEEDS_MAX })
      if (seen === null) return null
      if (await this.#isRight(seen))
        return { by: seen.invariant, effort: `${seen.weather}, ${seen.seed} ${seen.seed === 1 ? 'seed' : 'seeds'}` }
      from = seen.seed + 1
    }
    return null
  }

  /** Whether the program without the mistake comes through the same storm. */
  async #isRight({ seed, weather }: Seen): Promise<boolean> {
    const storm = `${weather} of seed ${seed}`
    const known = this.#right.get(storm)
    const right = known === undefined ? await look(STORM, [weather], { from: seed, to: seed }) : known
    this.#right.set(storm, right)
    return right === null
  }
}

/** Runs storms until one shows something; null when none does. */
async function look(
  script: string,
  kinds: readonly string[],
  { from, to }: { readonly from: number; readonly to: number },
): Promise<Seen | null> {
  const child = start([script, kinds.join(','), String(from), String(to)])
  const next = (seed: number): Omit<Seen, 'invariant'> => ({ seed, weather: kinds[(seed - 1) % kinds.length] as string })
  let seed = from
  let seen: Seen | null = null
  let isSilent = false
  let silence = setTimeout(() => {}, 0)
  const wait = (): void => {
    clearTimeout(silence)
    silence = setTimeout(() => {
      isSilent = true
      child.kill('SIGKILL')
    }, SILENCE_MS_MAX)
  }
  wait()
  const lines = createInterface({ input: child.stdout as NonNullable<ChildProcess['stdout']> })
  lines.on('line', (line) => {
    wait()
    const told = JSON.parse(line) as StormLine
    if (told.invariant !== null) seen ??= { ...next(told.seed), invariant: told.invariant }
    seed = told.seed + 1
  })
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve))
  clearTimeout(silence)
  if (seen !== null) return seen
  if (isSilent) return { ...next(seed), invariant: 'a run that does not end' }
  if (code === 0) return null
  return seed > to ? null : { ...next(seed), invariant: code === null ? 'a run that takes too much' : 'a run that breaks off' }
}

/** A process of its own, that the system ends when it takes too long, whatever becomes of us. */
function start(words: readonly string[]): ChildProcess {
  const command = ['-c', 'ulimit -t "$0"; exec "$@"', String(CPU_S_MAX), process.execPath, '--max-old-space-size=1500', ...words]
  const child = spawn('/bin/sh', command, { stdio: ['ignore', 'pipe', 'ignore'] })
  const end = (): void => void child.kill('SIGKILL')
  process.once('exit', end)
  child.once('close', () => process.removeListener('exit', end))
  return child
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))
