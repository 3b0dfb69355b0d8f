/**
 * Every chart, walked: no state that cannot be reached, no transition that can never be taken because others stand before it. Guards say here what the
 * walk wants them to say, so that the chart alone is looked at; what they ask is tested elsewhere.
 */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  type AnyMachineSnapshot,
  type AnyStateMachine,
  type AnyStateNode,
  type AnyTransitionDefinition,
  fromPromise,
  transition,
} from 'xstate'
import { getShortestPaths, getStateNodes } from 'xstate/graph'
import { leaseMachine } from '../../machines/lease.ts'
import { membershipMachine } from '../../machines/membership.ts'
import { nodeMachine } from '../../machines/node.ts'
import { peerMachine } from '../../machines/peer.ts'
import { progressMachine } from '../../machines/progress.ts'
import { roleMachine } from '../../machines/role.ts'
import { sessionMachine } from '../../machines/session.ts'
import { receiverMachine } from '../../machines/snapshot-receiver.ts'
import { senderMachine } from '../../machines/snapshot-sender.ts'
import { transferMachine } from '../../machines/transfer.ts'

const MACHINES: readonly AnyStateMachine[] = [
  roleMachine,
  progressMachine,
  transferMachine,
  membershipMachine,
  leaseMachine,
  peerMachine,
  nodeMachine,
  sessionMachine,
  senderMachine,
  receiverMachine,
]

/** An event, and which guards hold while it is handled. */
interface Step {
  readonly type: string
  readonly holds?: string
}

const nodesOf = (machine: AnyStateMachine): AnyStateNode[] => [machine.root, ...getStateNodes(machine.root)]

/** All transitions of a state, those without an event included. */
const transitionsOf = (node: AnyStateNode): AnyTransitionDefinition[] => [
  ...[...node.transitions.values()].flat(),
  ...(node.always ?? []),
]

const guardOf = ({ guard }: AnyTransitionDefinition): string | undefined => (typeof guard === 'string' ? guard : undefined)

/** The chart, with every guard a wish of the walk, and nothing done. */
function hypothetical(machine: AnyStateMachine): AnyStateMachine {
  const all = nodesOf(machine)
  const guards = all.flatMap(transitionsOf).flatMap((one) => guardOf(one) ?? [])
  const actions = all.flatMap((node) => [...node.entry, ...node.exit, ...transitionsOf(node).flatMap((one) => one.actions)])
  const names = (words: readonly unknown[]): string[] => words.filter((word) => typeof word === 'string')
  const actors = all.flatMap((node) => node.invoke.map(({ src }) => src))
  return machine.provide({
    guards: Object.fromEntries(guards.map((name) => [name, ({ event }: { event: Step }) => event.holds === name])),
    actions: Object.fromEntries(names(actions).map((name) => [name, () => {}])),
    actors: Object.fromEntries(names(actors).map((name) => [name, fromPromise(() => new Promise(() => {}))])),
    delays: Object.fromEntries(delaysOf(all).map((name) => [name, 1])),
  } as never)
}

const delaysOf = (nodes: readonly AnyStateNode[]): string[] =>
  nodes.flatMap((node) => node.after.map(({ delay }) => delay)).filter((delay) => typeof delay === 'string')

/** Every event the chart has a row for, with no guard holding, and with each of them. */
function stepsOf(machine: AnyStateMachine): Step[] {
  const all = nodesOf(machine)
  const types = new Set(all.flatMap((node) => [...node.transitions.keys()]).map((type) => type.replace('*', 'any')))
  const guards = new Set(all.flatMap(transitionsOf).flatMap((one) => guardOf(one) ?? []))
  return [...types].flatMap((type) => [{ type }, ...[...guards].map((holds) => ({ type, holds }))])
}

/** An error event that nobody handles ends a machine; that is a state of its own. */
const keyOf = ({ value, status }: AnyMachineSnapshot): string => JSON.stringify([value, status])

/** What a transition is called in a failure. */
const nameOf = (node: AnyStateNode, { eventType, target }: AnyTransitionDefinition, guard: string | undefined): string =>
  `${node.id} on ${eventType || 'always'}${guard ? ` [${guard}]` : ''} → ${target?.map(({ id }) => id).join() ?? 'stays'}`

describe('every state and transition can be reached in', () => {
  for (const original of MACHINES)
    test(original.id, () => {
      const machine = hypothetical(original)
      const steps = stepsOf(machine)
      const options = { events: steps as never[], serializeState: keyOf as never, input: {}, limit: 100_000 }
      const states = getShortestPaths(machine, options as never).map((path) => path.state as AnyMachineSnapshot)
      const seen = new Set(states.flatMap((state) => state._nodes.map(({ id }) => id)))
      assert.deepEqual(
        nodesOf(machine)
          .map(({ id }) => id)
          .filter((id) => !seen.has(id)),
        [],
        'states that nothing leads to',
      )
      const walked = new Set<AnyTransitionDefinition>()
      for (const state of states) for (const step of steps) for (const taken of walkOne(machine, state, step)) walked.add(taken)
      const missed = nodesOf(machine).flatMap((node) =>
        transitionsOf(node)
          .filter((transition) => !walked.has(transition))
          .map((one) => nameOf(node, one, guardOf(one))),
      )
      assert.deepEqual(missed, [], 'transitions that can never be taken')
    })
})

const next = (machine: AnyStateMachine, state: AnyMachineSnapshot, step: Step): AnyMachineSnapshot =>
  transition(machine, state as never, step as never)[0] as AnyMachineSnapshot

/** The transitions taken on one event: by its row, and those without an event that its guard opened behind it. */
function walkOne(machine: AnyStateMachine, state: AnyMachineSnapshot, step: Step): AnyTransitionDefinition[] {
  if (state.status !== 'active') return []
  const taken = [...machine.getTransitionData(state as never, step as never)]
  const before = next(machine, state, { type: step.type })
  const after = next(machine, state, step)
  if (keyOf(before) === keyOf(after)) return taken
  const opened = [...state._nodes, ...before._nodes].flatMap(
    (node) => node.always?.find((one) => guardOf(one) === step.holds) ?? [],
  )
  return [...taken, ...opened]
}
