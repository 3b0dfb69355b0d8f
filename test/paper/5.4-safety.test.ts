/** Section 5.4 on the chart as it is. */

import { testChapter } from '../harness/chapters.ts'
import { safety } from './5.4-safety.ts'

testChapter('§5.4 Safety', safety)
