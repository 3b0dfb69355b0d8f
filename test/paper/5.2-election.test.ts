/** Section 5.2 on the chart as it is, with what the thesis adds to elections. */

import { testChapter } from '../harness/chapters.ts'
import { election } from './5.2-election.ts'
import { preVoting } from './9.6-pre-vote.ts'

testChapter('§5.2 Leader election', election)
testChapter('Thesis 4.2.3, 6.2, 9.6, 10.2.1: undisturbed elections', preVoting)
