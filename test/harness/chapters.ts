/** Turns sentences with proofs into tests. */

import { describe, test } from 'node:test'
import { type Chapter, labOf, STEPS } from './lab.ts'

/** One test per sentence, on the chart as it is. */
export function testChapter(section: string, chapter: Chapter): void {
  describe(section, () => {
    for (const [sentence, claim] of Object.entries(chapter)) test(sentence, () => claim(labOf(STEPS)))
  })
}
