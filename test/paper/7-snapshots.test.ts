/** Section 7 on the chart as it is. */

import { testChapter } from '../harness/chapters.ts'
import { receiving, sending } from './7-snapshots.ts'

testChapter('§7: the leader sends a snapshot', sending)
testChapter('§7: a follower takes one', receiving)
