/** `flotilla get`: prints the value of a key. */

import { ASKING, type Command, FAMILY, freshnessIn, READING } from '../command.ts'
import { withClient } from '../connection.ts'
import { DONE, Refusal } from '../failures.ts'
import { familyIn, jsonField, keyIn } from '../values.ts'

export const get: Command = {
  name: 'get',
  summary: 'print the value of a key',
  detail: 'Prints the bytes as they are (and a newline on a terminal). A key that is not there is NOT_FOUND, exit code 1.',
  operands: ['KEY'],
  flags: { ...ASKING, ...FAMILY, ...READING },
  run(call) {
    const freshness = freshnessIn(call.args)
    const key = keyIn(call.args, 0)
    const family = familyIn(call.args)
    return withClient(call, async (client, { group }) => {
      const { args, terminal } = call
      const value = await client.kv(group).get(key, { family, ...freshness })
      if (value === undefined) throw new Refusal('NOT_FOUND', `there is no key '${key}' in family ${family} of group ${group}`)
      if (args.has('json')) await terminal.out.write(`${JSON.stringify({ key, ...jsonField('value', value) })}\n`)
      else {
        await terminal.out.write(value)
        if (terminal.out.isTTY) await terminal.out.write('\n')
      }
      return DONE
    })
  },
}
