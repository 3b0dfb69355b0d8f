/** Thesis 6.4 on the chart as it is. */

import { testChapter } from '../harness/chapters.ts'
import { asking, leasing } from './6.4-reads.ts'

testChapter('Thesis 6.4: reads at a follower', asking)
testChapter('Thesis 6.4.1: leases', leasing)
