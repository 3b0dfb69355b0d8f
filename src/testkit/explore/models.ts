/** All small worlds, by name. */

import type { Model } from './model.ts'
import { durability } from './models/durability.ts'
import { election } from './models/election.ts'
import { figure8 } from './models/figure-8.ts'
import { lease } from './models/lease.ts'
import { inheritedChange, membership } from './models/membership.ts'
import { readIndex } from './models/read-index.ts'
import { replication } from './models/replication.ts'
import { snapshot } from './models/snapshot.ts'

/** In the order of the paper. */
export const MODELS: readonly Model[] = [
  election,
  replication,
  figure8,
  durability,
  membership,
  inheritedChange,
  snapshot,
  readIndex,
  lease,
]
