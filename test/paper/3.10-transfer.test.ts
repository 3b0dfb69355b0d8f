/** Thesis 3.10 on the chart as it is. */

import { testChapter } from '../harness/chapters.ts'
import { forwarding, reconsidering } from './3.10-transfer.ts'

testChapter('§8: what followers pass on', forwarding)
testChapter('Thesis 3.10: handovers reconsidered', reconsidering)
