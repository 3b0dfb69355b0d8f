/** `flotilla scan`: prints keys and values in the order of keys. */

import type { KvRange, KvRow } from '../../client/kv.ts'
import type { Arguments } from '../arguments.ts'
import { ASKING, type Command, FAMILY, freshnessIn, READING } from '../command.ts'
import { withClient } from '../connection.ts'
import { DONE, Misuse } from '../failures.ts'
import { clipped, paintOf } from '../paint.ts'
import type { Output } from '../terminal.ts'
import { familyIn, jsonField, lineOf } from '../values.ts'

/** Rows shown on a terminal when nobody said how many. */
const TERMINAL_ROWS = 100

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
  run(call) {
    const limit = call.args.whole('limit', { min: 1, max: Number.MAX_SAFE_INTEGER })
    const freshness = freshnessIn(call.args)
    const family = familyIn(call.args)
    const { prefix, from, to } = rangeOf(call.args)
    if (prefix !== undefined && (from ?? to) !== undefined)
      throw new Misuse('COMMAND_INVALID', '--prefix is a range of its own: give it alone, or --from and --to')
    return withClient(call, async (client, { group }) => {
      const { args, terminal } = call
      const options = { family, ...freshness }
      const shown = limit ?? (terminal.out.isTTY && !args.has('json') ? TERMINAL_ROWS : Number.POSITIVE_INFINITY)
      let count = 0
      for await (const row of client.kv(group).scan({ ...rangeOf(args), limit: shown + 1 }, options)) {
        if (count === shown) {
          if (limit === undefined) await terminal.err.write(paintOf(terminal.err).dim('… and more; --limit N shows them\n'))
          break
        }
        count++
        await terminal.out.write(args.has('json') ? jsonRow(row) : textRow(row, terminal.out))
      }
      return DONE
    })
  },
}

const jsonRow = ({ key, value }: KvRow): string =>
  `${JSON.stringify({ ...jsonField('key', key), ...jsonField('value', value) })}\n`

function textRow({ key, value }: KvRow, out: Output): string {
  const name = lineOf(key)
  const line = lineOf(value)
  return out.isTTY ? `${paintOf(out).bold(name)}  ${clipped(line, out.columns - name.length - 3)}\n` : `${name}\t${line}\n`
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
