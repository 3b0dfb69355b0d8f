/** Takes a directory, says so, and waits for its end: run as a child by the tests. Argument: directory. */

import { takeLock } from '../../../src/storage/lmdb/lock.ts'

try {
  await takeLock(process.argv[2] as string)
  process.stdout.write('taken\n')
  process.stdin.resume() // until whoever started it is gone
} catch (thrown) {
  process.stdout.write(`${thrown instanceof Error && 'code' in thrown ? String(thrown.code) : String(thrown)}\n`)
}
