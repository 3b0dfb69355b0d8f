/** Role by event: what the charts do and what they leave unanswered is what docs/protocol.md says, no more and no less. */

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import type { StateNode } from 'xstate'
import { leaseMachine } from '../../machines/lease.ts'
import { membershipMachine } from '../../machines/membership.ts'
import { progressMachine } from '../../machines/progress.ts'
import { roleMachine } from '../../machines/role.ts'
import { receiverMachine } from '../../machines/snapshot-receiver.ts'
import { senderMachine } from '../../machines/snapshot-sender.ts'
import { transferMachine } from '../../machines/transfer.ts'
import { rowsOf, sentenceOf } from '../../src/chart/rows.ts'
import type { RaftEvent } from '../../src/protocol/events.ts'
import type { RoleReducer } from '../../src/protocol/role-names.ts'
import { ROOT } from './sources.ts'

const page = readFileSync(join(ROOT, 'docs/protocol.md'), 'utf8')

/** Cells of the table in one chapter of the page, without its head. */
function tableOf(heading: string): string[][] {
  const chapter = page.split(/^## /m).find((one) => one.startsWith(`${heading}\n`))
  assert.ok(chapter, `docs/protocol.md has no chapter "${heading}"`)
  const lines = chapter.split('\n').filter((line) => line.startsWith('|'))
  return lines.slice(2).map((line) =>
    line
      .slice(1, -1)
      .split('|')
      .map((cell) => cell.trim()),
  )
}

describe('the rows of docs/protocol.md are the transitions of', () => {
  for (const [heading, machine] of [
    ['The role', roleMachine],
    ['A follower as its leader sees it', progressMachine],
    ['A handover', transferMachine],
    ['A change of members', membershipMachine],
    ['A read lease', leaseMachine],
    ['A snapshot as it is sent', senderMachine],
    ['A snapshot as it is received', receiverMachine],
  ] as const)
    test(machine.id, () => {
      const written = tableOf(heading)
      assert.deepEqual(
        written.map((cells) => cells.slice(0, 5).join(' | ')),
        rowsOf(machine).map(sentenceOf),
      )
      for (const cells of written) assert.ok(cells[5] && cells[6], `no source or no reason: ${cells.join(' | ')}`)
    })
})

/** Every event there is: a new one does not compile until it is here. */
const EVENTS = Object.keys({
  AppendEntries: true,
  AppendEntriesReply: true,
  Heartbeat: true,
  HeartbeatReply: true,
  PreVote: true,
  PreVoteReply: true,
  RequestVote: true,
  RequestVoteReply: true,
  TimeoutNow: true,
  InstallSnapshot: true,
  Propose: true,
  ReadIndex: true,
  ReadIndexReply: true,
  TransferLeader: true,
  'term.higher': true,
  'term.stale': true,
  'commit.told': true,
  'storage.persisted': true,
  'storage.applied': true,
  'client.propose': true,
  'client.read': true,
  'client.transfer': true,
  'client.reconfigure': true,
  'peer.unreachable': true,
  'conf.applied': true,
  'office.lost': true,
  'snapshot.created': true,
  'snapshot.installed': true,
  'snapshot.abandoned': true,
  'snapshot.reported': true,
  'log.compacted': true,
  'leader.forgotten': true,
  'clock.jumped': true,
} satisfies Record<RaftEvent['type'], true>)

/** The roles, as the innermost state that stands for each. */
const ROLES: Readonly<Record<string, readonly string[]>> = {
  follower: ['following', 'follower'],
  learner: ['following', 'learner'],
  preCandidate: ['campaigning', 'preCandidate'],
  candidate: ['campaigning', 'candidate'],
  leader: ['leader', 'round', 'beat'],
}

/** From the innermost state outward. */
function nodesOf(path: readonly string[]): StateNode[] {
  let node: StateNode = roleMachine.root as unknown as StateNode
  const nodes = [node]
  for (const key of path) {
    node = node.states[key] as StateNode
    nodes.unshift(node)
  }
  return nodes
}

const answers = (node: StateNode, event: string): boolean =>
  [...node.transitions.keys()].some((key) => key === event || (key.endsWith('.*') && event.startsWith(key.slice(0, -1))))

test('each pair of role and event is answered, or silent for a reason that is written down', () => {
  const silent = Object.entries(ROLES).flatMap(([role, path]) =>
    EVENTS.filter((event) => !nodesOf(path).some((node) => answers(node, event))).map((event) => `${role} ${event}`),
  )
  const written = tableOf('Silence')
  assert.deepEqual(written.map(([role, event]) => `${role} ${event}`).sort(), silent.sort())
  for (const [role, event, why] of written) assert.ok(why, `no reason for the silence of ${role} at ${event}`)
})

test('the chart answers no event that does not exist', () => {
  for (const row of rowsOf(roleMachine)) {
    const known = EVENTS.includes(row.event) || /^(entry|exit|always|after \w+)$/.test(row.event)
    assert.ok(known, row.event)
  }
})

/** The role a state belongs to: of an outer one, the role it begins with. */
function roleOfState(node: StateNode): string {
  for (const [role, path] of Object.entries(ROLES)) {
    const places = path.map((_, i) => `role.${path.slice(0, i + 1).join('.')}`)
    if (places.slice(role === 'leader' ? 0 : 1).includes(node.id)) return role
  }
  const first = node.initial?.target[0]
  assert.ok(first, node.id)
  return roleOfState(first as StateNode)
}

test('Figure 4: no role is reached from where it must not be', () => {
  const edges = new Set<string>()
  for (const [role, path] of Object.entries(ROLES))
    for (const node of nodesOf(path))
      for (const transition of [...[...node.transitions.values()].flat(), ...(node.always ?? [])])
        for (const target of transition.target ?? []) edges.add(`${role} → ${roleOfState(target as StateNode)}`)
  const changes = [...edges].filter((edge) => new Set(edge.split(' → ')).size === 2)
  assert.deepEqual(changes.sort(), [
    'candidate → follower',
    'candidate → leader',
    'candidate → preCandidate',
    'follower → candidate',
    'follower → learner',
    'follower → preCandidate',
    'leader → follower',
    'learner → follower',
    'preCandidate → candidate',
    'preCandidate → follower',
  ])
})

/** What changes the state of a role; the other actions only make messages. A new one does not compile until it is here. */
const REDUCERS: ReadonlySet<string> = new Set(
  Object.keys({
    adoptTerm: true,
    appendEntries: true,
    appendProposals: true,
    assertNoSecondLeader: true,
    campaign: true,
    cancelTransfer: true,
    canvass: true,
    compactLog: true,
    countBeat: true,
    countLoss: true,
    countOwnVote: true,
    countReply: true,
    countSelf: true,
    countSnapshot: true,
    countTold: true,
    deferRead: true,
    dropLeadership: true,
    expireLease: true,
    forgetLeader: true,
    grantVote: true,
    hearBeat: true,
    hearLeader: true,
    heedCall: true,
    keepSnapshot: true,
    learnCommit: true,
    markApplied: true,
    markPersisted: true,
    proposeConf: true,
    queueRead: true,
    recordVote: true,
    requestTransfer: true,
    restartTransfer: true,
    restoreSnapshot: true,
    retire: true,
    serveRead: true,
    settleConf: true,
    skipSnapshot: true,
    stageSnapshot: true,
    startBeat: true,
    startQuorumRound: true,
    switchConf: true,
    takeLeadership: true,
    unstage: true,
  } satisfies Record<RoleReducer, true>),
)

test('no chart on the hot path has parallel regions, and a transition changes the state at most once', () => {
  for (const machine of [roleMachine, progressMachine, transferMachine, membershipMachine, leaseMachine]) {
    assert.ok(!JSON.stringify(machine.config).includes('"parallel"'), machine.id)
    for (const row of rowsOf(machine)) {
      const actions = row.actions.split(', ')
      const changing = machine.id === 'role' ? actions.filter((action) => REDUCERS.has(action)) : actions
      assert.ok(changing.length <= 1, sentenceOf(row))
      if (changing.length === 1) assert.equal(actions[0], changing[0], `${sentenceOf(row)}: makers come after`)
    }
  }
})
