/** Your own state machine on a bad day, thousands of them if you like: `npm run build && node dist/docs/examples/simulated-tickets.js`. */

import { FlotillaError, type StateMachine } from '../../src/index.ts'
import {
  type CounterOp,
  type CounterResult,
  checkLinearizable,
  counterModel,
  HistoryRecorder,
  simulate,
  type Workload,
} from '../../src/testkit.ts'

const COUNT = new TextEncoder().encode('count')
const numberOf = (bytes: Uint8Array | undefined): number => (bytes === undefined ? 0 : Number(new TextDecoder().decode(bytes)))
const bytesOf = (value: number): Uint8Array => new TextEncoder().encode(String(value))

/** Hands out numbers, each once. With `forgets` it keeps the last one in its process instead of its table: see what comes of it. */
const tickets = ({ forgets }: { readonly forgets: boolean }): StateMachine => {
  let count = 0
  return {
    kind: 'tickets',
    families: ['default'],
    check: () => {},
    apply: (_entry, table) => {
      count = (forgets ? count : numberOf(table.get('default', COUNT))) + 1
      return { writes: [{ family: 'default', key: COUNT, value: bytesOf(count) }], result: bytesOf(count) }
    },
    query: (_request, table) => table.get('default', COUNT) ?? bytesOf(0),
    topic: () => ['ticket'],
  }
}

/** Refusals after which nothing was done. Of all others nobody knows: a checker must be told which is which. */
const didNothing = (error: unknown): boolean => error instanceof FlotillaError && error.retryable

/** Clients draw tickets and look at the count, and write down what they were told. */
function drawing(forgets: boolean): Workload<number> {
  const recorder = new HistoryRecorder<CounterOp, CounterResult>()
  return {
    stateMachine: () => tickets({ forgets }), // one for each node, and for each time it starts
    async run({ name, client, group, chance, now, sleep, isOver, note }) {
      while (!isOver()) {
        const op: CounterOp = chance.next() < 0.7 ? { type: 'add', by: 1 } : { type: 'read' } // no other chance than this one
        const id = recorder.invoke(name, op, now())
        try {
          const { body } = op.type === 'add' ? await client.propose(group, bytesOf(1)) : await client.read(group, bytesOf(0))
          recorder.ok(id, numberOf(body), now())
        } catch (error) {
          if (!(error instanceof FlotillaError)) throw error
          note('hears', error.code)
          if (op.type === 'read' || didNothing(error)) recorder.failed(id)
          else recorder.unknown(id)
        }
        await sleep(chance.next() * 100) // no other clock than this one
      }
    },
    finish: async ({ client, group }) => numberOf((await client.read(group, bytesOf(0), { timeoutMs: 20_000 })).body),
    judge(count) {
      const last = recorder.invoke('judge', { type: 'read' }, Number.MAX_SAFE_INTEGER) // what is there in the end is seen, too
      recorder.ok(last, count, Number.MAX_SAFE_INTEGER)
      const judged = checkLinearizable(recorder.history(), counterModel())
      const violation =
        judged.verdict === 'violation' ? { invariant: 'TICKETS', message: judged.violation.lines.join('\n') } : null
      return { violation, ...recorder.tally(), undecided: judged.verdict === 'unknown' ? 1 : 0 }
    },
  }
}

/** The first seed that shows something wrong, or null. */
async function firstBad(forgets: boolean, seeds: number) {
  for (let seed = 1; seed <= seeds; seed++) {
    const report = await simulate({ seed, profile: 'rough', nodes: 3, seconds: 5, density: 4, workload: () => drawing(forgets) })
    console.log(`seed ${seed}:`, report.violation?.invariant ?? 'ok', JSON.stringify(report.operations))
    if (report.violation !== null) return report
  }
  return null
}

console.log('a count in the table:')
const right = await firstBad(false, 3)
console.log('a count in the process, which a crash takes with it:')
const wrong = await firstBad(true, 20)
console.log(wrong?.violation?.message.split('\n').slice(0, 6).join('\n'))
process.exitCode = right === null && wrong !== null ? 0 : 1
