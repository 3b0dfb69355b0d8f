/** Whether a manifest is what was offered, and of this very group. Pure. */

import { FlotillaError } from '../../base/errors.ts'
import type { ConfState, PeerId, Snapshot } from '../../protocol/types.ts'
import type { Manifest } from '../../wire/manifest.ts'
import { isSameFounding } from '../founding.ts'
import type { SnapshotGroup } from './group.ts'

/** Why a state must not be installed for that snapshot, if so: `STORE_MISMATCH`. */
export function whyNotOffered(manifest: Manifest, snapshot: Snapshot, host: SnapshotGroup): FlotillaError | null {
  const { group, epoch, kind, index, term, membership } = manifest
  if (group !== host.group || !isSameFounding(epoch, host.epoch)) return mismatch('a snapshot of another founding', manifest)
  if (kind !== host.stateMachine.kind) return mismatch('a snapshot of another state machine', manifest)
  if (index !== snapshot.index || term !== snapshot.term || !isSameConf(membership.conf, snapshot.conf))
    return mismatch('the manifest is not of the snapshot that was offered', manifest)
  return null
}

const mismatch = (message: string, { group, epoch, kind, index }: Manifest): FlotillaError =>
  new FlotillaError('STORE_MISMATCH', message, { group, epoch, kind, index })

const isSameConf = (a: ConfState, b: ConfState): boolean =>
  a.autoLeave === b.autoLeave &&
  isSameSet(a.voters, b.voters) &&
  isSameSet(a.votersOutgoing, b.votersOutgoing) &&
  isSameSet(a.learners, b.learners) &&
  isSameSet(a.learnersNext, b.learnersNext)

const isSameSet = (a: readonly PeerId[], b: readonly PeerId[]): boolean =>
  a.length === b.length && a.every((peer) => b.includes(peer))
