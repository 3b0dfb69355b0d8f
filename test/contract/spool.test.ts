/** Runs the spool contract for both adapters. */

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type LmdbSpool, openSpool } from '../../src/storage/lmdb/spool.ts'
import { MemorySpool } from '../../src/storage/memory/spool.ts'
import { type SpoolBench, spoolSuite } from './spool-suite.ts'

spoolSuite('memory', async (): Promise<SpoolBench> => {
  let spool = new MemorySpool()
  return {
    open: async (bytesMax) => {
      spool = new MemorySpool(bytesMax === undefined ? {} : { bytesMax })
      return spool
    },
    restart: async () => spool,
    dispose: async () => {},
  }
})

spoolSuite('lmdb', async (): Promise<SpoolBench> => {
  const dir = await mkdtemp(join(tmpdir(), 'flotilla-spool-'))
  let spool: LmdbSpool | undefined
  const open = async (bytesMax?: number): Promise<LmdbSpool> => {
    spool = openSpool(join(dir, 'spool'), bytesMax === undefined ? {} : { bytesMax })
    return spool
  }
  return {
    open,
    restart: async () => {
      await spool?.close()
      return open()
    },
    dispose: async () => {
      await spool?.close()
      await rm(dir, { recursive: true })
    },
  }
})
