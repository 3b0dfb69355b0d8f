/** What befalls clients, those at work and those that listen: they are cut off, stand still, and die. The cluster is as it was. */

import type { Link } from '../network.ts'
import {
  between,
  cutting,
  type FaultKind,
  type FaultParams,
  type Ground,
  MISSED,
  names,
  number,
  type Person,
  part,
  type Scene,
} from './kind.ts'

/** A plan cannot name anybody: who is there when it comes to it, nobody knows. So it says how far down the row. */
const anybody = ({ chance }: Scene): { readonly who: number } => ({ who: chance.between(0, 1000) / 1000 })

/** Undefined: nobody is there. */
const somebody = ({ people }: Ground, params: FaultParams): Person | undefined =>
  people[Math.floor(number(params, 'who') * people.length)]

/** Which of the two does not hear the other any more. */
const WAYS: readonly ((links: readonly Link[], client: string) => readonly Link[])[] = [
  (links) => links,
  (links) => links,
  (links, client) => links.filter(([from]) => from === client),
  (links, client) => links.filter(([, to]) => to === client),
]

export const CLIENT_FAULTS = {
  clientCut: {
    ms: [100, 4000],
    draw: (scene) => {
      const { chance, machines } = scene
      return { ...anybody(scene), from: chance.next() < 0.5 ? machines : part(scene), way: chance.between(0, WAYS.length) }
    },
    strike: (ground, params) => {
      const person = somebody(ground, params)
      const way = WAYS[number(params, 'way')]
      if (person === undefined || way === undefined) return MISSED
      return cutting(ground, way(between([person.name], names(params, 'from')), person.name))
    },
  },
  clientPause: {
    ms: [20, 4000],
    draw: anybody,
    strike: (ground, params) => {
      const { process } = somebody(ground, params) ?? {}
      if (process === undefined || process.isPaused) return MISSED
      process.pause()
      return () => process.resume()
    },
  },
  clientCrash: {
    ms: [50, 3000],
    draw: anybody,
    strike: (ground, params) => somebody(ground, params)?.dies() ?? MISSED,
  },
  clientDisconnect: {
    ms: [50, 4000],
    draw: anybody,
    strike: (ground, params) => {
      const person = somebody(ground, params)
      return person === undefined ? MISSED : ground.hangUp(person)
    },
  },
} as const satisfies Readonly<Record<string, FaultKind>>
