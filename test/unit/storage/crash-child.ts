/** Writes into a store in a loop until it is killed or fails: run as a child by the tests. Arguments: directory, mode. */

import { utf8 } from '../../../src/base/bytes.ts'
import { FlotillaError } from '../../../src/base/errors.ts'
import { openLmdb } from '../../../src/storage/lmdb/open.ts'
import { BOOTSTRAP } from '../../contract/store-samples.ts'

/** Each round `n` puts entry `n` into the log, and `n` into twenty rows: of two groups, in one transaction. */
async function writeForEver(dir: string): Promise<void> {
  const store = await openLmdb({ dir, cluster: 'test', node: 'a' })
  const groups = ['one', 'two']
  let round = 0
  for (const group of groups) round = (await store.open(group, BOOTSTRAP)).applied
  for (;;) {
    round++
    const value = utf8(String(round))
    for (const group of groups) {
      const rows = Array.from({ length: 20 }, (_, i) => ({ family: 'default', key: utf8(`row${i}`), value }))
      store.table(group).apply(round, rows)
    }
    const entries = [{ term: 1, index: round, kind: 'command' as const, data: new Uint8Array(3000).fill(round) }]
    await store.write(groups.map((group) => ({ group, entries, hardState: { term: 1, vote: null, commit: round } })))
    process.stdout.write(`${round}\n`)
  }
}

process.on('unhandledRejection', (reason) => {
  process.stdout.write(`unhandled ${String(reason)}\n`)
})

writeForEver(process.argv[2] as string).catch((thrown: unknown) => {
  const code = thrown instanceof FlotillaError ? thrown.code : String(thrown)
  // A while, so that a rejection nobody handles has its chance to be told.
  setTimeout(() => process.stdout.write(`failed ${code}\n`), 100)
})
