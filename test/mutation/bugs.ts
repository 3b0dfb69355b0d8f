/** Reads bugs.txt: mistakes that the tests have to notice, written down as small changes of the compiled program. Knows nothing of Raft. */

/** A mistake, and where it is made. */
export interface Bug {
  /** What is wrong, in a few words. */
  readonly name: string
  /** Where it was met, or which rule it breaks. */
  readonly source: string
  /** The room, as a path below src without its ending. */
  readonly room: string
  readonly from: string
  readonly to: string
}

const BUG = /^(?<name>[^\n#]+) \[(?<source>[^\]\n]+)\] (?<room>[\w/-]+)\n- (?<from>.+)\n\+ ?(?<to>.*)$/gm

/** All of them, in order. Throws when something in the text is neither a mistake nor a heading. */
export function bugsIn(text: string): readonly Bug[] {
  const found = [...text.matchAll(BUG)].map(({ groups = {} }): Bug => {
    const { name = '', source = '', room = '', from = '', to = '' } = groups
    return { name, source, room, from, to }
  })
  const changes = text.split('\n').filter((line) => line.startsWith('- ')).length
  if (changes !== found.length) throw new Error(`bugs.txt has ${changes} changes, of which ${found.length} are understood`)
  return found
}
