/** The public names of `flotilla/raft`: Raft without I/O, for those who bring their own network and disk. Nothing else. */

export { InvariantError } from './base/assert.ts'
export { CODES, type Code, FlotillaError } from './base/errors.ts'
export { RawNode } from './peer/raw-node.ts'
export type { InitialState, RawNodeOptions } from './peer/raw-options.ts'
export type { Mark, Outgoing, RawReadState, RawReady as Ready } from './peer/raw-ready.ts'
export type { ProgressStatus, RawStatus as Status } from './peer/raw-status.ts'
export {
  applyChange,
  type ConfChange,
  type ConfChangeStep,
  checkChange,
  decodeChange,
  encodeChange,
  isJoint,
  LEAVE_JOINT,
  type Transition,
} from './protocol/confchange.ts'
export {
  type AppendEntries,
  type AppendEntriesReply,
  type Heartbeat,
  type HeartbeatReply,
  type InstallSnapshot,
  type Message,
  type MessageType,
  type PreVote,
  type PreVoteReply,
  type Propose,
  type ReadIndex,
  type ReadIndexReply,
  type RequestVote,
  type RequestVoteReply,
  type TimeoutNow,
  type TransferLeader,
  waitsForDisk,
} from './protocol/messages.ts'
export type { RaftSettings } from './protocol/settings.ts'
export {
  type ConfState,
  type Entry,
  type EntryKind,
  type HardState,
  type LogIndex,
  type LogPosition,
  type PeerId,
  type Role,
  type Snapshot,
  type SoftState,
  type Term,
  votersOnly,
} from './protocol/types.ts'
