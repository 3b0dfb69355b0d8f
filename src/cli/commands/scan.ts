/** `flotilla scan`: prints keys and values in the order of keys. */

import type { KvRange } from '../../client/kv.ts'
import type { Arguments } from '../arguments.ts'
import { ASKING, type Command, FAMILY, READING } from '../command.ts'
import { withClient } from '../connection.ts'
import { DONE } from '../failures.ts'
import { clipped, paintOf } from '../paint.ts'
import { jsonField, lineOf } from '../values.ts'

export const scan: Command = {
  name: 'scan',
  summary: 'print keys and values in order',
  detail: 'One line for each: key, tab, value, with control characters as \\xNN. On a terminal lines are cut to its width.',
  operands: [],
  flags: {
    ...ASKING,
    ...FAMILY,
    ...READING,
    prefix: { value: 'TEXT', help: 'only keys that begin so' },
    from: { value: 'KEY', help: 'first key' },
    to: { value: 'KEY', help: 'end, not included' },
    limit: { value: 'N', help: 'at most so many (on a terminal 100, else all)' },
    reverse: { help: 'from the last key to the first' },
  },
  run: (call) =>
    withClient(call, async (client, { group }) => {
      const { args, terminal } = call
      const { out } = terminal
      const paint = paintOf(out)
      const limit = args.whole('limit', { min: 1, max: Number.MAX_SAFE_INTEGER })
      const family = args.text('family') ?? 'default'
      const consistency = args.has('stale') ? 'stale' : 'linearizable'
      const shown = limit ?? (out.isTTY && !args.has('json') ? 100 : Number.POSITIVE_INFINITY)
      let count = 0
      for await (const { key, value } of client.kv(group).scan({ ...rangeOf(args), limit: shown + 1 }, { family, consistency })) {
        if (count === shown) {
          if (limit === undefined) await terminal.err.write(paint.dim(`… and more; --limit N shows them\n`))
          break
        }
        count++
        if (args.has('json')) await out.write(`${JSON.stringify({ ...jsonField('key', key), ...jsonField('value', value) })}\n`)
        else {
          const name = lineOf(key)
          const line = lineOf(value)
          await out.write(
            out.isTTY ? `${paint.bold(name)}  ${clipped(line, out.columns - name.length - 3)}\n` : `${name}\t${line}\n`,
          )
        }
      }
      return DONE
    }),
}

function rangeOf(args: Arguments): KvRange {
  const [prefix, from, to] = [args.text('prefix'), args.text('from'), args.text('to')]
  return {
    ...(prefix === undefined ? {} : { prefix }),
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
    ...(args.has('reverse') ? { reverse: true } : {}),
  }
}
