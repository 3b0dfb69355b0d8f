/** `flotilla tail`: committed entries, as they commit. */

import { FlotillaError, toFlotillaError } from '../../base/errors.ts'
import type { Client } from '../../client/client.ts'
import type { CommittedEntry } from '../../client/types.ts'
import { ASKING, type Command, type Invocation } from '../command.ts'
import { type Target, withClient } from '../connection.ts'
import { jsonOf, tell } from '../entry-line.ts'
import { DONE } from '../failures.ts'
import { sayLink } from '../link.ts'
import { clipped, paintOf } from '../paint.ts'

export const tail: Command = {
  name: 'tail',
  summary: 'committed entries, as they commit',
  detail: 'Each entry once and in order, until Ctrl-C. On a terminal lines are cut to its width.',
  operands: [],
  flags: { ...ASKING, from: { value: 'N', help: 'begin with this index (with what commits next)' } },
  run(call) {
    const from = call.args.whole('from', { min: 1, max: Number.MAX_SAFE_INTEGER })
    return withClient(call, async (client, target, transport) => {
      const { group } = target
      const { args, terminal } = call
      const signal = terminal.interruption()
      sayLink(transport, terminal.err)
      await Promise.race([findGroup(client, target), aborted(signal)])
      for await (const entry of client.committed(group, { signal, ...(from === undefined ? {} : { from }) })) {
        await terminal.out.write(args.has('json') ? `${JSON.stringify(jsonOf(entry))}\n` : `${lineFor(call, entry)}\n`)
      }
      return DONE
    })
  },
}

/** Rejects when the group is not there: the stream itself would wait for it, silently and for ever. */
async function findGroup(client: Client, { cluster, group, timeoutMs }: Target): Promise<void> {
  try {
    await client.log(group, { from: 1, limit: 1 })
  } catch (error) {
    const { code } = toFlotillaError(error, 'INVARIANT')
    if (code === 'COMPACTED') return // so it is there
    if (code !== 'UNAVAILABLE' && code !== 'TIMEOUT') throw error
    throw new FlotillaError('UNAVAILABLE', `nobody answers for group ${group} of cluster ${cluster} within ${timeoutMs} ms`)
  }
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })

function lineFor({ terminal: { out } }: Invocation, entry: CommittedEntry): string {
  const paint = paintOf(out)
  const { verb, rest } = tell(entry)
  const index = String(entry.index).padStart(7)
  const term = `term ${entry.term}`
  const name = verb.padEnd(6)
  const room = out.columns - index.length - term.length - name.length - 7
  return `${paint.bold(index)}  ${paint.dim(term)}  ${name}  ${out.isTTY ? clipped(rest, room) : rest}`.trimEnd()
}
