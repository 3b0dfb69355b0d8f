/** Time and chance as a client needs them: the machine's, unless a program gives its own. */

import { systemChance } from '../chance/system.ts'
import { wallClock } from '../clock/wall.ts'
import type { Chance } from '../ports/chance.ts'
import type { Clock } from '../ports/clock.ts'

export interface World {
  readonly clock: Clock
  readonly chance: Chance
}

export const REAL_WORLD: World = { clock: wallClock, chance: systemChance }
