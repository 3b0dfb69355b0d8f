/**
 * `npm run explore`: walks small worlds completely, all of them or those that are named, and says how many states there were, how deep, how long it took.
 * Exits 1 at the first violation, with the shortest way to it. Knows how to print, not what is right.
 */

import { parseArgs } from 'node:util'
import { type Bounds, type Model, NO_ALLOWANCES } from '../../src/testkit/explore/model.ts'
import { MODELS } from '../../src/testkit/explore/models.ts'
import { explore, type Progress, STATES_MAX, type Walk } from '../../src/testkit/explore/search.ts'
import { transcriptOf } from '../../src/testkit/explore/transcript.ts'

const BOUNDS: readonly (keyof Bounds)[] = ['nodes', 'terms', ...(Object.keys(NO_ALLOWANCES) as (keyof Bounds)[]), 'letters']

const USAGE = `npm run explore -- [model …] [--nodes N] [--terms N] [--entries N] …
  model          ${MODELS.map(({ name }) => name).join(', ')}; all of them when none is named
  --nodes, --terms, --entries, --timeouts, --crashes, --beats, --reads, --changes, --compactions, --transfers, --letters
                 bounds: how many there are, or how often it happens, at most
  --duplicates   how many letters arrive once more; each, again and again, when nothing is said
  --drops        letters taken away; one that never arrives is lost too, so there is no need to
  --states       states kept at most (${STATES_MAX})
  --seconds      give up after so long
  --no-symmetry  states that differ in names only count as different
  --together     states that differ in letters under way only are taken together: larger bounds, and none on letters
  --json         one line of JSON for each model`

const say = (line: string): void => void process.stdout.write(`${line}\n`)

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    ...Object.fromEntries(BOUNDS.map((name) => [name, { type: 'string' as const }])),
    states: { type: 'string' },
    seconds: { type: 'string' },
    'no-symmetry': { type: 'boolean' },
    together: { type: 'boolean' },
    json: { type: 'boolean' },
    help: { type: 'boolean' },
  },
})

/** A whole number from the command line. */
function numberOf(name: string): number | undefined {
  const text = (values as Readonly<Record<string, unknown>>)[name]
  if (text === undefined) return undefined
  const number = Number(text)
  if (!Number.isSafeInteger(number) || number < 0) throw new Error(`--${name} is a whole number, not ${String(text)}`)
  return number
}

function boundsOf(): Partial<Bounds> {
  const given = BOUNDS.map((name) => [name, numberOf(name)] as const)
  return Object.fromEntries(given.filter(([, number]) => number !== undefined))
}

/** Says now and then how far it is, where somebody looks. */
function watch(name: string, startedAt: number): (progress: Progress) => boolean {
  const most = numberOf('seconds')
  return ({ states, depth }) => {
    const seconds = (performance.now() - startedAt) / 1000
    if (process.stderr.isTTY) process.stderr.write(`\r${name}: ${states} states, depth ${depth}, ${Math.round(seconds)} s `)
    return most === undefined || seconds < most
  }
}

function run(model: Model): Walk {
  const startedAt = performance.now()
  const states = numberOf('states')
  const walk = explore(model, {
    bounds: boundsOf(),
    symmetry: values['no-symmetry'] !== true,
    together: values.together === true,
    ...(states !== undefined && { states }),
    goOn: watch(model.name, startedAt),
  })
  const seconds = (performance.now() - startedAt) / 1000
  if (process.stderr.isTTY) process.stderr.write('\r\u001b[K')
  if (values.json === true) {
    const { counterExample, ...rest } = walk
    say(JSON.stringify({ ...rest, seconds, violation: counterExample?.invariant ?? null }))
  } else print(model, walk, seconds)
  return walk
}

function print({ name, about }: Model, walk: Walk, seconds: number): void {
  const { states, transitions, depth, end, counterExample } = walk
  const bounds = BOUNDS.flatMap((bound) => {
    const number = walk.bounds[bound]
    return number === 0 ? [] : [`${bound} ${number === Number.POSITIVE_INFINITY ? 'without end' : number}`]
  })
  say(`${name}: ${about}\n  ${bounds.join(', ')}`)
  say(
    `  ${states} states${walk.together ? ' taken together' : ''}, ${transitions} transitions, depth ${depth}, ${seconds.toFixed(1)} s: ${end}`,
  )
  if (counterExample) say(`\n${transcriptOf(counterExample).join('\n')}`)
}

function main(): number {
  if (values.help === true) {
    say(USAGE)
    return 0
  }
  const strangers = positionals.filter((name) => !MODELS.some((model) => model.name === name))
  if (strangers.length > 0) throw new Error(`no such model: ${strangers.join(', ')}`)
  for (const model of MODELS) {
    if (positionals.length > 0 && !positionals.includes(model.name)) continue
    const { end } = run(model)
    if (end !== 'complete') return 1
  }
  return 0
}

try {
  process.exitCode = main()
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}\n`)
  process.exitCode = 2
}
