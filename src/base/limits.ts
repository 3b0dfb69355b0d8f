/** Every bound of the system in one place, with the sum behind it. Units last in each name. */

/** Bytes of entries in one AppendEntries: a quarter of the NATS default max_payload of 1 MiB, so that a batch never meets that limit. */
export const APPEND_BYTES_MAX = 256 * 1024

/** The smallest `max_payload` of a NATS server that a node works with: one full append, its header, and a quarter for frames and prefixes. */
export const PAYLOAD_BYTES_MIN = APPEND_BYTES_MAX + 64 * 1024

/** AppendEntries on their way to one follower before the leader waits for an answer. */
export const INFLIGHT_MESSAGES_MAX = 64

/** Bytes on their way to one follower: 16 full appends. */
export const INFLIGHT_BYTES_MAX = 16 * APPEND_BYTES_MAX

/** Payload bytes a leader appends ahead of its commit index before it refuses with BUSY. */
export const UNCOMMITTED_BYTES_MAX = 64 * 1024 * 1024

/** Bytes of one command. Fits an append with room for its header. */
export const COMMAND_BYTES_MAX = 192 * 1024

/** Bytes of one key: LMDB allows 1978 for its own key, of which our prefix takes 8. */
export const KEY_BYTES_MAX = 1024

/** Bytes of one value: a command less room for key, family and framing. */
export const VALUE_BYTES_MAX = 128 * 1024

/** Operations in one batch. */
export const BATCH_OPERATIONS_MAX = 1024

/**
 * Disk that a store keeps free: half of it is what one group may have on its way when its leader begins to refuse; the other half, which is left when a
 * follower takes nothing more, is for hard states, for rows that were applied before, and for compaction: to delete, LMDB writes pages anew.
 */
export const DISK_RESERVE_BYTES = 2 * UNCOMMITTED_BYTES_MAX

/**
 * What comes to it with the store's size, at most: the 8 MiB of rows that a flush saves may be 64 bytes each, and each on a page of 4 KiB of its own, which
 * is copied. A store cannot have more pages to copy than it has.
 */
export const DISK_COPIES_BYTES_MAX = 512 * 1024 * 1024

/** Durable entries kept in memory behind the commit index, so that a follower in step never causes a disk read. */
export const TAIL_BYTES_MAX = 8 * 1024 * 1024

/** Bytes of committed entries handed to a state machine at a time, so that applying never holds the event loop for long. */
export const APPLY_BYTES_MAX = 1024 * 1024

/** Events waiting in one peer's mailbox: 64 full windows of messages, and as many again from within and from clients, merged as they are. */
export const MAILBOX_EVENTS_MAX = 8192

/** Payload bytes waiting in one peer's mailbox: the windows of eight leaders, or half of what may be uncommitted. One more message always fits. */
export const MAILBOX_BYTES_MAX = 8 * INFLIGHT_BYTES_MAX

/** Callers of one group whose outcome is awaited: 16 merged events of 1024 proposals, or 100 000 proposals a second for a sixth of a second. */
export const WAITERS_MAX = 16_384

/** Reads waiting in one group: as many as callers may wait. */
export const READS_MAX = 16_384

/** Times that a peer's replies wait for one flush: of all groups a node may hold, a dozen times each. What comes on top is lost, as on the way. */
export const HELD_MAX = 65_536

/** Election timeouts that a read waits for its answer: the question, the answer or a quorum was lost, and nobody will ever say so. */
export const READ_WAIT_TIMEOUTS = 4

/** Requests that a node passes on to leaders at a time, so that most of the connection's 16 384 stay free. */
export const FORWARDED_MAX = 4096

/** Bytes of them: what a node keeps besides its own groups' mail. */
export const FORWARDED_BYTES_MAX = 32 * 1024 * 1024

/** Rows returned by one scan, and bytes of them: below the NATS default max_payload. */
export const SCAN_ROWS_MAX = 1000
export const SCAN_BYTES_MAX = 512 * 1024

/** Groups hosted by one node. */
export const GROUPS_MAX = 5000

/** Terms that a message may take us ahead: what is further is damage or malice, not an election, to whoever hears a leader. Others go so far towards it. */
export const TERM_JUMP_MAX = 1_000_000

