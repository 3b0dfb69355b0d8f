/** `flotilla del`: removes a key. */

import { ASKING, type Command, FAMILY } from '../command.ts'
import { withClient } from '../connection.ts'
import { DONE } from '../failures.ts'

export const del: Command = {
  name: 'del',
  summary: 'remove a key',
  detail: 'A key that is not there is no error.',
  operands: ['KEY'],
  flags: { ...ASKING, ...FAMILY },
  run: (call) =>
    withClient(call, async (client, { group }) => {
      const { args, terminal } = call
      const family = args.text('family')
      const written = await client.kv(group).delete(args.operand(0), family === undefined ? {} : { family })
      await terminal.out.write(args.has('json') ? `${JSON.stringify(written)}\n` : `ok, index ${written.index}\n`)
      return DONE
    }),
}
