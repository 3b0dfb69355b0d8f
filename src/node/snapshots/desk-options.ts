/** What the desk of snapshots is given: where things are, and what is done with what comes out of it. */

import type { Chance } from '../../ports/chance.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Logger } from '../../ports/logger.ts'
import type { Spool } from '../../ports/spool.ts'
import type { TableWrite } from '../../ports/table.ts'
import type { Transport } from '../../ports/transport.ts'
import type { SnapshotReported } from '../../protocol/events.ts'
import type { InstallSnapshot } from '../../protocol/messages.ts'
import type { LogIndex } from '../../protocol/types.ts'
import type { Sender } from '../../wire/envelope.ts'
import type { Manifest } from '../../wire/manifest.ts'
import type { Subjects } from '../../wire/subjects.ts'
import type { Acquaintance } from '../acquaintance.ts'
import type { Refusals } from '../refusals.ts'
import type { SnapshotCraft, SnapshotGroup, SnapshotNews, SnapshotTiming } from './group.ts'

export interface SnapshotDeskOptions<H extends SnapshotGroup> {
  /** Who we are, as in every message between nodes. */
  readonly sender: Sender
  readonly transport: Transport
  readonly subjects: Subjects
  readonly clock: Clock
  /** Pauses are not alike. Default: the system's. */
  readonly chance?: Chance
  readonly logger: Logger
  readonly spool: Spool
  readonly craft: SnapshotCraft
  readonly acquaintance: Pick<Acquaintance, 'judge'>
  readonly refusals: Refusals
  readonly timing?: Partial<SnapshotTiming>
  /** What a node sends of snapshots in a second, and what it receives, in bytes. Default: no limit. */
  readonly bytesPerSecond?: number
  /** Whether the disk has room for so many bytes more. Default: it has. */
  readonly fits?: (bytes: number) => boolean
  /** The same of chunks alone: a state of our own is not exported where it did not fit before. */
  readonly fitsBeside?: (bytes: number) => boolean
  readonly find: (group: string) => H | undefined
  /** Sends a message to that node, as if the core had said it just now. */
  readonly post: (host: H, node: string, message: InstallSnapshot) => void
  /** What the core of a leader is to hear. */
  readonly tell: (host: H, event: SnapshotReported) => void
  /**
   * Puts the rows in the place of what the group holds; the core hears of it from whoever does. Rejects as `rows` does, which end with an error as soon as
   * another snapshot takes this one's place: who has read them all looks once more whether the core still waits for just this index.
   */
  readonly install: (host: H, manifest: Manifest, rows: AsyncIterable<TableWrite>) => Promise<void>
  /** The staged snapshot of that index could not be had. */
  readonly abandon: (host: H, index: LogIndex) => void
  readonly onNews?: (news: SnapshotNews) => void
}
