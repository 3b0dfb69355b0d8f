/** Section 8 and the thesis on the chart as it is. */

import { testChapter } from '../harness/chapters.ts'
import { reading, transfer } from './8-clients.ts'

testChapter('§8, thesis 6.4: reads without the log', reading)
testChapter('Thesis 3.10: leadership handed over', transfer)
