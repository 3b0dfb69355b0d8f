/** What befalls disks: they are slow, full, broken, lost, older than they should be, or hold what nobody wrote. */

import type { MemorySpool } from '../../../storage/memory/spool.ts'
import { type End, type FaultKind, type FaultParams, type Ground, MISSED, number, one, restarting, some } from './kind.ts'

/** A chunk in the spool of that machine is not what it was: one that is there, or else the next one that is put. */
function spoiling(ground: Ground, params: FaultParams, spoil: (spool: MemorySpool, group: string) => boolean): End | undefined {
  const { disk } = ground.machine(one(params, 'node'))
  const { spool } = disk
  const strike = (groups: Iterable<string>): boolean => {
    const isStruck = [...groups].some((group) => spoil(spool, group))
    if (isStruck) ground.met()
    return isStruck
  }
  if (strike(disk.image?.groups.keys() ?? [])) return undefined
  const lurking = (group: string): void => {
    if (strike([group])) spool.onPut = null
  }
  spool.onPut = lurking
  return () => {
    if (spool.onPut === lurking) spool.onPut = null // of two that wait the later one has the next chunk
  }
}

export const DISK_FAULTS = {
  slowDisk: {
    ms: [500, 5000],
    draw: (scene) => ({ node: some(scene), ms: scene.chance.between(5, 300) }),
    strike: (ground, params) => {
      const machine = ground.machine(one(params, 'node'))
      machine.slow({ min: 1, max: number(params, 'ms') })
      return () => machine.slow(null)
    },
  },
  flushFails: {
    ms: [0, 0],
    draw: (scene) => ({ node: some(scene) }),
    strike: (ground, params) => {
      ground.machine(one(params, 'node')).disk.failNext()
      return undefined
    },
  },
  diskFull: {
    ms: [1000, 8000],
    draw: (scene) => ({ node: some(scene), free: scene.chance.between(0, 2_000_000) }),
    strike: (ground, params) => {
      const { disk } = ground.machine(one(params, 'node'))
      disk.room = { freeBytes: number(params, 'free'), reusableBytes: 0 }
      return () => {
        disk.room = null // of two that overlap the first to end frees it: none stays full for ever
      }
    },
  },
  diskLost: {
    ms: [100, 1000],
    draw: (scene) => ({ node: some(scene) }),
    strike: (ground, params) => {
      const machine = ground.machine(one(params, 'node'))
      if (!ground.mayHarm(machine.name)) return MISSED
      machine.crash()
      ground.replaceDisk(machine, null)
      return restarting(machine)
    },
  },
  diskRolledBack: {
    ms: [500, 4000],
    draw: (scene) => ({ node: some(scene) }),
    strike: (ground, params) => {
      const machine = ground.machine(one(params, 'node'))
      const old = machine.disk.copy() // what a backup has; put back when the fault ends
      if (old === null) return MISSED
      return () => {
        if (!ground.mayHarm(machine.name)) return
        machine.crash()
        ground.replaceDisk(machine, old)
        machine.start()
      }
    },
  },
  rotInLog: {
    ms: [0, 0],
    draw: (scene) => ({ node: some(scene), share: scene.chance.between(0, 1000) / 1000 }),
    strike: (ground, params) => {
      const { name, disk } = ground.machine(one(params, 'node'))
      const share = number(params, 'share')
      const groups = [...(disk.image?.groups ?? [])]
      const [id, group] = groups[Math.floor(share * 1000) % groups.length] ?? []
      if (id === undefined || group === undefined || group.entries.length === 0 || !ground.mayHarm(name)) return MISSED
      disk.rot(id, group.truncated.index + 1 + Math.floor(group.entries.length * share))
      return undefined
    },
  },
  rotInHardState: {
    ms: [50, 1000],
    draw: (scene) => ({ node: some(scene) }),
    strike: (ground, params) => {
      const machine = ground.machine(one(params, 'node'))
      if (!ground.mayHarm(machine.name)) return MISSED
      machine.crash()
      for (const id of machine.disk.image?.groups.keys() ?? []) machine.disk.rot(id, 'state')
      return restarting(machine)
    },
  },
  rotInChunks: {
    ms: [1000, 6000],
    lurks: true,
    draw: (scene) => ({ node: some(scene) }),
    strike: (ground, params) => spoiling(ground, params, (spool, group) => spool.rot(group)),
  },
  falseChunk: {
    ms: [1000, 6000],
    lurks: true,
    draw: (scene) => ({ node: some(scene) }),
    strike: (ground, params) => spoiling(ground, params, (spool, group) => spool.falsify(group)),
  },
} as const satisfies Readonly<Record<string, FaultKind>>
