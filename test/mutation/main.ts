/**
 * `npm run mutants`: makes each mistake of bugs.txt in a copy of the compiled program, runs the tests of the core over it, and says which test noticed.
 * `--world`: those of world-bugs.txt, and the simulator. Exits 1 when one goes unnoticed, or cannot be made any more. Knows nothing of what the mistakes mean.
 */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Bug, bugsIn } from './bugs.ts'
import { Copy, ROOT } from './copy.ts'
import { type Notice, Storms } from './storms.ts'

/** Says who noticed a mistake; null: nobody. */
type Judge = (bug: Bug) => Notice | null | Promise<Notice | null>

/** What was found in the program as it is: then a verdict is worth little. */
type Doubts = () => readonly string[]

/** Files that noticed something lately come first: who catches one mistake often catches its neighbours. */
function byTests(copy: Copy): readonly [Judge, Doubts] {
  const tests = copy.tests
  const judge = (): Notice | null => {
    for (const [at, test] of tests.entries()) {
      const by = copy.failureIn(test)
      if (by === null) continue
      tests.splice(at, 1)
      tests.unshift(test)
      return { by, effort: null }
    }
    return null
  }
  return [judge, () => []]
}

/** The world runs over it; a mistake that no world can show is for the test that its line names. */
function byStorms(copy: Copy): readonly [Judge, Doubts] {
  const storms = new Storms(copy)
  const judge: Judge = (bug) => {
    const [test] = bug.where
    if (!test?.includes('/')) return storms.judge(bug.where)
    const by = copy.failureIn(copy.test(`${test}.test`))
    return by === null ? null : { by, effort: 'a test' }
  }
  return [judge, () => storms.broken]
}

async function main(words: readonly string[]): Promise<number> {
  const isWorld = words[0] === '--world'
  const only = words[isWorld ? 1 : 0]
  const list = isWorld ? 'world-bugs.txt' : 'bugs.txt'
  const copy = new Copy()
  let [noticed, missed] = [0, 0]
  try {
    const [judge, doubts] = isWorld ? byStorms(copy) : byTests(copy)
    const bugs = bugsIn(readFileSync(join(ROOT, 'test/mutation', list), 'utf8'))
    for (const bug of bugs.filter(({ name }) => only === undefined || name.includes(only))) {
      const notice = await copy.with(bug, () => judge(bug))
      if (notice === null) missed++
      else noticed++
      const cells = [bug.name, bug.source, notice?.by ?? '**nobody noticed**', ...(notice?.effort ? [notice.effort] : [])]
      process.stdout.write(`| ${cells.join(' | ')} |\n`)
    }
    for (const doubt of doubts()) process.stdout.write(`not ok: without any mistake, ${doubt}\n`)
    missed += doubts().length
  } finally {
    copy.remove()
  }
  process.stdout.write(`${noticed} passed, ${missed} failed\n`)
  return missed === 0 ? 0 : 1
}

process.exitCode = await main(process.argv.slice(2))
