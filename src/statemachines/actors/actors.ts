/**
 * Users' xstate machines as a state machine of a group: each instance is a row, each command one step. Nothing is kept in memory
 * between two commands, so what a restarted node knows is what every node knows. Knows nothing of Raft, disks or the network.
 */

import { text, utf8 } from '../../base/bytes.ts'
import { FlotillaError } from '../../base/errors.ts'
import { SCAN_BYTES_MAX, SCAN_ROWS_MAX } from '../../base/limits.ts'
import type { Applied, StateMachine } from '../../ports/state-machine.ts'
import type { TableReader } from '../../ports/table.ts'
import type { LogIndex } from '../../protocol/types.ts'
import { type ActorCommand, decodeCommand, type Send, type Start, type Stop } from './command.ts'
import { ACTORS_FAMILY, decodeInstance, encodeInstance, type Instance, viewOf } from './instance.ts'
import { decodeQuery, type ListActors } from './query.ts'
import { type ActorRegistry, resolveRegistry } from './registry.ts'
import { type ActorList, type ActorResult, type ActorSummary, encodeActorList, encodeResult, encodeView } from './result.ts'
import type { Stepper, StoredSnapshot } from './stepper.ts'

/** Bytes of instances one list looks at, before it hands back where it got to. */
const LIST_BYTES_MAX = 4 * 1024 * 1024

/** What a command is applied to. */
interface Place {
  readonly table: TableReader
  readonly index: LogIndex
}

/**
 * A group of replicated actors. The registry is the same on every node. Throws `ACTOR_UNSUPPORTED` for a machine with timers or
 * effects, naming what and where, and `CONFIG_INVALID` for what is no machine.
 */
export function actors(registry: ActorRegistry): StateMachine {
  const steppers = resolveRegistry(registry)
  const parse = (bytes: Uint8Array): ActorCommand => {
    const command = decodeCommand(bytes)
    if (command.verb === 'start') stepperOf(steppers, command.type)
    return command
  }
  return {
    kind: 'actors',
    families: [ACTORS_FAMILY],
    check: (command) => void parse(command),
    apply(entry, table) {
      const command = parse(entry.data)
      const place = { table, index: entry.index }
      if (command.verb === 'start') return start(stepperOf(steppers, command.type), command, place)
      return command.verb === 'send' ? send(steppers, command, place) : stop(command, place)
    },
    query(request, table) {
      const query = decodeQuery(request)
      return query.verb === 'get' ? encodeView(viewOf(find(query.id, table))) : encodeActorList(list(query, table))
    },
    topic: topicOf,
  }
}

function start(stepper: Stepper, command: Start, { table, index }: Place): Applied {
  const { type, id, input } = command
  if (table.get(ACTORS_FAMILY, utf8(id)) !== undefined)
    throw new FlotillaError('ACTOR_EXISTS', `there is an actor ${id} already`, { id })
  const snapshot = stepper.start(input)
  return keep(id, { type, version: stepper.version, index, snapshot })
}

function send(steppers: ReadonlyMap<string, Stepper>, command: Send, { table, index }: Place): Applied {
  const { id, event } = command
  const before = find(id, table)
  if (before.snapshot.status === 'done') return unchanged(before.snapshot)
  const stepper = stepperOf(steppers, before.type)
  const was = JSON.stringify(before.snapshot) // now: the step may change it in place
  const snapshot = stepper.step(before.snapshot, event)
  if (JSON.stringify(snapshot) === was) return unchanged(snapshot)
  return keep(id, { type: before.type, version: stepper.version, index, snapshot })
}

function stop({ id }: Stop, { table }: Place): Applied {
  const { snapshot } = find(id, table)
  return {
    writes: [{ family: ACTORS_FAMILY, key: utf8(id) }],
    result: encodeResult({ ...resultOf(snapshot, true), status: 'stopped' }),
  }
}

function keep(id: string, instance: Instance): Applied {
  const write = { family: ACTORS_FAMILY, key: utf8(id), value: encodeInstance(instance) }
  return { writes: [write], result: encodeResult(resultOf(instance.snapshot, true)) }
}

const unchanged = (snapshot: StoredSnapshot): Applied => ({ writes: [], result: encodeResult(resultOf(snapshot, false)) })

function resultOf({ status, value, output }: StoredSnapshot, changed: boolean): ActorResult {
  return { status, value, changed, ...(output !== undefined && { output }) }
}

function find(id: string, table: TableReader): Instance {
  const bytes = table.get(ACTORS_FAMILY, utf8(id))
  if (bytes === undefined) throw new FlotillaError('ACTOR_UNKNOWN', `there is no actor ${id}`, { id })
  return decodeInstance(bytes)
}

function stepperOf(steppers: ReadonlyMap<string, Stepper>, type: string): Stepper {
  const stepper = steppers.get(type)
  if (stepper === undefined) throw new FlotillaError('COMMAND_INVALID', `this group runs no actors of type ${type}`, { type })
  return stepper
}

/** Looks at a bounded part of the table, whatever it finds there, and says where to go on. */
function list(query: ListActors, table: TableReader): ActorList {
  const { type, after, limit = SCAN_ROWS_MAX } = query
  const range = { limit: SCAN_ROWS_MAX + 1, ...(after !== undefined && { from: utf8(`${after}\0`) }) }
  const found: ActorSummary[] = []
  let seen = 0
  let seenBytes = 0
  let answerBytes = 0
  let last = ''
  for (const [key, value] of table.range(ACTORS_FAMILY, range)) {
    if (found.length === limit || seen === SCAN_ROWS_MAX || seenBytes > LIST_BYTES_MAX || answerBytes > SCAN_BYTES_MAX) {
      return { actors: found, next: last }
    }
    last = text(key)
    seen += 1
    seenBytes += value.length
    const instance = decodeInstance(value)
    if (type !== undefined && instance.type !== type) continue
    const line = {
      id: last,
      type: instance.type,
      status: instance.snapshot.status,
      value: instance.snapshot.value,
      index: instance.index,
    }
    answerBytes += JSON.stringify(line).length
    found.push(line)
  }
  return { actors: found }
}

/** What `check` refuses can be committed all the same, by a node of a later version: it is published as `['invalid']`. */
function topicOf(bytes: Uint8Array): readonly string[] {
  try {
    const command = decodeCommand(bytes)
    return command.verb === 'start' ? [command.verb, command.type, command.id] : [command.verb, command.id]
  } catch (error) {
    if (error instanceof FlotillaError) return ['invalid']
    throw error
  }
}
