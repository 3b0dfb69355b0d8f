/** `flotilla transfer`: hands the leadership of a group over. */

import { ASKING, type Command } from '../command.ts'
import { withClient } from '../connection.ts'
import { DONE } from '../failures.ts'

export const transfer: Command = {
  name: 'transfer',
  summary: 'hand the leadership of a group over',
  detail:
    'Prints who leads then. Without --to it goes to the follower that is furthest. When nobody has taken over within an election\ntimeout the leader leads on, and it is TIMEOUT, exit code 3.',
  operands: [],
  flags: { ...ASKING, to: { value: 'NODE', help: 'who should lead' } },
  run: (call) =>
    withClient(call, async (client, { group }) => {
      const { args, terminal } = call
      const { leader, term } = await client.transfer(group, args.text('to') ?? null)
      const line = args.has('json') ? JSON.stringify({ group, leader, term }) : `${leader} leads ${group}, term ${term}`
      await terminal.out.write(`${line}\n`)
      return DONE
    }),
}
