/** `flotilla backup`: a copy of the directory of a node that does not run. */

import { resolve } from 'node:path'
import { backUpStore } from '../../storage/lmdb/copy.ts'
import { checkAbsent } from '../../storage/whole-file.ts'
import type { Command } from '../command.ts'
import { asUsed, DONE } from '../failures.ts'
import { STOPPED, stoppedNodeOf, withStore } from '../stopped.ts'

export const backup: Command = {
  name: 'backup',
  summary: 'copy the directory of a node that does not run',
  detail:
    'backup TO --dir DIR --id NAME\n\nTO is a directory that is not there yet. The copy is read from the first record to the last before it gets its name. Of nodes that\nrun, save snapshots instead (flotilla snapshot save). A node must not return with an older copy of its own: copies are for bringing\nback a whole cluster.',
  operands: ['TO'],
  flags: STOPPED,
  async run(call) {
    const { args, terminal } = call
    const to = resolve(args.operand(0))
    asUsed(() => checkAbsent(to))
    const node = stoppedNodeOf(call)
    await withStore(node, async () => {}) // whose it is
    const { after, records } = await backUpStore(node.dir, to)
    const said = { ...node, to, bytes: after, records }
    await terminal.out.write(
      args.has('json') ? `${JSON.stringify(said)}\n` : `${to}: ${after} bytes, ${records} records, all of them read\n`,
    )
    return DONE
  },
}
