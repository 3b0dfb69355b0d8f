/** Role by event: what the charts do and what they leave unanswered is what docs/protocol.md says, no more and no less. */

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import type { StateNode } from 'xstate'
import { progressMachine } from '../../machines/progress.ts'
import { roleMachine } from '../../machines/role.ts'
import { transferMachine } from '../../machines/transfer.ts'
import type { RaftEvent } from '../../src/protocol/events.ts'
import { type ChartRow, rowsOf } from './charts.ts'
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

const sentenceOf = ({ state, event, guard, target, actions }: ChartRow): string =>
  [state, event, guard, target, actions].join(' | ')

describe('the rows of docs/protocol.md are the transitions of', () => {
  for (const [heading, machine] of [
    ['The role', roleMachine],
    ['A follower as its leader sees it', progressMachine],
    ['A handover', transferMachine],
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
  'term.higher': true,
  'term.stale': true,
  'storage.persisted': true,
  'storage.applied': true,
  'client.propose': true,
  'client.read': true,
  'client.transfer': true,
  'peer.unreachable': true,
} satisfies Record<RaftEvent['type'], true>)

/** The roles, as the innermost state that stands for each. */
const ROLES: Readonly<Record<string, readonly string[]>> = {
  follower: ['following', 'follower'],
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
    const known = EVENTS.includes(row.event) || row.event === 'client.*' || /^(entry|exit|always|after \w+)$/.test(row.event)
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
    'follower → preCandidate',
    'leader → follower',
    'preCandidate → candidate',
    'preCandidate → follower',
  ])
})

test('no chart on the hot path has parallel regions, and a transition changes the state at most once', () => {
  const reducers = new Set([
    ...['adoptTerm', 'appendEntries', 'appendProposals', 'assertNoSecondLeader', 'campaign', 'canvass', 'countBeat', 'countLoss'],
    ...['countOwnVote', 'countReply', 'countSelf', 'deferRead', 'dropLeadership', 'forgetLeader', 'grantVote', 'hearBeat'],
    ...[
      'hearLeader',
      'markApplied',
      'markPersisted',
      'queueRead',
      'recordVote',
      'requestTransfer',
      'startBeat',
      'startQuorumRound',
    ],
    'takeLeadership',
  ])
  for (const machine of [roleMachine, progressMachine, transferMachine]) {
    assert.ok(!JSON.stringify(machine.config).includes('"parallel"'), machine.id)
    for (const row of rowsOf(machine)) {
      const changing = row.actions.split(', ').filter((action) => reducers.has(action))
      assert.ok(changing.length <= 1, sentenceOf(row))
      if (changing.length === 1 && machine.id === 'role')
        assert.ok(row.actions.startsWith(changing[0] as string), `${sentenceOf(row)}: makers come after`)
    }
  }
})
