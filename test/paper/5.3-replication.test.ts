/** Section 5.3 on the chart as it is. */

import { testChapter } from '../harness/chapters.ts'
import { consistency } from './5.3-consistency.ts'
import { replication } from './5.3-replication.ts'

testChapter('§5.3 Log replication', replication)
testChapter('§5.3 The consistency check', consistency)
