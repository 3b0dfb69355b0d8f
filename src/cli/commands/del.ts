/** `flotilla del`: removes a key. */

import { ASKING, type Command, FAMILY } from '../command.ts'
import { withClient } from '../connection.ts'
import { DONE } from '../failures.ts'
import { familyIn, keyIn } from '../values.ts'

export const del: Command = {
  name: 'del',
  summary: 'remove a key',
  detail: 'A key that is not there is no error.',
  operands: ['KEY'],
  flags: { ...ASKING, ...FAMILY },
  run(call) {
    const key = keyIn(call.args, 0)
    const family = familyIn(call.args)
    return withClient(call, async (client, { group }) => {
      const { args, terminal } = call
      const written = await client.kv(group).delete(key, { family })
      await terminal.out.write(args.has('json') ? `${JSON.stringify(written)}\n` : `ok, index ${written.index}\n`)
      return DONE
    })
  },
}
