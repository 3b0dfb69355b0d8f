/** What befalls processes and their clocks: they die, stand still, and are wrong about the time. */

import { type FaultKind, MISSED, number, one, restarting, some } from './kind.ts'

export const PROCESS_FAULTS = {
  crash: {
    ms: [50, 5000],
    draw: (scene) => ({ node: some(scene), keepsLast: scene.chance.between(0, 2) }),
    strike: (ground, params) => {
      const machine = ground.machine(one(params, 'node'))
      machine.crash({ keepsLast: number(params, 'keepsLast') === 1 })
      return restarting(machine)
    },
  },
  crashMidway: {
    ms: [50, 5000],
    draw: (scene) => ({ node: some(scene), effects: scene.chance.between(1, 60) }),
    strike: (ground, params) => {
      const machine = ground.machine(one(params, 'node'))
      machine.light(number(params, 'effects'))
      return () => {
        machine.defuse() // or it would die when nobody starts it again
        machine.start()
      }
    },
  },
  restart: {
    ms: [50, 2000],
    draw: (scene) => ({ node: some(scene) }),
    strike: (ground, params) => {
      const machine = ground.machine(one(params, 'node'))
      void machine.stop()
      return restarting(machine)
    },
  },
  powerLoss: {
    ms: [50, 3000],
    draw: () => ({}),
    strike: ({ machines }) => {
      for (const machine of machines) machine.crash()
      return () => {
        for (const machine of machines) machine.start()
      }
    },
  },
  pause: {
    ms: [20, 4000],
    draw: (scene) => ({ node: some(scene) }),
    strike: (ground, params) => {
      const { process } = ground.machine(one(params, 'node'))
      if (process === null) return MISSED
      process.pause()
      return () => process.resume()
    },
  },
  suspend: {
    ms: [200, 5000],
    draw: (scene) => ({ node: some(scene) }),
    strike: (ground, params) => {
      const { process } = ground.machine(one(params, 'node'))
      if (process === null) return MISSED
      process.suspend()
      return () => process.resume()
    },
  },
  clockJump: {
    ms: [0, 0],
    draw: (scene) => ({ node: some(scene), ms: scene.chance.between(-3_600_000, 3_600_000) }),
    strike: (ground, params) => {
      ground.machine(one(params, 'node')).oscillator.wallAheadMs += number(params, 'ms')
      return undefined
    },
  },
  leapSecond: {
    ms: [0, 0],
    draw: () => ({}),
    strike: ({ machines }) => {
      for (const { oscillator } of machines) oscillator.wallAheadMs -= 1000
      return undefined
    },
  },
  clockDrift: {
    ms: [2000, 10_000],
    draw: (scene) => ({ node: some(scene), rate: 1 + scene.chance.between(-40, 41) / 1000 }),
    strike: (ground, params) => {
      const { oscillator } = ground.machine(one(params, 'node'))
      oscillator.rate = number(params, 'rate')
      return () => {
        oscillator.rate = 1
      }
    },
  },
} as const satisfies Readonly<Record<string, FaultKind>>
