/** Section 5.1 on the chart as it is. */

import { testChapter } from '../harness/chapters.ts'
import { terms } from './5.1-terms.ts'

testChapter('§5.1 Raft basics', terms)
