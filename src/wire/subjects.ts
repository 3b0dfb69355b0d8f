/** Where everything is said: the subjects of a cluster (docs/transport.md). Ids are checked here, since they become subject tokens. */

import { FlotillaError } from '../base/errors.ts'
import { ID_PATTERN } from '../base/limits.ts'

/** Checks an id of a cluster, node, group, family or actor type. Throws `CONFIG_INVALID`. */
export function checkId(what: string, id: string): string {
  if (!ID_PATTERN.test(id)) {
    const message = `${what} '${id.slice(0, 80)}' is not a legal id: 1 to 63 of a-z, 0-9, '-' and '_', beginning with a letter or digit`
    throw new FlotillaError('CONFIG_INVALID', message, { what })
  }
  return id
}

/** Operator requests to one node. */
export type NodeVerb =
  | 'status'
  | 'hello'
  | 'stranger'
  | 'propose'
  | 'read'
  | 'query'
  | 'transfer'
  | 'members'
  | 'reconfigure'
  | 'removed'
  | 'meet'
  | 'snapshot'
  | 'compact'
  | 'log'
  | 'backup'
  | 'promised'

/** What a group answers. `propose`, `read`, `transfer`, `members` and `reconfigure`: its leader alone; `query`, `log` and `leader`: any of its replicas. */
export type GroupVerb = 'propose' | 'read' | 'transfer' | 'members' | 'reconfigure' | 'query' | 'log' | 'leader'

export interface Subjects {
  /** Raft messages from one node to another; the sender is a token, so that a server's permissions can enforce it. */
  raft(to: string, from: string): string
  /** All Raft messages to a node. */
  raftTo(node: string): string
  /** Pieces of snapshots, asked of one node by another; the sender is a token here, too. */
  snap(to: string, from: string): string
  /** All such requests to a node. */
  snapTo(node: string): string
  node(node: string, verb: NodeVerb): string
  /** News of the cluster, for whoever watches: who leads since when, which snapshots are on their way. */
  event(kind: 'leadership' | 'snapshots'): string
  /** Answered by every node: a roll call. */
  everyNode(verb: 'status'): string
  group(group: string, verb: GroupVerb): string
  /** One committed entry; the last tokens are the state machine's choice. */
  committed(group: string, topic: readonly string[]): string
  /** A committed entry that is no command: a token that no state machine's topic can begin with. */
  committedMark(group: string, kind: 'noop' | 'configuration'): string
  /** All committed entries of a group. */
  committedOf(group: string): string
}

/** The subjects of one cluster. `prefix` is `flotilla` unless configured otherwise. */
export function subjectsOf(cluster: string, prefix = 'flotilla'): Subjects {
  const root = `${checkId('prefix', prefix)}.${checkId('cluster', cluster)}`
  return {
    raft: (to, from) => `${root}.raft.${to}.${from}`,
    raftTo: (node) => `${root}.raft.${node}.*`,
    snap: (to, from) => `${root}.snap.${to}.${from}`,
    snapTo: (node) => `${root}.snap.${node}.*`,
    node: (node, verb) => `${root}.node.${node}.${verb}`,
    event: (kind) => `${root}.event.${kind}`,
    everyNode: (verb) => `${root}.nodes.${verb}`,
    group: (group, verb) => `${root}.group.${group}.${verb}`,
    committed: (group, topic) => {
      let subject = `${root}.group.${group}.committed`
      for (const token of topic) subject += `.${tokenOf(token)}`
      return subject
    },
    committedMark: (group, kind) => `${root}.group.${group}.committed.=${kind}`,
    committedOf: (group) => `${root}.group.${group}.committed.>`,
  }
}

/** Tokens longer than this are cut: a server closes the connection on an over-long subject. */
const TOKEN_CHARACTERS_MAX = 192

/**
 * Any string as one subject token: letters, digits, `-` and `_` stay; every other byte of its UTF-8 becomes `=XX`. An empty string is `=`.
 * What would be longer than 192 characters is cut and ends in `=+`: the full key is in the payload.
 */
export function tokenOf(value: string): string {
  if (value.length > 0 && value.length <= TOKEN_CHARACTERS_MAX && /^[A-Za-z0-9_-]+$/.test(value)) return value
  if (value.length === 0) return '='
  let token = ''
  for (const byte of new TextEncoder().encode(value)) {
    const plain =
      (byte >= 48 && byte <= 57) || (byte >= 65 && byte <= 90) || (byte >= 97 && byte <= 122) || byte === 45 || byte === 95
    token += plain ? String.fromCharCode(byte) : `=${byte.toString(16).toUpperCase().padStart(2, '0')}`
    if (token.length > TOKEN_CHARACTERS_MAX) return `${token.slice(0, TOKEN_CHARACTERS_MAX)}=+`
  }
  return token
}
