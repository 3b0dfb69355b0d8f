/** `flotilla repair`: a replica whose data is damaged is destroyed, and rebuilt from the others under a new id. */

import { checkId } from '../../wire/subjects.ts'
import { ASKING, type Command } from '../command.ts'
import { withClient } from '../connection.ts'
import { asUsed } from '../failures.ts'
import { readmitted } from './members.ts'

/** A removal, an addition, and a state to be filled with. */
const TIMEOUT_MS = 60_000

export const repair: Command = {
  name: 'repair',
  summary: 'rebuild a damaged replica of a group from the others',
  detail:
    'repair --group ID --node NAME\n\nThe node runs, and status says that its replica is in quarantine. That peer is removed from the group and another one added for the same node,\nas a learner that votes once it has caught up; what the node stored of the group is destroyed then. A majority of the others must be up.\nA replica that is not damaged is left alone: CONF_INVALID.',
  operands: [],
  flags: { ...ASKING, node: { value: 'NAME', help: 'the node whose replica is damaged' } },
  run: (call) => {
    const node = asUsed(() => checkId('--node', call.args.needed('node')))
    const work = async (
      client: Parameters<Parameters<typeof withClient>[1]>[0],
      { group, timeoutMs }: { group: string; timeoutMs: number },
    ) => readmitted(call, node, await client.readmit(node, { timeoutMs, groups: [group] }))
    return withClient(call, work, TIMEOUT_MS)
  },
}
