/** Flips bits in copies of a store, one after another, and tells what each is good for: a child, as LMDB may not survive it. Arguments: sample, scratch, flips. */

import { closeSync, openSync, readSync, writeSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { copySample, judge } from './damaged-store.ts'

const [sample, scratch, flips] = process.argv.slice(2) as [string, string, string]

/** One flip: `file:byte:bit`. */
function flip(dir: string, which: string): void {
  const [file, at, bit] = which.split(':') as [string, string, string]
  const fd = openSync(join(dir, file), 'r+')
  const byte = Buffer.alloc(1)
  readSync(fd, byte, 0, 1, Number(at))
  byte[0] = (byte[0] as number) ^ (1 << Number(bit))
  writeSync(fd, byte, 0, 1, Number(at))
  closeSync(fd)
}

for (const which of flips.split(',')) {
  await rm(scratch, { recursive: true, force: true })
  await copySample(sample, scratch)
  flip(scratch, which)
  process.stdout.write(`${which} `)
  process.stdout.write(`${await judge(scratch)}\n`)
}
