/** `flotilla members`: who the members of a group are, and how they become others. */

import type { MembersClient } from '../../client/members.ts'
import type { Readmitted } from '../../client/readmission.ts'
import type { MembersView } from '../../wire/members.ts'
import { checkId } from '../../wire/subjects.ts'
import { UsageError } from '../arguments.ts'
import { ASKING, type Command, type Invocation } from '../command.ts'
import { withClient } from '../connection.ts'
import { asUsed, DONE } from '../failures.ts'
import { paintOf } from '../paint.ts'
import { type Column, tableOf } from '../table.ts'

const VERBS = ['list', 'add', 'promote', 'demote', 'remove', 'readmit'] as const

type Verb = (typeof VERBS)[number]

/** A change may have to go through a joint configuration, and wait for a majority that was just added. */
const TIMEOUT_MS = 15_000

export const members: Command = {
  name: 'members',
  summary: 'who the members of a group are; add, promote, demote, remove, readmit one',
  detail:
    'members list\nmembers add NODE [--learner]   the node runs with --join, and is filled\nmembers promote NODE           a learner votes from now on\nmembers demote NODE            a voter becomes a learner\nmembers remove NODE            its data in this group is destroyed\nmembers readmit NODE           its disk was lost: in all its groups it is a new member, filled from nothing\n\nPrints the members as they are then. A change that cannot be made is CONF_INVALID, exit code 1; one that did not end in time is\nTIMEOUT_UNKNOWN, exit code 3.',
  operands: ['VERB'],
  optional: ['NODE'],
  flags: { ...ASKING, learner: { help: 'with add: it receives the log, and does not vote' } },
  run: async (call) => {
    const verb = verbOf(call)
    const node = call.args.operand(1)
    return withClient(
      call,
      async (client, { group, timeoutMs }) => {
        if (verb === 'readmit') return readmitted(call, node, await client.readmit(node, { timeoutMs }))
        const view = await perform(client.members(group), verb, call)
        const text = call.args.has('json')
          ? JSON.stringify(view)
          : tableOf(COLUMNS, rowsOf(view), paintOf(call.terminal.out)).join('\n')
        await call.terminal.out.write(`${text}\n`)
        return DONE
      },
      TIMEOUT_MS,
    )
  },
}

/** A table for each group, and what is left to do. */
export async function readmitted({ args, terminal }: Invocation, node: string, groups: readonly Readmitted[]): Promise<number> {
  const paint = paintOf(terminal.out)
  const tables = groups.flatMap(({ group, members: view }) => ['', `group ${group}`, ...tableOf(COLUMNS, rowsOf(view), paint)])
  const text = args.has('json') ? JSON.stringify(groups) : tables.slice(1).join('\n')
  await terminal.out.write(`${text}\n`)
  for (const { group, isBehind } of groups) {
    if (!isBehind) continue
    const line = `flotilla: ${node} is a learner of ${group} until it runs and has caught up; then: flotilla members promote ${node} --group ${group}`
    await terminal.err.write(`${line}\n`)
  }
  return DONE
}

function verbOf({ args }: Invocation): Verb {
  const verb = VERBS.find((one) => one === args.operand(0))
  if (verb === undefined) throw new UsageError(`members knows ${VERBS.join(', ')}, not '${args.operand(0)}'`)
  const node = args.operand(1)
  if (verb === 'list' && node !== '') throw new UsageError(`'${node}' is one word too many`)
  if (verb !== 'list' && node === '') throw new UsageError('NODE is missing')
  if (verb !== 'add' && args.has('learner')) throw new UsageError('--learner goes with add')
  if (verb === 'readmit' && args.text('group') !== undefined)
    throw new UsageError('readmit is for all groups of the node: no --group')
  if (node !== '') asUsed(() => checkId('NODE', node))
  return verb
}

async function perform(group: MembersClient, verb: Exclude<Verb, 'readmit'>, { args }: Invocation): Promise<MembersView> {
  const node = args.operand(1)
  if (verb === 'list') return group.list()
  const done = verb === 'add' ? group.add(node, { learner: args.has('learner') }) : group[verb](node)
  return (await done).members
}

const COLUMNS: readonly Column[] = [{ title: 'peer', right: true }, { title: 'node' }, { title: 'part' }]

function rowsOf({ conf, peers }: MembersView): string[][] {
  const ids = [...new Set([...conf.voters, ...conf.votersOutgoing, ...conf.learners])].sort((a, b) => a - b)
  return ids.map((peer) => [String(peer), peers[peer] ?? '-', partOf(conf, peer)])
}

/** What a member is; in a joint configuration also what it is about to be. */
function partOf({ voters, votersOutgoing, learnersNext, learners }: MembersView['conf'], peer: number): string {
  if (learners.includes(peer)) return 'learner'
  if (votersOutgoing.length === 0) return 'voter'
  if (voters.includes(peer)) return votersOutgoing.includes(peer) ? 'voter' : 'voter, coming'
  return learnersNext.includes(peer) ? 'voter, learner next' : 'voter, leaving'
}
