/** Whether replicas that have had their time are the same. Knows no state, only its hash. */

/** One replica in the end. */
export interface ReplicaState {
  /** Its node, or whatever names it. */
  readonly name: string
  /** The last entry it has applied. */
  readonly applied: number
  /** Of all its state: equal states have equal hashes. */
  readonly hash: string
}

/** Lines about replicas that have not applied as much as others, or have and hold something else. None when all are the same. */
export function checkConverged(replicas: readonly ReplicaState[]): readonly string[] {
  const furthest = replicas.reduce((index, { applied }) => Math.max(index, applied), 0)
  const behind = replicas.filter(({ applied }) => applied < furthest)
  const lines = behind.map(({ name, applied }) => `${name} has applied ${applied}, others ${furthest}`)
  return [...lines, ...differences(replicas)]
}

/** Replicas that have applied the same must be the same, also those that are behind. */
function differences(replicas: readonly ReplicaState[]): readonly string[] {
  const first = new Map<number, ReplicaState>()
  return replicas.flatMap((replica) => {
    const { name, applied, hash } = replica
    const other = first.get(applied)
    if (other === undefined) first.set(applied, replica)
    return other === undefined || other.hash === hash
      ? []
      : [`${name} and ${other.name} differ at ${applied}: ${hash}, ${other.hash}`]
  })
}
