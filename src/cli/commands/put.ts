/** `flotilla put`: sets a key. */

import { ASKING, type Command, FAMILY } from '../command.ts'
import { withClient } from '../connection.ts'
import { DONE } from '../failures.ts'
import { familyIn, keyIn } from '../values.ts'

export const put: Command = {
  name: 'put',
  summary: 'set a key',
  detail:
    'VALUE is taken as UTF-8; - reads it from standard input, byte for byte. A put whose answer is lost is not sent again:\nexit code 3 and TIMEOUT_UNKNOWN.',
  operands: ['KEY', 'VALUE'],
  flags: { ...ASKING, ...FAMILY },
  run(call) {
    const key = keyIn(call.args, 0)
    const family = familyIn(call.args)
    return withClient(call, async (client, { group }) => {
      const { args, terminal } = call
      const given = args.operand(1)
      const value = given === '-' ? await terminal.input() : given
      const written = await client.kv(group).put(key, value, { family })
      await terminal.out.write(args.has('json') ? `${JSON.stringify(written)}\n` : `ok, index ${written.index}\n`)
      return DONE
    })
  },
}
