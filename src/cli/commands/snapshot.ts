/** `flotilla snapshot`: the state of a group as a file, and a new cluster out of such a file. */

import { UsageError } from '../arguments.ts'
import { ASKING, type Command, type Invocation } from '../command.ts'
import { restoreFile } from '../snapshots/restore.ts'
import { saveFile } from '../snapshots/save.ts'
import { showFile } from '../snapshots/show.ts'

const VERBS: Readonly<Record<string, (call: Invocation, file: string) => Promise<number>>> = {
  save: saveFile,
  status: showFile,
  restore: restoreFile,
}

/** Which flags go with one verb alone. */
const ONLY: Readonly<Record<string, readonly string[]>> = {
  node: ['save'],
  dir: ['save', 'restore'],
  id: ['save', 'restore'],
  nodes: ['restore'],
  incarnation: ['restore'],
  'kv-families': ['restore'],
}

export const snapshot: Command = {
  name: 'snapshot',
  summary: 'save the state of a group as a file, look at one, restore a cluster from one',
  detail:
    'snapshot save FILE [--group ID] [--node NODE]              from a running cluster\nsnapshot save FILE [--group ID] --dir DIR --id NAME        from the directory of a node that does not run\nsnapshot status FILE                                       checks every byte, and says what is in it\nsnapshot restore FILE --dir DIR --id NAME --nodes A,B,C    makes the directory of one node of a new cluster\n\nRestore is run once for each node, with the same FILE, --nodes and --cluster. What it makes is another founding of the group: nodes\nand clients of before do not take it for theirs. A file that is there is not written over, nor is a directory.',
  operands: ['VERB', 'FILE'],
  flags: {
    ...ASKING,
    node: { value: 'NODE', help: "save: that node's state, as far as it is, instead of the leader's" },
    dir: { value: 'DIR', help: 'save: directory of a node that does not run; restore: directory to make' },
    id: { value: 'NAME', help: 'name of the node whose directory it is' },
    nodes: { value: 'A,B,C', help: 'restore: names of all nodes of the new cluster, the same for each', many: true },
    incarnation: { value: 'WORD', help: 'restore: another word each time a file is restored for the same nodes (first)' },
    'kv-families': { value: 'X,Y', help: 'restore: column families beside default, lock and write', many: true },
  },
  async run(call) {
    const verb = call.args.operand(0)
    const perform = Object.hasOwn(VERBS, verb) ? VERBS[verb] : undefined
    if (perform === undefined) throw new UsageError(`snapshot knows ${Object.keys(VERBS).join(', ')}, not '${verb}'`)
    for (const [flag, verbs] of Object.entries(ONLY))
      if (!verbs.includes(verb) && call.args.list(flag).length > 0) throw new UsageError(`--${flag} does not go with ${verb}`)
    return perform(call, call.args.operand(1))
  },
}
