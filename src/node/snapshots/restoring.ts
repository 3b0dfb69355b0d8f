/**
 * A new cluster out of a snapshot file: each of its nodes is given the same state, the same members and the same founding, and nothing of a log. Knows no peer
 * and no network.
 */

import { createHash } from 'node:crypto'
import { FlotillaError } from '../../base/errors.ts'
import type { StateMachine } from '../../ports/state-machine.ts'
import type { NodeStore } from '../../ports/store.ts'
import type { TableWrite } from '../../ports/table.ts'
import { type PeerId, votersOnly } from '../../protocol/types.ts'
import { keepFounding, membersDigest } from '../founding.ts'
import type { SnapshotFile } from './file.ts'
import { importRows } from './import.ts'

export interface Restoration {
  readonly file: SnapshotFile
  /** Names of the nodes of the new cluster, the same for each of them. */
  readonly nodes: readonly string[]
  /** Tells restorations of one file for the same nodes apart: the same for each of them, another one each time. */
  readonly incarnation: string
  readonly stateMachine: StateMachine
}

/** A group that a store has from now on. */
export interface RestoredGroup {
  readonly group: string
  readonly index: number
  readonly term: number
  readonly rows: number
  /** Bytes of the rows. */
  readonly bytes: number
  /** Mark of the founding: the same for all nodes that belong together. */
  readonly founding: string
  readonly peers: Readonly<Record<PeerId, string>>
}

/**
 * Puts the state of a file into a store that was made for it, as the first of a new founding. The indexes go on where the file ends: who knows later ones of the
 * cluster before sees another founding, and begins anew. Rejects with `STORE_MISMATCH` when the store has the group already, or the file is of another kind of
 * state machine, with `UNKNOWN_FAMILY` when it has rows of families that the state machine has not, and as the store does.
 */
export async function restoreGroup(store: NodeStore, restoration: Restoration): Promise<RestoredGroup> {
  const { file, stateMachine } = restoration
  const { group, index, term, kind } = file.manifest
  if (store.groups().includes(group))
    throw new FlotillaError('STORE_MISMATCH', `the store has group '${group}' already`, { group })
  const rows = importRows({ manifest: file.manifest, spool: { get: (_group, hash) => file.chunk(hash) }, stateMachine })
  const { membership, founding } = foundingOf(store.identity.cluster, restoration)
  await keepFounding(store, group, { founders: membersDigest(membership.peers), mark: founding })
  await store.open(group, { ...membership, kind })
  let count = 0
  const counted = async function* (): AsyncGenerator<TableWrite> {
    for await (const row of rows) {
      count++
      yield row
    }
  }
  const state = await store.stage(group, counted())
  const hardState = { term, vote: null, commit: index }
  await store.write([{ group, hardState, install: { state, membership, index, term } }])
  return { group, index, term, rows: count, bytes: state.bytes, founding, peers: membership.peers }
}

/** Who the members are, under ids that were never given; and a mark that all of them find for themselves, and no other restoration does. */
function foundingOf(cluster: string, { file, nodes, incarnation }: Restoration) {
  const { lastPeerId } = file.manifest.membership
  const names = nodes.toSorted()
  const peers = Object.fromEntries(names.map((node, i) => [lastPeerId + 1 + i, node]))
  const membership = { conf: votersOnly(Object.keys(peers).map(Number)), peers, lastPeerId: lastPeerId + names.length }
  const seed = JSON.stringify([file.hash, cluster, names, incarnation])
  return { membership, founding: createHash('sha256').update(seed).digest('hex').slice(0, 32) }
}
