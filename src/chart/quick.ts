/**
 * Steps a plain chart without xstate's machinery: the same states, guards and actions in the same order, read from the same machine, at a fraction of the
 * cost (docs/decisions/001-charts-as-values.md). Whatever it does not understand it leaves to xstate. A test holds the two against each other.
 */

import type { AnyMachineSnapshot, AnyStateMachine } from 'xstate'
import type { Deed, DeedArgs } from './deeds.ts'
import { isPlain, type Place, Places, type Way } from './places.ts'

type Event = DeedArgs['event']
type Guard = (args: DeedArgs, params: undefined) => boolean

/** One macrostep; puts what is said at the end of `said`. Null: not understood, nothing is done. */
export type QuickStep = (snapshot: AnyMachineSnapshot, event: Event, said: unknown[]) => AnyMachineSnapshot | null

/** Where a step has come to. */
interface Course {
  place: Place
  context: object
  event: Event
  readonly raised: Event[]
}

/** A quick way to step that machine; null where there is none. */
export function quickStepOf(machine: AnyStateMachine): QuickStep | null {
  if (!isPlain(machine)) return null
  const places = new Places(machine)
  const guards = machine.implementations.guards as unknown as Readonly<Record<string, Guard>>
  const open = (ways: readonly Way[], args: DeedArgs): Way | undefined => {
    for (const way of ways) {
      const { guard } = way.definition
      if (guard === undefined) return way
      const ask = typeof guard === 'string' ? (guards[guard] as Guard) : (guard as Guard)
      if (ask(args, undefined)) return way
    }
    return undefined
  }
  return (snapshot, event, said) => {
    if (snapshot.status !== 'active' || isOfXstate(event)) return null
    const nodes = snapshot._nodes as Place['nodes']
    const before = places.of(nodes)
    const course: Course = { place: before, context: snapshot.context as object, event, raised: [] }
    let way: Way | undefined = open(before.waysFor(event.type), course)
    let isOnItsOwn = false
    for (;;) {
      const { place, context } = course
      if (way !== undefined && !follow(course, way, said)) return null
      const isStill: boolean = isOnItsOwn && course.place === place && course.context === context // it would never end
      way = isStill ? undefined : open(course.place.always, course)
      isOnItsOwn = way !== undefined
      if (isOnItsOwn) continue
      const next = course.raised.shift()
      if (next === undefined) break
      course.event = next
      way = open(course.place.waysFor(next.type), course)
    }
    const { place, context } = course
    if (place !== before) return { ...snapshot, context, _nodes: place.nodes, value: place.value } as AnyMachineSnapshot
    return context === snapshot.context ? snapshot : ({ ...snapshot, context } as AnyMachineSnapshot)
  }
}

/** Events of xstate's own mean more than their rows, but for timers. */
const isOfXstate = ({ type }: Event): boolean => type.startsWith('xstate.') && !type.startsWith('xstate.after.')

/** Takes a way. False: there is something on it that only xstate can do. */
function follow(course: Course, { deeds, to }: Way, said: unknown[]): boolean {
  if (deeds === null) return false
  for (const deed of deeds) perform(deed, course, said)
  course.place = to
  return true
}

function perform(deed: Deed, course: Course, said: unknown[]): void {
  switch (deed.kind) {
    case 'reduce':
      course.context = patched(course.context, deed.reduce(course.context, course.event))
      break
    case 'make':
      for (const one of deed.make(course)) said.push(one)
      break
    case 'time':
      said.push(deed.timer)
      break
    case 'raise':
      course.raised.push(deed.raised(course))
  }
}

/** Fields that change, over the others. A reducer that changes nothing leaves the same context. */
function patched(context: object, change: object): object {
  for (const _ in change) return { ...context, ...change }
  return context
}
