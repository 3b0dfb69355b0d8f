/** `flotilla transfer`: hands the leadership of a group over. */

import { checkId } from '../../wire/subjects.ts'
import { ASKING, type Command } from '../command.ts'
import { withClient } from '../connection.ts'
import { asUsed, DONE } from '../failures.ts'

export const transfer: Command = {
  name: 'transfer',
  summary: 'hand the leadership of a group over',
  detail:
    'Prints who leads then. Without --to it goes to the follower that is furthest. When nobody has taken over within an election\ntimeout the leader leads on, and it is TIMEOUT, exit code 3.',
  operands: [],
  flags: { ...ASKING, to: { value: 'NODE', help: 'who should lead' } },
  run: (call) => {
    const { args, terminal } = call
    const to = args.text('to')
    if (to !== undefined) asUsed(() => checkId('--to', to))
    return withClient(call, async (client, { group }) => {
      const { leader, term } = await client.transfer(group, to ?? null)
      const line = args.has('json') ? JSON.stringify({ group, leader, term }) : `${leader} leads ${group}, term ${term}`
      await terminal.out.write(`${line}\n`)
      return DONE
    })
  },
}
