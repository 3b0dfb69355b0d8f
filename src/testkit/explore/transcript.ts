/** A counter-example as a story that reads from top to bottom: what happens, and whom it makes what. */

import type { Message } from '../../protocol/messages.ts'
import type { Peer } from './atlas.ts'
import { confOf, letterText } from './encoding.ts'
import type { CounterExample, Moment } from './search.ts'
import { sameNames } from './symmetry.ts'
import type { Action, World } from './world.ts'

/** Lines, without line ends. */
export function transcriptOf({ invariant, details, beginning, moments }: CounterExample): readonly string[] {
  const lines = ['In the beginning:', ...beginning.peers.map((peer) => `      ${peerLine(peer)}`)]
  let before = beginning
  for (const [at, moment] of moments.entries()) {
    lines.push(...momentLines(at + 1, before, moment))
    before = moment.world
  }
  lines.push(`${invariant} is broken: ${details}`)
  return lines
}

function momentLines(number: number, before: World, { action, world }: Moment): string[] {
  const changed = world.peers.filter((peer, at) => peer !== before.peers[at])
  return [`${String(number).padStart(3)}.  ${actionLine(action)}`, ...changed.map((peer) => `      ${peerLine(peer)}`)]
}

/** What happens, in words. */
export function actionLine({ peer, stimulus, again, cut }: Action): string {
  const what = stimulus.kind === 'hear' ? `${letterLine(stimulus.message)} arrives` : `${doing(peer, stimulus)}`
  return `${what}${again ? ', and will once more' : ''}${cut ? ', and it crashes before the disk has anything of it, and starts again' : ''}`
}

function doing(peer: number, stimulus: Exclude<Action['stimulus'], { readonly kind: 'hear' }>): string {
  switch (stimulus.kind) {
    case 'drop':
      return `${letterLine(stimulus.message)} is lost`
    case 'fire':
      return `the ${stimulus.delay} of ${peer} expires`
    case 'read':
      return `${peer} is asked to read (${stimulus.ticket})`
    case 'reconfigure':
      return `${peer} is asked to ${stimulus.change.steps.map((step) => `${step.type} ${step.peer}`).join(', ') || 'leave the joint configuration'}`
    case 'transfer':
      return `${peer} is asked to hand over to ${stimulus.to}`
    default:
      return SAYINGS[stimulus.kind].replace('*', String(peer))
  }
}

const SAYINGS = {
  propose: 'a command is proposed to *',
  flush: 'the disk of * has a write',
  apply: '* applies an entry',
  install: '* has its snapshot in place',
  abandon: '* gives its snapshot up',
  compact: '* cuts its log off',
  report: '* hears that its snapshot did not arrive',
  crash: '* crashes, and starts again',
  tick: 'a tick passes',
  jump: 'the clock of * jumps',
} as const

function letterLine(message: Message): string {
  const [type, from, to, term, ...rest] = letterText(message, sameNames(0)).split('|')
  return `${type} ${from} → ${to} (term=${term}${rest.map((field) => ` ${field}`).join('')})`
}

function peerLine({ state, facts }: Peer): string {
  const { core, disk, pending } = state
  const log = facts.cells.join(' ') || '·'
  const cut = facts.truncated > 0 ? `…${facts.truncated} ` : ''
  const words = [
    `${state.id} ${(facts.role ?? 'down').padEnd(12)} term=${facts.term}`,
    `vote=${(core?.context.vote ?? disk.hard.vote) || '-'}`,
    `log=${cut}${log}`,
    `commit=${facts.commit}`,
  ]
  if (facts.applied !== facts.commit) words.push(`applied=${facts.applied}`)
  if (core?.context.staged) words.push(`installing=${core.context.staged.index}`)
  if (pending.length > 0)
    words.push(`disk: term=${disk.hard.term} vote=${disk.hard.vote ?? '-'} log=${facts.diskCells.join(' ') || '·'}`)
  if (core && core.context.conf.voters.length !== 0)
    words.push(`members=${confOf(core.context.conf, sameNames(0)).replace(/\/+$/, '')}`)
  return words.join(' ')
}
