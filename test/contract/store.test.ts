/** Runs the store contract for both adapters. */

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { NodeStore } from '../../src/ports/store.ts'
import { openLmdb } from '../../src/storage/lmdb/open.ts'
import { MemoryDisk } from '../../src/storage/memory/disk.ts'
import { memoryStore } from '../../src/storage/memory/store.ts'
import { type StoreBench, storeSuite } from './store-suite.ts'

const CLAIM = { cluster: 'test', node: 'a' }

storeSuite('memory', async (): Promise<StoreBench> => {
  const disk = new MemoryDisk()
  const open = async (claim = {}): Promise<NodeStore> => memoryStore({ ...CLAIM, ...claim }, disk)
  return {
    open,
    restart: () => {
      disk.crash()
      return open()
    },
    failNext: () => disk.failNext(),
    dispose: async () => {},
  }
})

storeSuite('lmdb', async (): Promise<StoreBench> => {
  const dir = await mkdtemp(join(tmpdir(), 'flotilla-store-'))
  const stores: NodeStore[] = []
  let failing = false
  const open = async (claim = {}): Promise<NodeStore> => {
    const store = await openLmdb({
      ...CLAIM,
      ...claim,
      dir,
      wrapCommit: (commit) => async (changes) => {
        if (failing) throw new Error('EIO: i/o error, fdatasync')
        return commit(changes)
      },
    })
    stores.push(store)
    return store
  }
  return {
    open,
    restart: async (store) => {
      await store.close()
      failing = false
      return open()
    },
    failNext: () => {
      failing = true
    },
    dispose: async () => {
      for (const store of stores) await store.close()
      await rm(dir, { recursive: true })
    },
  }
})
