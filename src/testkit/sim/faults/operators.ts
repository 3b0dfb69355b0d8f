/** What operators do to a cluster while it works. */

import { type FaultKind, one, some } from './kind.ts'

export const OPERATOR_FAULTS = {
  transfer: {
    ms: [0, 0],
    draw: () => ({}),
    strike: (ground) => {
      ground.transfer()
      return undefined
    },
  },
  churn: {
    ms: [0, 0],
    draw: (scene) => ({ node: some(scene) }),
    strike: (ground, params) => {
      ground.churn(one(params, 'node'))
      return undefined
    },
  },
  swap: {
    ms: [0, 0],
    draw: (scene) => ({ node: some(scene) }),
    strike: (ground, params) => {
      ground.swap(one(params, 'node'))
      return undefined
    },
  },
  compact: {
    ms: [0, 0],
    draw: () => ({}),
    strike: (ground) => {
      ground.compact()
      return undefined
    },
  },
} as const satisfies Readonly<Record<string, FaultKind>>
