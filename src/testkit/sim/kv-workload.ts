/** What clients of a key-value store do all day: everything it can do, on a few keys that they share, each telling what it asked and was told. */

import { text } from '../../base/bytes.ts'
import { FlotillaError } from '../../base/errors.ts'
import type { KvClient } from '../../client/kv.ts'
import { BUILT_IN_FAMILIES } from '../../statemachines/kv/families.ts'
import { kv } from '../../statemachines/kv/kv.ts'
import { checkAcknowledged, type FinalRow, withFinalReads } from '../checkers/acknowledged.ts'
import { HistoryRecorder } from '../history.ts'
import { checkLinearizable } from '../linearizable.ts'
import { kvModel } from '../models/kv.ts'
import { characters, type KvOp, type KvResult, kvOp, kvResult } from '../models/kv-operations.ts'
import type { ClientScene, FinalScene, Workload, WorkloadVerdict } from './workload.ts'

/** Of a hundred operations, how many are of which kind. */
const MIX: readonly (readonly [percent: number, kind: 'put' | 'get' | 'compareAndSet' | 'delete' | 'batch' | 'scan'])[] = [
  [34, 'put'],
  [34, 'get'],
  [12, 'compareAndSet'],
  [6, 'delete'],
  [7, 'batch'],
  [7, 'scan'],
]

/** Milliseconds a client waits between two operations, at most. */
const THINK_MS = 40

/** Refusals after which nothing was done and never will be. */
const CERTAIN: ReadonlySet<string> = new Set(['UNAVAILABLE', 'NOT_LEADER', 'BUSY', 'STORAGE_FULL', 'TRANSFERRING', 'DISCONNECTED'])

/** Puts, gets, compare-and-sets, deletes, batches over families and scans, of clients that share keys; judged as a whole for linearizability. */
export function kvWorkload({ keys = 6 }: { readonly keys?: number } = {}): Workload {
  const recorder = new HistoryRecorder<KvOp, KvResult>()
  return {
    stateMachine: () => kv(),
    run: (scene) => new KvUser(scene, recorder, keys).work(),
    finish: (scene) => readAll(scene),
    judge: (final) => judge(recorder, final as readonly FinalRow[]),
  }
}

class KvUser {
  readonly #scene: ClientScene
  readonly #recorder: HistoryRecorder<KvOp, KvResult>
  readonly #keys: number
  readonly #kv: KvClient
  #values = 0
  /** What this client saw last under a key: what a compare-and-set expects. */
  readonly #seen = new Map<string, Uint8Array | undefined>()

  constructor(scene: ClientScene, recorder: HistoryRecorder<KvOp, KvResult>, keys: number) {
    this.#scene = scene
    this.#recorder = recorder
    this.#keys = keys
    this.#kv = scene.client.kv(scene.group)
  }

  async work(): Promise<void> {
    while (!this.#scene.isOver()) {
      await this.#operate()
      await this.#scene.sleep(this.#scene.chance.next() * THINK_MS)
    }
  }

  #operate(): Promise<void> {
    switch (this.#draw()) {
      case 'put':
        return this.#put()
      case 'get':
        return this.#get()
      case 'compareAndSet':
        return this.#compareAndSet()
      case 'delete':
        return this.#delete()
      case 'batch':
        return this.#batch()
      case 'scan':
        return this.#scan()
    }
  }

  #draw(): (typeof MIX)[number][1] {
    let left = this.#scene.chance.between(0, 100)
    for (const [percent, kind] of MIX) {
      left -= percent
      if (left < 0) return kind
    }
    return 'get'
  }

  #put(): Promise<void> {
    const [key, value] = [this.#key(), this.#value()]
    const idempotent = false // written once by this client, it must not come back behind somebody else's
    return this.#told(kvOp.put(key, value), async () => {
      await this.#kv.put(key, value, { idempotent })
      return kvResult.done()
    })
  }

  #get(): Promise<void> {
    const key = this.#key()
    const { chance, leaseReads } = this.#scene
    const ways = leaseReads ? (['linearizable', 'lease', 'follower'] as const) : (['linearizable', 'follower'] as const)
    const consistency = ways[chance.between(0, ways.length)] ?? 'linearizable'
    return this.#told(kvOp.get(key), async () => {
      const value = await this.#kv.get(key, { consistency })
      this.#seen.set(key, value)
      return kvResult.got(value)
    })
  }

  #compareAndSet(): Promise<void> {
    const [key, value] = [this.#key(), this.#value()]
    const change = { expected: this.#seen.get(key) ?? null, value }
    return this.#told(kvOp.compareAndSet(key, change), async () => {
      const answer = await this.#kv.compareAndSet(key, change)
      this.#seen.set(key, answer.current)
      return kvResult.compared(answer)
    })
  }

  #delete(): Promise<void> {
    const key = this.#key()
    return this.#told(kvOp.delete(key), async () => {
      await this.#kv.delete(key)
      return kvResult.done()
    })
  }

  #batch(): Promise<void> {
    const [a, b] = [this.#key(), this.#key()]
    const [first, second] = [this.#value(), this.#value()]
    const family = BUILT_IN_FAMILIES[1] ?? 'default'
    const op = kvOp.batch(kvOp.put(a, first), kvOp.put(b, second, family))
    return this.#told(op, async () => {
      await this.#kv.batch().put(a, first).put(b, second, family).commit()
      return kvResult.done()
    })
  }

  #scan(): Promise<void> {
    const range = { prefix: 'k', limit: 3 }
    return this.#told(kvOp.scanPage(range), async () => kvResult.page(await this.#kv.scanPage(range)))
  }

  /** Tells what is asked and what came of it. */
  async #told(op: KvOp, ask: () => Promise<KvResult>): Promise<void> {
    const { name, now, note } = this.#scene
    const id = this.#recorder.invoke(name, op, now())
    note('asks', op.type, 'key' in op ? op.key : '')
    try {
      const result = await ask()
      this.#recorder.ok(id, result, now())
      note('hears', op.type, JSON.stringify(result))
    } catch (error) {
      if (!(error instanceof FlotillaError)) throw error
      note('hears', op.type, error.code)
      const isRead = op.type === 'get' || op.type === 'scan'
      if (isRead || CERTAIN.has(error.code)) this.#recorder.failed(id)
      else this.#recorder.unknown(id)
    }
  }

  #key(): string {
    return `k${this.#scene.chance.between(0, this.#keys)}`
  }

  /** No value is ever written twice: then whoever reads it tells who wrote it. */
  #value(): string {
    return `${this.#scene.name}.${++this.#values}`
  }
}

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
