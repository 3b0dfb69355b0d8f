/** What tests of the desk begin with: `a` leads and is at entry 100, the others have nothing; the state is twenty chunks. */

import { fakeCraft, someChunks } from './fake-craft.ts'
import { type Actor, type FakeGroup, fakeGroup, Stage, type StageOptions } from './stage.ts'

export const CHUNKS: readonly Uint8Array[] = someChunks(20)

export function stageOf(names: readonly string[], options: Partial<StageOptions> = {}): Stage {
  const stage = new Stage({ craft: () => fakeCraft(() => CHUNKS), ...options })
  for (const name of names) stage.start(name)
  groupOf(stage, 'a').applied = 100
  return stage
}

export const groupOf = (stage: Stage, name: string, group = 'g'): FakeGroup => stage.actor(name).groups.get(group) as FakeGroup

/** A further group on these nodes, of which `a` leads. */
export function addGroup(stage: Stage, group: string): void {
  for (const { name, groups } of stage.actors.values()) groups.set(group, fakeGroup(group, name === 'a' ? 100 : 0))
}

/** The follower's own acknowledgement has reached its leader. */
export const catchUp = (stage: Stage, peer: number, group = 'g'): void => {
  groupOf(stage, 'a', group).standings.set(peer, { progress: { value: 'replicate' } })
}

/** The values of what was installed last. */
export const valuesOf = ({ installed }: Actor): unknown => installed.at(-1)?.rows.map(({ value }) => value)
