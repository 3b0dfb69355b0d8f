/** What a group's host may choose: the same on all of its peers, except for the priority. Data only. */

import { APPEND_BYTES_MAX, INFLIGHT_BYTES_MAX, INFLIGHT_MESSAGES_MAX, UNCOMMITTED_BYTES_MAX } from '../base/limits.ts'

/** Choices of a group; bytes where sizes are meant. {@link DEFAULT_SETTINGS} is a good one. */
export interface RaftSettings {
  /** Ask around before an election, so that a peer that was cut off disturbs nobody (thesis 9.6). */
  readonly preVote: boolean
  /** A leader that does not hear a quorum for an election timeout steps down; who hears a leader grants no votes (thesis 4.2.3, 6.2). */
  readonly checkQuorum: boolean
  /** Reads may trust the time since the last confirmed round of heartbeats (thesis 6.4.1). Needs `checkQuorum`, and clocks that run alike. */
  readonly leaseReads: boolean
  /** A leader that is no voter any more hands over and follows (thesis 4.2.2). */
  readonly stepDownOnRemoval: boolean
  /** Followers pass proposals on to the leader, if they know one. */
  readonly forwardProposals: boolean
  /** Of two logs that end alike, who has the higher priority refuses the other its vote. Default 0. */
  readonly priority: number
  /** Bytes of entries in one AppendEntries; one entry always fits. */
  readonly maxSizePerMessage: number
  /** AppendEntries on their way to one follower, by number and by bytes. */
  readonly maxInflightMessages: number
  readonly maxInflightBytes: number
  /** Payload bytes a leader appends ahead of its commit index. */
  readonly maxUncommittedBytes: number
}

/** What is chosen when nobody chooses. */
export const DEFAULT_SETTINGS: RaftSettings = {
  preVote: true,
  checkQuorum: true,
  leaseReads: false,
  stepDownOnRemoval: true,
  forwardProposals: true,
  priority: 0,
  maxSizePerMessage: APPEND_BYTES_MAX,
  maxInflightMessages: INFLIGHT_MESSAGES_MAX,
  maxInflightBytes: INFLIGHT_BYTES_MAX,
  maxUncommittedBytes: UNCOMMITTED_BYTES_MAX,
}
