/** Section 6 and chapter 4 of the thesis on the chart as it is. */

import { testChapter } from '../harness/chapters.ts'
import { changing, following } from './4-membership.ts'

testChapter('§6, thesis 4: other members', changing)
testChapter('Thesis 4.1, 4.2: what a change means for who does not lead', following)
