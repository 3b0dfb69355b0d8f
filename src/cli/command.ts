/** What every command is: a name, words for its help, and a function. Also the flags that all of them share. */

import { CONSISTENCIES, type Freshness, freshnessOf, STALENESS_MS_MAX } from '../wire/freshness.ts'
import { type Arguments, type FlagTable, type Shape, UsageError } from './arguments.ts'
import { asUsed } from './failures.ts'
import type { Terminal } from './terminal.ts'

/** A command. */
export interface Command extends Shape {
  readonly name: string
  /** One line for the list of commands. */
  readonly summary: string
  /** More for its own help, a paragraph or two. */
  readonly detail?: string
  /** The exit code. What it throws is printed as one line. */
  run(call: Invocation): Promise<number>
}

/** A command line that fits its command. */
export interface Invocation {
  readonly args: Arguments
  readonly terminal: Terminal
}

/** How to reach NATS and which cluster is meant. */
export const CONNECTION: FlagTable = {
  nats: { value: 'URL', help: 'NATS servers, several with commas (FLOTILLA_NATS, or nats://127.0.0.1:4222)' },
  user: { value: 'NAME', help: 'user of the NATS server' },
  password: { value: 'WORD', help: 'its password' },
  token: { value: 'TOKEN', help: 'a token instead of a user' },
  nkey: { value: 'FILE', help: 'file with the seed of an nkey' },
  creds: { value: 'FILE', help: 'credentials file (JWT and seed)' },
  ca: { value: 'FILE', help: 'PEM file of who may sign the server' },
  cert: { value: 'FILE', help: 'PEM file of our certificate' },
  'key-file': { value: 'FILE', help: 'PEM file of its key' },
  cluster: { value: 'NAME', help: 'name of the cluster (FLOTILLA_CLUSTER, or demo)' },
}

/** Which group is meant, and for how long to try. */
export const ASKING: FlagTable = {
  ...CONNECTION,
  group: { value: 'ID', help: 'group to speak to (kv)' },
  timeout: { value: 'MS', help: 'everything, retries included, is over after so many milliseconds (5000)' },
  json: { help: 'print JSON' },
}

/** Which key space is meant. */
export const FAMILY: FlagTable = { family: { value: 'NAME', help: 'column family (default)' } }

/** Of commands that read. */
export const READING: FlagTable = {
  consistency: { value: 'WORD', help: `${CONSISTENCIES.join(', ')} (linearizable)` },
  'max-staleness': { value: 'MS', help: 'ask any replica, which may be behind by so many milliseconds' },
  stale: { help: 'ask any replica, which may be behind: the same as --consistency stale' },
}

/** How fresh a read must be, as the flags say. Throws a {@link UsageError}. */
export function freshnessIn(args: Arguments): Freshness {
  const word = args.text('consistency')
  const said = CONSISTENCIES.find((one) => one === word)
  if (word !== undefined && said === undefined)
    throw new UsageError(`--consistency is one of ${CONSISTENCIES.join(', ')}, not '${word}'`)
  if (args.has('stale') && (said ?? 'stale') !== 'stale') throw new UsageError(`--stale contradicts --consistency ${word}`)
  const maxStalenessMs = args.whole('max-staleness', { min: 0, max: STALENESS_MS_MAX })
  return asUsed(() => freshnessOf({ consistency: args.has('stale') ? 'stale' : said, maxStalenessMs }, 'linearizable'))
}
