/** All small worlds, by name. */

import type { Model } from './model.ts'
import { election } from './models/election.ts'
import { replication } from './models/replication.ts'

/** In the order of the paper. */
export const MODELS: readonly Model[] = [election, replication]
