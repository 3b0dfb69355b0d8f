/** Reads lists of mistakes that have to be noticed, written down as small changes of the compiled program. Knows nothing of Raft. */

/** A mistake, and where it is made. */
export interface Bug {
  /** What is wrong, in a few words. */
  readonly name: string
  /** Where it was met, or which rule it breaks. */
  readonly source: string
  /** The room, as a path below src without its ending. */
  readonly room: string
  /** Where to look for it: kinds of weather, or a file of tests. Empty: everywhere. */
  readonly where: readonly string[]
  readonly from: string
  readonly to: string
}

const BUG =
  /^(?<name>[^\n#]+) \[(?<source>[^\]\n]+)\] (?<room>[\w/-]+)(?: @(?<where>[\w/.,-]+))?\n- (?<from>.+)\n\+ ?(?<to>.*)$/gm

/** All of them, in order. Throws when something in the text is neither a mistake nor a heading. */
export function bugsIn(text: string): readonly Bug[] {
  const found = [...text.matchAll(BUG)].map(({ groups = {} }): Bug => {
    const { name = '', source = '', room = '', where, from = '', to = '' } = groups
    return { name, source, room, where: where?.split(',') ?? [], from, to }
  })
  const changes = text.split('\n').filter((line) => line.startsWith('- ')).length
  if (changes !== found.length) throw new Error(`the list has ${changes} changes, of which ${found.length} are understood`)
  return found
}
