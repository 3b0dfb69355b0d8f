/** Histories drawn as they happened: a line for each client, a column for each moment. Knows no checker. */

import { type History, UNKNOWN } from '../../../src/testkit/history.ts'
import { type KvOp, type KvOperation, type KvResult, type KvWrite, kvOp } from '../../../src/testkit/models/kv-operations.ts'

/**
 * `|put k 1|` begins and returns where its bars are, `|put k 1~` is never answered. Operations: `put k 1`, `del k`, `get k 1`, `get k -`,
 * `cas k 1 2` (swapped; `-` is nothing), `cas k 1 2 no 3`, `batch put k 1, del j`, `scan a..m k=1 l=2`, `scan a..m limit 1 k=1 next l`.
 */
export function story(drawing: string): History<KvOp, KvResult> {
  const operations: KvOperation[] = []
  for (const line of drawing.split('\n'))
    for (const match of line.matchAll(/\|\s*([^|~]+?)\s*([|~])/g)) {
      const [whole, words, end] = match as unknown as [string, string, string]
      const { op, result } = told(words)
      const returnedAt = end === '|' ? { time: match.index + whole.length - 1, seq: 0 } : null
      const answered = returnedAt === null ? UNKNOWN : result
      const client = line.trim().slice(0, 1)
      operations.push({
        id: operations.length,
        client,
        op,
        invokedAt: { time: match.index, seq: 0 },
        returnedAt,
        result: answered,
        hint: null,
      })
    }
  return operations
}

const orNull = (word: string | undefined): string | null => (word === undefined || word === '-' ? null : word)

function told(words: string): { readonly op: KvOp; readonly result: KvResult } {
  const [verb, key = '', ...rest] = words.split(' ')
  if (verb === 'get') return { op: kvOp.get(key), result: { type: 'got', value: orNull(rest[0]) } }
  if (verb === 'scan') return scanned(key, rest)
  if (verb === 'batch') return { op: kvOp.batch(...words.slice(6).split(', ').map(write)), result: { type: 'done' } }
  if (verb !== 'cas') return { op: write(words), result: { type: 'done' } }
  const [expected, value, refused, current] = rest
  const op = kvOp.compareAndSet(key, { expected: orNull(expected), value: orNull(value) })
  return {
    op,
    result: { type: 'compared', swapped: refused === undefined, current: refused === undefined ? null : orNull(current) },
  }
}

function write(words: string): KvWrite {
  const [verb, key = '', value = ''] = words.split(' ')
  if (verb === 'put') return kvOp.put(key, value)
  if (verb === 'del') return kvOp.delete(key)
  throw new Error(`no operation: ${words}`)
}

function scanned(range: string, words: readonly string[]): { readonly op: KvOp; readonly result: KvResult } {
  const [from, to] = range.split('..')
  const after = (word: string): string | undefined => (words.includes(word) ? words[words.indexOf(word) + 1] : undefined)
  const reverse = words.includes('reverse')
  const limit = after('limit')
  const rows = words.filter((word) => word.includes('=')).map((word) => word.split('=') as [string, string])
  const op = kvOp.scanPage({ ...(from && { from }), ...(to && { to }), reverse, ...(limit && { limit: Number(limit) }) })
  return { op, result: { type: 'page', rows, next: after('next') ?? null } }
}
