/** The system's own chance. */

import { randomBytes } from 'node:crypto'
import type { Chance } from '../ports/chance.ts'

/** Nobody can tell what comes next. */
export const systemChance: Chance = {
  next: () => Math.random(),
  bytes: (count) => new Uint8Array(randomBytes(count)),
}
