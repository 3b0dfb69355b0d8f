/** What befalls letters and connections. */

import type { Link } from '../network.ts'
import { between, cutting, type FaultKind, type Ground, names, number, one, part, some } from './kind.ts'

const others = (ground: Ground, side: readonly string[]): string[] =>
  ground.machines.map(({ name }) => name).filter((name) => !side.includes(name))

export const NETWORK_FAULTS = {
  partition: {
    ms: [200, 6000],
    draw: (scene) => ({ side: part(scene) }),
    strike: (ground, params) => {
      const side = names(params, 'side')
      return cutting(ground, between(side, others(ground, side)))
    },
  },
  oneWay: {
    ms: [200, 5000],
    draw: (scene) => ({ from: some(scene) }),
    strike: (ground, params) => {
      const from = one(params, 'from')
      return cutting(
        ground,
        others(ground, [from]).map((to): Link => [from, to]),
      )
    },
  },
  deaf: {
    ms: [200, 5000],
    draw: (scene) => ({ to: some(scene) }),
    strike: (ground, params) => {
      const to = one(params, 'to')
      return cutting(
        ground,
        others(ground, [to]).map((from): Link => [from, to]),
      )
    },
  },
  bridge: {
    ms: [500, 6000],
    draw: (scene) => ({ bridge: some(scene), side: part(scene) }),
    strike: (ground, params) => {
      const bridge = one(params, 'bridge')
      const side = names(params, 'side').filter((name) => name !== bridge)
      return cutting(ground, between(side, others(ground, [...side, bridge])))
    },
  },
  slowLink: {
    ms: [500, 5000],
    draw: (scene) => ({ of: some(scene), ms: scene.chance.between(5, 200) }),
    strike: (ground, params) => {
      const links = between(
        [one(params, 'of')],
        ground.everybody.filter((name) => name !== one(params, 'of')),
      )
      ground.network.slow(links, number(params, 'ms'))
      return () => ground.network.slow(links, 0)
    },
  },
  loss: {
    ms: [500, 5000],
    draw: ({ chance }) => ({ share: chance.between(1, 30) / 100 }),
    strike: ({ network }, params) => {
      const episode = {}
      network.worsen(episode, { lose: number(params, 'share') })
      return () => network.clear(episode)
    },
  },
  doubling: {
    ms: [500, 5000],
    draw: ({ chance }) => ({ share: chance.between(1, 30) / 100 }),
    strike: ({ network }, params) => {
      const episode = {}
      network.worsen(episode, { double: number(params, 'share') })
      return () => network.clear(episode)
    },
  },
  reordering: {
    ms: [500, 5000],
    draw: ({ chance }) => ({ share: chance.between(1, 40) / 100 }),
    strike: ({ network }, params) => {
      const episode = {}
      network.worsen(episode, { reorder: number(params, 'share') })
      return () => network.clear(episode)
    },
  },
  replay: {
    ms: [0, 0],
    draw: ({ chance }) => ({ count: chance.between(1, 50) }),
    strike: (ground, params) => {
      ground.replay(number(params, 'count'))
      return undefined
    },
  },
  disconnect: {
    ms: [100, 5000],
    draw: (scene) => ({ node: some(scene) }),
    strike: (ground, params) => ground.disconnect(one(params, 'node')),
  },
} as const satisfies Readonly<Record<string, FaultKind>>
