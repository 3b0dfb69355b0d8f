/** Histories of a store that does one thing after the other, told by clients that overlap; and spoiled ones. Knows no checker but the slow one here. */

import type { Prng } from '../../../src/base/prng.ts'
import { compareMoments, type History, UNKNOWN } from '../../../src/testkit/history.ts'
import type { Model } from '../../../src/testkit/linearizability/model.ts'
import { type KvOp, type KvOperation, type KvResult, type KvWrite, kvOp } from '../../../src/testkit/models/kv-operations.ts'
import { KvRows, placeOf } from '../../../src/testkit/models/kv-rows.ts'

/** What a random history is made of. */
export interface Shape {
  readonly operations: number
  readonly clients: number
  readonly keys: number
  /** Different values; few of them make it hard to see who wrote one. */
  readonly values: number
  /** How many of a hundred are never answered; half of them are done. */
  readonly unknown: number
  /** How many of a hundred are batches, and how many pages of a scan. */
  readonly batches: number
  readonly scans: number
  /** Whether operations tell where they took effect. */
  readonly hints?: boolean
}

const pick = (chance: Prng, hundredths: number): boolean => chance.between(0, 100) < hundredths

/** A history that can be put in order: each client does one thing at a time, each thing takes effect at a moment within. */
export function orderly(chance: Prng, shape: Shape): History<KvOp, KvResult> {
  const free = Array.from({ length: shape.clients }, () => 0)
  let rows = KvRows.NONE
  let point = 0
  return Array.from({ length: shape.operations }, (_, id): KvOperation => {
    const client = chance.between(0, shape.clients)
    point = Math.max(point + 1, (free[client] as number) + 2)
    const op = randomOp(chance, shape)
    const unanswered = pick(chance, shape.unknown)
    const lost = unanswered && pick(chance, 50)
    const [after, result] = lost ? [rows, { type: 'done' } as const] : done(rows, op)
    rows = after
    const from = Math.max(free[client] as number, point - chance.between(1, 2 * shape.clients)) + 0.5
    const until = point + chance.between(1, 2 * shape.clients) + 0.25
    free[client] = until
    return {
      id,
      client: `c${client}${unanswered ? `-${id}` : ''}`,
      op,
      invokedAt: { time: from, seq: id },
      returnedAt: unanswered ? null : { time: until, seq: id },
      result: unanswered ? UNKNOWN : result,
      hint: shape.hints && !lost ? point : null,
    }
  })
}

function randomOp(chance: Prng, shape: Shape): KvOp {
  const key = (): string => `k${chance.between(0, shape.keys)}`
  const value = (): string => `v${chance.between(0, shape.values)}`
  const write = (): KvWrite => (pick(chance, 75) ? kvOp.put(key(), value()) : kvOp.delete(key()))
  const kind = chance.between(0, 100)
  if (kind < shape.batches) return kvOp.batch(...Array.from({ length: chance.between(1, 4) }, write))
  if (kind < shape.batches + shape.scans)
    return kvOp.scanPage({
      from: key(),
      ...(pick(chance, 50) && { to: key() }),
      limit: chance.between(1, 4),
      reverse: pick(chance, 50),
    })
  if (pick(chance, 50)) return kvOp.get(key())
  if (pick(chance, 60)) return write()
  const orNothing = (): string | null => (pick(chance, 20) ? null : value())
  return kvOp.compareAndSet(key(), { expected: orNothing(), value: orNothing() })
}

function done(rows: KvRows, op: KvOp): readonly [KvRows, KvResult] {
  if (op.type === 'get') return [rows, { type: 'got', value: rows.get(placeOf(op)) }]
  if (op.type === 'scan') return [rows, rows.page(op)]
  if (op.type === 'batch') return [rows.withAll(op.writes), { type: 'done' }]
  if (op.type !== 'compareAndSet') return [rows.withAll([op]), { type: 'done' }]
  const current = rows.get(placeOf(op))
  if (current !== op.expected) return [rows, { type: 'compared', swapped: false, current }]
  return [rows.with(placeOf(op), op.value), { type: 'compared', swapped: true, current: null }]
}

/** The same history with one answer changed to another one that could be. */
export function spoiled(chance: Prng, history: History<KvOp, KvResult>, shape: Shape): History<KvOp, KvResult> {
  const answers = history.flatMap(({ result }, at) => (result !== UNKNOWN && result.type !== 'done' ? [at] : []))
  const at = answers[chance.between(0, answers.length)]
  const value = pick(chance, 20) ? null : `v${chance.between(0, shape.values)}`
  return history.map((operation, i) => (i === at ? { ...operation, result: other(operation, value) } : operation))
}

function other({ op, result }: KvOperation, value: string | null): KvOperation['result'] {
  if (result === UNKNOWN || op.type === 'put' || op.type === 'delete' || op.type === 'batch') return result
  if (result.type === 'got') return { type: 'got', value }
  if (result.type === 'page')
    return { ...result, rows: result.rows.map(([key, old], i) => [key, i === 0 && value !== null ? value : old]) }
  return { type: 'compared', swapped: result.type === 'compared' && !result.swapped, current: null }
}

/** Whether there is an order, by trying all orders of all that can have happened. For a handful of operations. */
export function hasOrder<State, Op, Result>(history: History<Op, Result>, model: Model<State, Op, Result>): boolean {
  const from = (state: State, left: History<Op, Result>): boolean =>
    left.every(({ returnedAt }) => returnedAt === null) ||
    left.some((next) => {
      const late = left.some(({ returnedAt }) => returnedAt !== null && compareMoments(returnedAt, next.invokedAt) < 0)
      const rest = left.filter((operation) => operation !== next)
      return !late && model.step(state, next.op, next.result).some((after) => from(after, rest))
    })
  return from(model.init(), history)
}
