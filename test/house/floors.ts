/** Who may import whom, as data and one function. Knows names of rooms and packages, not what is in them. */

import type { Import } from './sources.ts'

/** A file and what it imports: all that the rule looks at. */
export interface Importer {
  readonly path: string
  readonly imports: readonly Import[]
}

/** A place in the house. Rooms of one floor do not import each other; `family` is what the adapters of one seam share. */
export interface Room {
  readonly floor: number
  readonly name: string
  readonly family: string
}

const FLOORS: readonly (readonly [floor: number, room: RegExp])[] = [
  [0, /^src\/(base)\//],
  [1, /^src\/(protocol|ports)\//],
  [2, /^(machines)\//],
  [2, /^src\/(chart)\//],
  [3, /^src\/(leader)\//],
  [4, /^src\/(peer)\//],
  [5, /^src\/((?:storage|transport|statemachines)\/[^/]+)\//],
  [5, /^src\/(storage|transport|statemachines|clock|chance|wire)\//],
  [6, /^src\/(node|client)\//],
  [7, /^src\/(cli|inspector|testkit)\//],
  [8, /^src\/(index|raft|testkit)\.ts$/],
]

/** Same-floor imports that are meant: interfaces of seams are written in the words of the protocol; the command line serves the page. */
const NEIGHBOURS: ReadonlySet<string> = new Set(['ports → protocol', 'protocol → ports', 'cli → inspector'])

/** Packages that only some places may know, so that each can be replaced in one place. */
const KEPT: readonly (readonly [name: RegExp, where: RegExp, say: string])[] = [
  [
    /^xstate(\/|$)/,
    /^(machines\/|src\/chart\/|src\/node\/lifecycle|src\/node\/snapshots\/(?:sender|receiver)|src\/client\/session|src\/statemachines\/actors\/)/,
    'charts and the hosts of actors',
  ],
  [/^lmdb(\/|$)/, /^src\/storage\/lmdb\//, 'storage/lmdb'],
  [/^(nats|@nats-io\/.*)(\/|$)/, /^src\/transport\/nats\//, 'transport/nats'],
  [/^zod(\/|$)/, /^src\/(protocol|storage|transport|statemachines|wire|node|client|cli|inspector|testkit)\//, 'the edges'],
]

/** Rooms that write and read the wire; for everyone else the frame does not exist. */
const WIRE_READERS: ReadonlySet<string> = new Set(['wire', 'node', 'client', 'cli', 'testkit', 'index'])

/** Charts that a leader keeps inside its state (docs/architecture.md): floor 3 steps these and no other. */
const LEADERS_CHARTS = /^machines\/(progress|transfer|membership|lease)\.ts$/

/** The room of a file, or null when the house has no such room. */
export function roomOf(path: string): Room | null {
  for (const [floor, pattern] of FLOORS) {
    const name = pattern.exec(path)?.[1]
    if (name !== undefined) return { floor, name, family: name.split('/')[0] as string }
  }
  return null
}

/** Sentences about the imports of one file that the house does not allow. `installed` are the packages a user gets. */
export function floorViolations(file: Importer, installed: ReadonlySet<string>): string[] {
  const room = roomOf(file.path)
  if (room === null) return [`${file.path} is in no room of the house`]
  return file.imports.flatMap((one) => {
    const why = one.relative ? whyNotRoom(room, one) : whyNotPackage(file.path, one, installed)
    return why === null ? [] : [`${file.path} must not import ${one.target}: ${why}`]
  })
}

function whyNotPackage(path: string, one: Import, installed: ReadonlySet<string>): string | null {
  if (one.target.startsWith('node:')) return null
  for (const [name, where, say] of KEPT) if (name.test(one.target) && !where.test(path)) return `only ${say} may`
  const parts = one.target.split('/')
  const name = one.target.startsWith('@') ? parts.slice(0, 2).join('/') : (parts[0] as string)
  if (one.typeOnly || one.dynamic || installed.has(name)) return null
  return 'a user who installs the package does not have it'
}

function whyNotRoom(from: Room, one: Import): string | null {
  const to = roomOf(one.target)
  if (to === null) return 'that is in no room of the house'
  if (to.floor > from.floor) return `floor ${from.floor} does not know floor ${to.floor}`
  if (to.name === 'wire' && !WIRE_READERS.has(from.name)) return 'only node, client and cli speak on the wire'
  if (from.name === to.name) return null
  if (from.floor === 5) return whyNotAdapter(from, to)
  if (from.floor === to.floor && !NEIGHBOURS.has(`${from.name} → ${to.name}`)) return `${from.name} and ${to.name} are neighbours`
  if (from.name === 'machines' && !one.typeOnly) return 'a chart takes only types'
  if (from.name === 'leader' && to.name === 'machines' && !one.typeOnly && !LEADERS_CHARTS.test(one.target))
    return 'not a leader’s chart'
  return null
}

/** Adapters know the seams and what is shared by their own family, never another adapter or the core. */
function whyNotAdapter(from: Room, to: Room): string | null {
  if (to.floor <= 1) return null
  if (to.floor < 5) return 'an adapter knows ports, protocol and base'
  return to.name === from.family ? null : `${from.name} and ${to.name} are different adapters`
}
