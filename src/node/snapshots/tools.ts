/** What the makers and readers of chunks work with. */

import type { Clock } from '../../ports/clock.ts'
import type { Compressor } from './packing.ts'

export interface Tools {
  /** Says when a turn of the event loop has lasted long enough. Default: the machine's. */
  readonly clock?: Clock
  /** Default: on the thread pool. */
  readonly compressor?: Compressor
}