/** Ids of clusters, groups and nodes. They are subject tokens and map keys, never file names. */
export const ID_PATTERN = /^[a-z0-9][a-z0-9_-]{0,62}$/

/** Bytes of a state in one chunk of a snapshot. Compressed or not, a message with it is a fifth of the smallest `max_payload`. */
export const CHUNK_BYTES_MAX = 64 * 1024

/** Chunks of one snapshot: at 40 KiB on average a state of 10 GiB, whose manifest has 5 MiB. Larger groups are to be split. */
export const CHUNKS_MAX = 262_144

/** Bytes of chunks on their way that a node keeps: one largest state coming in and one going out, not compressed. */
export const SPOOL_BYTES_MAX = 2 * CHUNKS_MAX * CHUNK_BYTES_MAX

/** Entries of a log before it is cut: ten seconds of 10,000 a second, in which a state of 512 MiB is sent and what came meanwhile is still there. */
export const LOG_ENTRIES_MAX = 100_000

/** Bytes of a log before it is cut: one of 512 bytes an entry has reached the number of entries, too, and 1 s of reading brings it back. */
export const LOG_BYTES_MAX = 64 * 1024 * 1024

/** Entries of a log that a cut leaves behind for slow followers: two seconds of 10,000 a second, a restart of a process. */
export const LOG_KEPT_ENTRIES = 20_000

/** Bytes below which a log is not cut for being longer than the state: a few seconds of what is said, for subscribers and followers that missed it. */
export const LOG_BYTES_MIN = 16 * 1024 * 1024

/** What a snapshot costs besides its bytes, counted in bytes: an offer, a few round trips, an installation. One chunk. */
export const SNAPSHOT_OVERHEAD_BYTES = CHUNK_BYTES_MAX

/** Followers of all groups that a node sends snapshots to at a time. With their pulls: four mebibytes on their way out of a node, at most. */
export const SNAPSHOT_SENDERS_MAX = 4

/** Snapshots that a node receives at a time: what one disk can take. */
export const SNAPSHOT_RECEIVERS_MAX = 2

/** States that a node keeps for operators who fetch them, beside the newest: two at a time, and two that were left in the middle. They share most of their chunks. */
export const SNAPSHOT_LOANS_MAX = 4

/** Pulls of one receiver on their way: with full answers a mebibyte, a quarter of what may be on its way to a follower that gets the log. */
export const SNAPSHOT_PULLS_MAX = 4

/** Chunks that one pull asks for: what is checked of them, a mebibyte of the state at most, takes a receiver one turn of two milliseconds. */
export const SNAPSHOT_CHUNKS_ASKED_MAX = 16

/** Bytes of chunks after which an answer takes no further one: with the last it has as many as a full append. */
export const SNAPSHOT_ANSWER_BYTES = APPEND_BYTES_MAX - CHUNK_BYTES_MAX

/**
 * Answers of one receiver that are on their way or not kept yet: four mebibytes in memory, all that a crash makes it fetch again. What waits for a transaction
 * goes into the next together, so that a disk that is slow to answer, or a busy machine, holds up nobody.
 */
export const SNAPSHOT_ANSWERS_MAX = 4 * SNAPSHOT_PULLS_MAX

/** Pulls that wait in a node for their turn: of as many receivers as it sends to, and of as many that lost another source. */
export const SNAPSHOT_PULLS_WAITING_MAX = 2 * SNAPSHOT_SENDERS_MAX * SNAPSHOT_PULLS_MAX

/** Bytes of one row's value in a snapshot: what a table takes is not bounded, but who reads a snapshot holds one row at a time. */
export const ROW_VALUE_BYTES_MAX = 16 * 1024 * 1024

/** Operations in one history of a test: 100 bytes each and what they name, a few hundred megabytes; a run of a minute has tens of thousands. */
export const HISTORY_OPERATIONS_MAX = 1_000_000

/** Steps that a check of a history may take: ten to thirty seconds. Histories that can be decided at all mostly take a few for each operation. */
export const LINEARIZABILITY_STEPS_MAX = 20_000_000

/** Bytes that a check of a history may hold: half of what a process has that other tests run beside. */
export const LINEARIZABILITY_BYTES_MAX = 512 * 1024 * 1024
