/** What is bounded on the public peer: what a leader takes ahead of its commit index, and what is handed out to be applied at a time. */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Entry } from '../../../src/protocol/types.ts'
import { changeOf } from '../../harness/conf-changes.ts'
import { accepted, append } from '../../harness/letters.ts'
import { leading, RawBench, streaming } from '../../harness/raw-bench.ts'
import { entry } from '../../harness/raw-cluster.ts'

const PAYLOAD = 10

describe('what is proposed and not committed', () => {
  const full = (): RawBench => {
    const bench = streaming([2, 3], { maxUncommittedBytes: 1024 * PAYLOAD, maxInflightMessages: 2000 })
    return bench.propose(...Array<number>(1024).fill(PAYLOAD))
  }
  const refuses = (bench: RawBench, bytes: number): void => assert.throws(() => bench.propose(bytes), { code: 'BUSY' })

  test('may weigh as much as the limit says, and no byte more', () => {
    const bench = full()
    refuses(bench, 1)
    assert.equal(bench.status.lastIndex, 1025)
  })

  test('weighs nothing once it is committed', () => {
    const bench = full()
    bench.hear(accepted({ term: 1, index: 1025 }))
    assert.equal(bench.status.commit, 1025)
    bench.propose(...Array<number>(1024).fill(PAYLOAD))
    refuses(bench, 1)
  })

  test('frees just what was committed', () => {
    const bench = full()
    bench.hear(accepted({ term: 1, index: 11 }))
    bench.propose(...Array<number>(10).fill(PAYLOAD))
    refuses(bench, 1)
  })

  test('may be one proposal of any size, if it is the only one', () => {
    const bench = streaming([2, 3], { maxUncommittedBytes: 1000 })
    bench.propose(2000)
    refuses(bench, 2000)
    refuses(bench, 1)
    bench.hear(accepted({ term: 1, index: 2 }))
    bench.propose(2000)
  })

  test('weighs also as a change of members, which is itself never refused for it, and is not freed twice', () => {
    const bench = streaming([2, 3], { maxUncommittedBytes: 100 })
    bench.propose(100)
    const { index } = bench.node.proposeConfChange({ ...changeOf('auto', 'l4'), context: 'x'.repeat(500) })
    bench.hear(accepted({ term: 1, index: index - 1 }))
    refuses(bench, 1)
    bench.hear(accepted({ term: 1, index }))
    bench.propose(100)
    refuses(bench, 1)
  })

  test('weighs also as the leave that a joint configuration makes by itself', () => {
    const bench = streaming([2, 3], { maxUncommittedBytes: 50 })
    const { index } = bench.node.proposeConfChange(changeOf('jointImplicit', 'l3'))
    bench.hear(accepted({ term: 1, index }), accepted({ term: 1, from: 3, index }))
    assert.equal(bench.status.lastIndex, index + 1, 'the leave')
    refuses(bench, 50)
    bench.hear(accepted({ term: 1, index: index + 1 }), accepted({ term: 1, from: 3, index: index + 1 }))
    bench.propose(50)
    refuses(bench, 1)
  })

  test('of an earlier leader weighs nothing, and frees nothing of our own', () => {
    const entries = [1, 2, 3].map((index) => entry(index, 1, 'inherited'.repeat(10)))
    const bench = leading({ entries, maxUncommittedBytes: 100 })
    bench.hear(accepted({ term: 2, index: 3 }))
    bench.propose(60)
    refuses(bench, 60)
    bench.hear(accepted({ term: 2, index: 4 }))
    assert.equal(bench.status.commit, 4)
    refuses(bench, 60)
  })

  test('takes what has no payload whatever there is: the leader’s own first entry, and any empty one', () => {
    const bench = full()
    bench.propose(0)
    assert.equal(bench.status.lastIndex, 1026)
  })

  test('takes what has no payload even behind one that exceeds the limit alone', () => {
    const bench = leading({ maxUncommittedBytes: PAYLOAD })
    bench.propose(2 * PAYLOAD)
    refuses(bench, 1)
    bench.propose(0)
    assert.equal(bench.status.lastIndex, 3)
  })

  test('is refused to who is passed proposals by followers, too: nothing is appended', () => {
    const bench = full()
    bench.hear({ type: 'Propose', from: 2, to: 1, term: 0, kind: 'command', data: [Buffer.alloc(1)] })
    assert.equal(bench.status.lastIndex, 1025)
  })

  test('is forgotten with the office: who leads again begins anew', () => {
    const bench = full()
    bench.hear(append({ term: 2, prevIndex: 1025, prevTerm: 1 }))
    const again = leading({ maxUncommittedBytes: PAYLOAD })
    again.propose(PAYLOAD)
    refuses(again, 1)
    assert.equal(bench.status.role, 'follower')
  })
})

describe('what is committed and not applied', () => {
  const entries = Array.from({ length: 11 }, (_, i): Entry => entry(i + 1, 1, 'x'.repeat(84))) // 100 bytes each
  const restarted = (): RawBench => new RawBench({ entries, commit: 10, maxCommittedBytesPerReady: 900 })
  const indexes = (bench: RawBench): number[] => bench.applied.map(({ index }) => index)

  test('comes in pages of so many bytes, one entry at least, without a gap or a repetition', () => {
    const bench = restarted()
    const pages = bench.work().map(({ committedEntries }) => committedEntries.map(({ index }) => index))
    assert.deepEqual(pages, [[1, 2, 3, 4, 5, 6, 7, 8, 9], [10]])
    const tiny = new RawBench({ entries, commit: 10, maxCommittedBytesPerReady: 1 })
    assert.deepEqual(
      tiny.work().map(({ committedEntries }) => committedEntries.length),
      Array(10).fill(1),
    )
  })

  test('loses nothing when the commit index moves between two pages', () => {
    const bench = restarted()
    const first = bench.node.ready()
    bench.applied.push(...first.committedEntries)
    bench.node.step({ type: 'Heartbeat', from: 2, to: 1, term: 1, commit: 11, round: 1 })
    bench.node.advance(first)
    bench.work()
    assert.deepEqual(indexes(bench), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11])
    assert.equal(bench.status.applied, 11)
  })

  test('loses nothing either when pages are asked for before the ones before are applied', () => {
    const bench = restarted()
    const first = bench.node.ready()
    const second = bench.node.ready()
    bench.node.step({ type: 'Heartbeat', from: 2, to: 1, term: 1, commit: 11, round: 1 })
    const third = bench.node.ready()
    const all = [first, second, third].flatMap(({ committedEntries }) => committedEntries.map(({ index }) => index))
    assert.deepEqual(all, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11])
    for (const ready of [first, second, third]) bench.node.advance(ready)
    assert.equal(bench.status.applied, 11)
  })
})
