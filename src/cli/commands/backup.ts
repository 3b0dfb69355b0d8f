/** `flotilla backup`: a copy of the directory of a node, made by us when it does not run, and by itself when it does. */

import { resolve } from 'node:path'
import { backUpNode } from '../../client/maintenance.ts'
import { backUpStore } from '../../storage/lmdb/copy.ts'
import { checkAbsent } from '../../storage/whole-file.ts'
import { checkId, subjectsOf } from '../../wire/subjects.ts'
import { UsageError } from '../arguments.ts'
import { ASKING, type Command, type Invocation } from '../command.ts'
import { withClient } from '../connection.ts'
import { asUsed, DONE } from '../failures.ts'
import { stoppedNodeOf, withStore } from '../stopped.ts'

/** A large store takes its time. */
const TIMEOUT_MS = 600_000

export const backup: Command = {
  name: 'backup',
  summary: 'copy the directory of a node',
  detail:
    'backup TO --dir DIR --id NAME      of a node that does not run. TO is a directory that is not there yet\nbackup NAME --node NODE            of a node that runs with --backups DIR: it makes DIR/NAME on its machine\n\nThe copy is read from the first record to the last before it gets its name. Mostly a snapshot is the better backup (flotilla snapshot\nsave). A node must not return with an older copy of its own: copies are for bringing back a whole cluster.',
  operands: ['TO'],
  flags: {
    ...ASKING,
    node: { value: 'NODE', help: 'the node that is to copy its store while it runs' },
    dir: { value: 'DIR', help: 'directory of a node that does not run' },
    id: { value: 'NAME', help: 'name of that node' },
  },
  run(call) {
    const { args } = call
    if (args.text('group') !== undefined) throw new UsageError('a copy is of all groups: without --group')
    if (args.text('node') === undefined) return copyStopped(call)
    if (args.text('dir') !== undefined || args.text('id') !== undefined)
      throw new UsageError('--node asks a running node, --dir and --id need one that does not run')
    return copyRunning(call)
  },
}

async function copyStopped(call: Invocation): Promise<number> {
  const to = resolve(call.args.operand(0))
  asUsed(() => checkAbsent(to))
  const node = stoppedNodeOf(call)
  await withStore(node, async () => {}) // whose it is
  const { after, records } = await backUpStore(node.dir, to)
  return tell(call, { ...node, to, bytes: after, records })
}

function copyRunning(call: Invocation): Promise<number> {
  const { args } = call
  const name = asUsed(() => checkId('the name of a copy', args.operand(0)))
  const node = asUsed(() => checkId('--node', args.needed('node')))
  return withClient(
    call,
    async (_client, { cluster, timeoutMs }, transport) => {
      const { path, bytes, records } = await backUpNode({ transport, subjects: subjectsOf(cluster), node }, { name, timeoutMs })
      return tell(call, { id: node, cluster, to: path, bytes, records })
    },
    TIMEOUT_MS,
  )
}

interface Made {
  readonly id: string
  readonly cluster: string
  readonly to: string
  readonly bytes: number
  readonly records: number
}

async function tell({ args, terminal }: Invocation, made: Made): Promise<number> {
  const { to, bytes, records } = made
  const line = `${to}: ${bytes} bytes, ${records} records, all of them read`
  await terminal.out.write(`${args.has('json') ? JSON.stringify(made) : line}\n`)
  return DONE
}
