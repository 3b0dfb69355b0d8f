/** §5.4.2: where the paper shows why entries of older terms are never committed by counting. */

import { type Model, NO_ALLOWANCES } from '../model.ts'
import { replication } from './replication.ts'

/** From (b) of the figure on, with one peer less on either side: an entry of term 1 on the first, one of term 2 on the second. */
export const figure8: Model = {
  ...replication,
  name: 'figure-8',
  about: 'two logs that differ, as in Figure 8 (b), and two more elections',
  bounds: { ...NO_ALLOWANCES, nodes: 3, terms: 4, timeouts: 2, letters: 14 },
  beginnings: [{ logs: { 1: [1], 2: [2] }, term: 2 }],
  kills: [
    'entries of an older term are committed by counting',
    'a follower commits what the leader names, without the minimum',
    'entries are taken without looking at what is before them',
  ],
}
