/** What is on disk, and what is not yet: every write is a step of its own, and a crash may come before it. */

import { type Model, NO_ALLOWANCES } from '../model.ts'
import { replication } from './replication.ts'

/** Thesis 10.2.1: a leader writes while its followers do; nobody counts what is not on disk. */
export const durability: Model = {
  ...replication,
  name: 'durability',
  about: 'writes that come late, and words of the disk about them that come later still',
  bounds: { ...NO_ALLOWANCES, nodes: 2, terms: 2, crashes: 1, letters: 6 },
  slowDisk: true,
  kills: ['the leader counts its own copy before it is on disk'],
}
