/** Changes of configuration in short words, and any of them by chance. */

import fc from 'fast-check'
import { applyChange, type ConfChange, type ConfChangeStep, type Transition } from '../../src/protocol/confchange.ts'
import { type ConfState, votersOnly } from '../../src/protocol/types.ts'

const WORDS = { v: 'AddNode', l: 'AddLearner', r: 'RemoveNode' } as const

/** `v2 l1 r3`: make 2 a voter, 1 a learner, remove 3. */
export const steps = (text: string): ConfChangeStep[] =>
  text.split(' ').map((word) => ({ type: WORDS[word[0] as keyof typeof WORDS], peer: Number(word.slice(1)) }))

export const changeOf = (transition: Transition, text: string): ConfChange => ({ transition, steps: steps(text), context: '' })

/** `1 2 && 3 : learners 4 : next 3 : auto`, in short. */
export function short(conf: ConfState | string): string {
  if (typeof conf === 'string') return conf
  const { voters, votersOutgoing, learners, learnersNext, autoLeave } = conf
  const part = (name: string, peers: readonly number[]): string => (peers.length === 0 ? '' : ` ${name} ${peers.join(' ')}`)
  return `${voters.join(' ')}${part('&&', votersOutgoing)}${part('learners', learners)}${part('next', learnersNext)}${autoLeave ? ' auto' : ''}`
}

export const confOf = (voters: readonly number[], learners: readonly number[] = []): ConfState => ({
  ...votersOnly(voters),
  learners,
})

const peer = fc.integer({ min: 1, max: 6 })
const PLAIN = { noNullPrototype: true }

export const anyStep = fc.record(
  { type: fc.constantFrom('AddNode', 'AddLearner', 'RemoveNode'), peer },
  PLAIN,
) as fc.Arbitrary<ConfChangeStep>
export const anyChange = fc.record(
  {
    transition: fc.constantFrom('auto', 'jointImplicit', 'jointExplicit'),
    steps: fc.array(anyStep, { maxLength: 6 }),
    context: fc.string(),
  },
  PLAIN,
) as fc.Arbitrary<ConfChange>
/** A configuration that is not joint: every peer is a voter, a learner or nobody. */
export const simpleConf = fc
  .array(fc.constantFrom('voter', 'learner', 'nobody'), { minLength: 6, maxLength: 6 })
  .filter((parts) => parts.includes('voter'))
  .map((parts) => {
    const who = (part: string): number[] => parts.flatMap((one, i) => (one === part ? [i + 1] : []))
    return confOf(who('voter'), who('learner'))
  })
/** What one change makes of it: joint, perhaps. */
export const anyConf = fc.tuple(simpleConf, anyChange).map(([conf, first]) => applyChange(conf, first))
