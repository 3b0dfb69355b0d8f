/** What clients of a key-value store do all day: everything it can do, on a few keys that they share, each telling what it asked and was told. */

import { text, utf8 } from '../../base/bytes.ts'
import { FlotillaError } from '../../base/errors.ts'
import type { KvClient, Written } from '../../client/kv.ts'
import { BUILT_IN_FAMILIES, DEFAULT_FAMILY } from '../../statemachines/kv/families.ts'
import { kv } from '../../statemachines/kv/kv.ts'
import { checkAcknowledged, type FinalRow, withFinalReads } from '../checkers/acknowledged.ts'
import { HistoryRecorder } from '../history.ts'
import { checkLinearizable } from '../linearizable.ts'
import { kvModel } from '../models/kv.ts'
import { characters, type KvOp, type KvResult } from '../models/kv-operations.ts'
import { recordedKv } from '../recorded-kv.ts'
import type { ClientScene, FinalScene, Workload, WorkloadVerdict } from './workload.ts'

type Kind = 'put' | 'get' | 'compareAndSet' | 'delete' | 'batch' | 'scan'

/** Of a hundred operations, how many are of which kind. */
const MIX: readonly (readonly [percent: number, kind: Kind])[] = [
  [34, 'put'],
  [34, 'get'],
  [12, 'compareAndSet'],
  [6, 'delete'],
  [7, 'batch'],
  [7, 'scan'],
]

/** Of a hundred compare-and-sets, so many take the key away: were there values alone, what is applied twice would end as if it were applied once. */
const TAKING = 25

/** Milliseconds a client waits between two operations, at most. */
const THINK_MS = 40

/** The second family of a batch, so that it spans two. */
const OTHER_FAMILY = BUILT_IN_FAMILIES[1] ?? DEFAULT_FAMILY

/** Puts, gets, compare-and-sets, deletes, batches over families and scans, of clients that share keys; judged as a whole for linearizability. */
export function kvWorkload({ keys = 6 }: { readonly keys?: number } = {}): Workload {
  const recorder = new HistoryRecorder<KvOp, KvResult>()
  return {
    stateMachine: () => kv(),
    run: (scene) => new KvUser(scene, recorder, keys).work(),
    write: ({ client, group, now }) =>
      recordedKv(client.kv(group), { recorder, client: 'after', now }).put('k0', 'after the storm'),
    finish: (scene) => readAll(scene),
    judge: (final) => judge(recorder, final as readonly FinalRow[]),
  }
}

class KvUser {
  readonly #scene: ClientScene
  readonly #keys: number
  readonly #kv: KvClient
  #values = 0
  /** What this client saw last under a key: what a compare-and-set expects. */
  readonly #seen = new Map<string, Uint8Array | undefined>()

  constructor(scene: ClientScene, recorder: HistoryRecorder<KvOp, KvResult>, keys: number) {
    const { client, group, name, now } = scene
    this.#scene = scene
    this.#keys = keys
    this.#kv = recordedKv(client.kv(group), { recorder, client: name, now })
  }

  async work(): Promise<void> {
    const { isOver, sleep, chance } = this.#scene
    while (!isOver()) {
      await this.#told(this.#draw())
      await sleep(chance.next() * THINK_MS)
    }
  }

  #draw(): Kind {
    let left = this.#scene.chance.between(0, 100)
    for (const [percent, kind] of MIX) {
      left -= percent
      if (left < 0) return kind
    }
    return 'get'
  }

  /** Does it, and says what came of it. A refusal, or silence, is part of a client's day. */
  async #told(kind: Kind): Promise<void> {
    const { note } = this.#scene
    const key = this.#key()
    note('asks', kind, key)
    try {
      note('hears', kind, key, await this.#operate(kind, key))
    } catch (error) {
      if (!(error instanceof FlotillaError)) throw error
      note('hears', kind, key, error.code)
    }
  }

  /** One operation on that key; the answer in a word. */
  async #operate(kind: Kind, key: string): Promise<string> {
    switch (kind) {
      case 'put':
        return indexed(await this.#kv.put(key, this.#value()))
      case 'delete':
        return indexed(await this.#kv.delete(key))
      case 'get':
        return this.#get(key)
      case 'compareAndSet':
        return this.#compareAndSet(key)
      case 'batch':
        return indexed(await this.#kv.batch().put(key, this.#value()).put(this.#key(), this.#value(), OTHER_FAMILY).commit())
      case 'scan':
        return `${(await this.#kv.scanPage({ prefix: 'k', limit: 3 })).rows.length} rows`
    }
  }

  async #get(key: string): Promise<string> {
    const { chance, leaseReads } = this.#scene
    const ways = leaseReads ? (['linearizable', 'lease', 'follower'] as const) : (['linearizable', 'follower'] as const)
    const consistency = ways[chance.between(0, ways.length)] ?? 'linearizable'
    const value = await this.#kv.get(key, { consistency })
    this.#seen.set(key, value)
    return `${consistency} ${value === undefined ? 'nothing' : text(value)}`
  }

  async #compareAndSet(key: string): Promise<string> {
    const value = this.#scene.chance.between(0, 100) < TAKING ? null : this.#value()
    const answer = await this.#kv.compareAndSet(key, { expected: this.#seen.get(key) ?? null, value })
    const after = value === null ? undefined : utf8(value)
    this.#seen.set(key, answer.swapped ? after : answer.current)
    return `${answer.swapped ? 'swapped' : 'kept'} ${indexed(answer)}`
  }

  #key(): string {
    return `k${this.#scene.chance.between(0, this.#keys)}`
  }

  /** No value is ever written twice: then whoever reads it tells who wrote it. */
  #value(): string {
    return `${this.#scene.name}.${++this.#values}`
  }
}

const indexed = ({ index }: Written): string => `@${index}`

async function readAll({ client, group }: FinalScene): Promise<FinalRow[]> {
  const rows: FinalRow[] = []
  for (const family of BUILT_IN_FAMILIES)
    for await (const { key, value } of client.kv(group).scan({}, { family, timeoutMs: 20_000 }))
      rows.push({ family, key: characters(key), value: text(value) })
  return rows
}

function judge(recorder: HistoryRecorder<KvOp, KvResult>, rows: readonly FinalRow[]): WorkloadVerdict {
  const history = recorder.history()
  const lost = checkAcknowledged(history, rows)
  if (lost.length > 0) return { violation: { invariant: 'ACKNOWLEDGED_IS_KEPT', message: lost.join('\n') }, ...recorder.tally() }
  const judged = checkLinearizable(withFinalReads(history, rows), kvModel())
  const counted = { ...recorder.tally(), undecided: judged.verdict === 'unknown' ? 1 : 0 }
  if (judged.verdict !== 'violation') return { violation: null, ...counted }
  return { violation: { invariant: 'LINEARIZABILITY', message: judged.violation.lines.join('\n') }, ...counted }
}
