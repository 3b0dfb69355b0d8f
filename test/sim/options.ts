/** What `npm run sim` was asked for. Knows flags, and nothing of how a simulation runs. */

import { Arguments, type FlagTable, UsageError } from '../../src/cli/arguments.ts'
import { PROFILES, type ProfileName } from '../../src/testkit/sim/plan.ts'

/** A profile, or a random part of all faults. */
export type Mix = ProfileName | 'swarm'

export const MIXES: readonly Mix[] = [...(Object.keys(PROFILES) as ProfileName[]), 'swarm']

/** A checked command line. */
export interface SimOptions {
  readonly mixes: readonly Mix[]
  /** Null: as many as there is time for. */
  readonly seeds: number | null
  readonly first: number
  readonly minutes: number | null
  /** To be replayed with its trace. */
  readonly seed: number | null
  readonly file: string | null
  /** Of what a plan is drawn for. */
  readonly wish: {
    readonly seconds?: number
    readonly nodes?: number
    readonly clients?: number
    readonly groups?: number
    readonly density?: number
  }
  readonly json: boolean
  readonly coverage: boolean
  /** Only to write down what the test set reaches. */
  readonly reached: boolean
  /** Runs to make a failing plan smaller; 0: it is left as it is. */
  readonly attempts: number
}

const FLAGS = {
  seeds: { value: 'N', help: 'so many seeds; 100 by default, without end with --minutes' },
  first: { value: 'N', help: 'the first of them, 1 by default' },
  minutes: { value: 'M', help: 'stop after so many minutes' },
  profile: { value: 'NAME', help: `${MIXES.join(', ')}; or all, one after the other; rough by default` },
  nodes: { value: 'N', help: 'nodes of the cluster, 1 to 7; drawn by default' },
  clients: { value: 'N', help: 'clients of each group; drawn by default' },
  groups: { value: 'N', help: 'groups; drawn by default' },
  seconds: { value: 'S', help: 'simulated seconds of the storm, 20 by default' },
  density: { value: 'D', help: 'how many times more faults than the profile says, 1 by default' },
  seed: { value: 'N', help: 'replay this one, with a line for each event' },
  file: { value: 'PATH', help: 'replay a saved plan, with a line for each event' },
  attempts: { value: 'N', help: 'runs to shrink what fails, 200 by default; 0: do not shrink' },
  coverage: { help: 'at the end: what no seed has reached' },
  reached: { help: 'write down what the test set reaches, for the tests to see whether something is lost' },
  json: { help: 'one JSON object for each run, and one for all of them' },
  help: { help: 'this' },
} as const satisfies FlagTable

/** How to use the command. */
export const USAGE = [
  'npm run sim -- [flags]      runs clusters in simulated time, under faults, from seeds',
  '',
  ...Object.entries(FLAGS).map(
    ([name, flag]) => `  ${`--${name}${'value' in flag ? ` ${flag.value}` : ''}`.padEnd(18)} ${flag.help}`,
  ),
  '',
  'Exit code 0: every rule held. 1: one did not; the plan that shows it is made small and saved. 2: wrong usage.',
  'npm run sim -- --seeds 1000 --profile hostile --nodes 5',
  'npm run sim -- --seed 17 --profile hostile --nodes 5',
].join('\n')

const SEED_MAX = 2 ** 31

/** Null: only help was asked for. Throws {@link UsageError}. */
export function optionsOf(words: readonly string[]): SimOptions | null {
  const given = new Arguments(words, { flags: FLAGS, operands: [] })
  if (given.has('help')) return null
  const seed = given.whole('seed', { min: 0, max: SEED_MAX }) ?? null
  const file = given.text('file') ?? null
  if (seed !== null && file !== null) throw new UsageError('--seed and --file are two things to replay')
  const minutes = decimal(given, 'minutes')
  return {
    mixes: mixesOf(given, seed !== null),
    seeds: given.whole('seeds', { min: 1, max: SEED_MAX }) ?? (minutes === undefined ? 100 : null),
    first: given.whole('first', { min: 0, max: SEED_MAX }) ?? 1,
    minutes: minutes ?? null,
    seed,
    file,
    wish: wishOf(given),
    json: given.has('json'),
    coverage: given.has('coverage'),
    reached: given.has('reached'),
    attempts: given.whole('attempts', { min: 0, max: 10_000 }) ?? 200,
  }
}

function mixesOf(given: Arguments, isOne: boolean): readonly Mix[] {
  const profile = given.text('profile') ?? 'rough'
  if (profile === 'all' && !isOne) return MIXES
  const mix = MIXES.find((one) => one === profile)
  if (mix === undefined) throw new UsageError(`--profile is one of ${MIXES.join(', ')}${isOne ? '' : ', all'}, not '${profile}'`)
  return [mix]
}

function wishOf(given: Arguments): SimOptions['wish'] {
  const nodes = given.whole('nodes', { min: 1, max: 7 })
  const clients = given.whole('clients', { min: 1, max: 100 })
  const groups = given.whole('groups', { min: 1, max: 20 })
  const seconds = decimal(given, 'seconds')
  const density = decimal(given, 'density')
  return {
    ...(nodes === undefined ? {} : { nodes }),
    ...(clients === undefined ? {} : { clients }),
    ...(groups === undefined ? {} : { groups }),
    ...(seconds === undefined ? {} : { seconds }),
    ...(density === undefined ? {} : { density }),
  }
}

/** A positive number that need not be whole. */
function decimal(given: Arguments, name: string): number | undefined {
  const value = given.text(name)
  if (value === undefined) return undefined
  if (/^\d+(\.\d+)?$/.test(value) && Number(value) > 0 && Number(value) <= 100_000) return Number(value)
  throw new UsageError(`--${name} is a number above 0, not '${value}'`)
}
