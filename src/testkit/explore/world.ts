/**
 * All peers and everything under way, as a value, and everything that can happen next. A letter may arrive at any time, or never: a lost letter is one that
 * never arrives. Knows what can happen, not in which order it is looked at.
 */

import { EMPTY } from '../../base/bytes.ts'
import type { Message } from '../../protocol/messages.ts'
import type { ConfState, Entry, PeerId, Term } from '../../protocol/types.ts'
import { votersOnly } from '../../protocol/types.ts'
import type { Atlas, Letter, Outcome, Past, Peer } from './atlas.ts'
import { isViolation, judge, type Violation } from './invariants.ts'
import { isLate, LateLetters } from './late.ts'
import { type Act, ALLOWANCES, type Allowances, type Beginning, type Bounds, type Model } from './model.ts'
import { NO_PAST } from './past.ts'
import { type DiskState, downWith } from './peer-state.ts'
import type { Stimulus } from './stimulus.ts'

/** One state of everything. */
export interface World {
  /** By id, from 1. */
  readonly peers: readonly Peer[]
  /** Under way, each once. */
  readonly letters: readonly Letter[]
  /** How often what is allowed so many times has happened, in the order of {@link ALLOWANCES}. */
  readonly spent: readonly number[]
  readonly past: Past
}

/** Something that happens. */
export interface Action {
  /** To whom. 0: to all. */
  readonly peer: PeerId
  readonly stimulus: Stimulus | { readonly kind: 'drop'; readonly message: Message }
  /** A letter arrives, and will arrive once more. */
  readonly again: boolean
  /** The peer crashes before anything of it is on the disk, and starts again. */
  readonly cut: boolean
}

/** What came of an action: another state, or something broken. */
export interface Step {
  readonly action: Action
  readonly world: World
  readonly violation: Violation | null
}

/** Told of everything that can happen. */
export type Visit = (step: Step) => void

/** What may happen to any peer, and what it costs. */
interface Chance {
  readonly stimulus: Stimulus
  readonly costs: keyof Allowances | null
  /** Missing: everybody. */
  readonly whose?: readonly PeerId[] | undefined
}

/** How a world is walked. */
export interface RulesOptions {
  readonly bounds: Bounds
  /** Letters are kept, even those that nobody will listen to any more. */
  readonly keepLate: boolean
}

const PLAINLY = { again: false, cut: false }

export class Rules {
  readonly #atlas: Atlas
  readonly #model: Model
  readonly #bounds: Bounds
  readonly #chances: readonly Chance[]
  readonly #reads: readonly Stimulus[]
  readonly #limits: readonly number[]
  readonly #tick: Stimulus = { kind: 'tick' }

  /** Null: letters are kept, however late. */
  readonly #late: LateLetters | null
  #tooLate: Violation | null = null

  constructor(atlas: Atlas, model: Model, { bounds, keepLate }: RulesOptions) {
    this.#atlas = atlas
    this.#late = keepLate ? null : new LateLetters(atlas, bounds.nodes)
    this.#model = model
    this.#bounds = bounds
    this.#chances = chancesOf(model, bounds)
    this.#reads = Array.from({ length: bounds.reads }, (_, i) => ({ kind: 'read', ticket: i + 1 }))
    this.#limits = ALLOWANCES.map((name) => bounds[name])
  }

  /** Where a walk begins. */
  begin(beginning: Beginning): World {
    const voters = this.#model.voters ?? Array.from({ length: this.#bounds.nodes }, (_, i) => i + 1)
    const conf = votersOnly(voters.filter((id) => id <= this.#bounds.nodes))
    const start: Stimulus = { kind: 'crash' }
    const peers = Array.from({ length: this.#bounds.nodes }, (_, i) => {
      const id = i + 1
      const disk = diskOf(beginning, id, conf.voters.includes(id) ? conf : votersOnly([]))
      const down = this.#atlas.peer(downWith(id, disk))
      return this.#atlas.meet(down, start)?.peer ?? down
    })
    const world: World = { peers, letters: [], spent: ALLOWANCES.map(() => 0), past: this.#atlas.past(NO_PAST) }
    return (beginning.acts ?? []).reduce((now, act) => this.#after(now, act), world)
  }

  /** Everything that can happen next and changes anything, in an order that depends on the state alone. */
  next(world: World, visit: Visit): void {
    for (const letter of world.letters) this.#arrivals(world, letter, visit)
    for (const [at, peer] of world.peers.entries()) {
      for (const { stimulus, costs, whose } of this.#chances) {
        if (whose && !whose.includes(at + 1)) continue
        const spent = this.#spend(world.spent, costs)
        const outcome = spent && this.#atlas.meet(peer, stimulus)
        if (!spent || !outcome) continue
        this.#happens(world, { at, stimulus, spent, outcome }, visit)
        this.#cuts(world, { at, stimulus, spent, outcome: null }, visit)
      }
      this.#asks(world, at, visit)
    }
    if (this.#model.ticks) this.#passes(world, visit)
  }

  /** A letter arrives; and may be there once more; or is taken away. */
  #arrivals(world: World, letter: Letter, visit: Visit): void {
    const at = letter.message.to - 1
    const peer = world.peers[at]
    if (!peer) return
    const outcome = this.#atlas.hear(peer, letter)
    const isOnce = this.#model.once?.has(letter.message.type) ?? false
    const forEver = !isOnce && this.#bounds.duplicates === Number.POSITIVE_INFINITY
    const without = (): World => ({ ...world, letters: world.letters.filter((one) => one !== letter) })
    if (outcome) {
      const stimulus = letter.hear
      this.#happens(forEver ? world : without(), { at, stimulus, spent: world.spent, outcome }, visit)
      this.#cuts(forEver ? world : without(), { at, stimulus, spent: world.spent, outcome: null }, visit)
      const doubled = forEver || isOnce ? null : this.#spend(world.spent, 'duplicates')
      if (doubled) this.#happens(world, { at, stimulus, spent: doubled, outcome, again: true }, visit)
    }
    const dropped = this.#spend(world.spent, 'drops')
    if (!dropped) return
    const action: Action = { peer: letter.message.to, stimulus: { kind: 'drop', message: letter.message }, ...PLAINLY }
    visit({ action, world: { ...without(), spent: dropped }, violation: null })
  }

  /** A crash in the middle, before anything is on the disk. */
  #cuts(world: World, { at, stimulus, spent }: Happening, visit: Visit): void {
    const paid = this.#model.slowDisk ? null : this.#spend(spent, 'crashes')
    if (!paid || stimulus.kind === 'crash') return
    const outcome = this.#atlas.cut(world.peers[at] as Peer, stimulus)
    if (outcome) this.#happens(world, { at, stimulus, spent: paid, outcome, cut: true }, visit)
  }

  /** Somebody asks a peer to read. What was committed until now must be seen. */
  #asks(world: World, at: number, visit: Visit): void {
    const stimulus = this.#reads[world.past.floors.length]
    const spent = this.#spend(world.spent, 'reads')
    if (!stimulus || !spent) return
    const outcome = this.#atlas.meet(world.peers[at] as Peer, stimulus)
    if (!outcome) return
    const past = this.#atlas.past({ ...world.past, floors: [...world.past.floors, world.past.committed.length] })
    this.#happens({ ...world, past }, { at, stimulus, spent, outcome }, visit)
  }

  /** Time passes, for all alike. */
  #passes(world: World, visit: Visit): void {
    const peers = world.peers.map((peer) => this.#atlas.meet(peer, this.#tick)?.peer ?? peer)
    if (peers.every((peer, at) => peer === world.peers[at])) return
    visit({ action: { peer: 0, stimulus: this.#tick, ...PLAINLY }, world: { ...world, peers }, violation: null })
  }

  #happens(world: World, what: Happening, visit: Visit): void {
    const { at, stimulus, spent, outcome, again = false, cut = false } = what
    if (!outcome) return
    const action: Action = { peer: at + 1, stimulus, again, cut }
    const peers = world.peers.with(at, outcome.peer)
    const past = judge(this.#atlas, { peers, past: world.past, at, outcome })
    if (isViolation(past)) {
      visit({ action, world: { ...world, peers, spent }, violation: past })
      return
    }
    if (outcome.peer.facts.term > this.#bounds.terms) return
    const letters = this.#lettersAfter(world, at, outcome)
    const late = this.#tooLate
    this.#tooLate = null
    if (late) visit({ action, world: { ...world, peers, spent }, violation: late })
    else if (letters.length <= this.#bounds.letters) visit({ action, world: { peers, letters, spent, past }, violation: null })
  }

  /** What is under way once a peer has spoken, without what comes too late for ever. */
  #lettersAfter({ letters, peers }: World, at: number, { peer, sent }: Outcome): readonly Letter[] {
    const changed = peer !== peers[at]
    if (changed) this.#tooLate ??= this.#late?.meet(peer) ?? null
    const late = (letter: Letter): boolean => letter.message.to === at + 1 && this.#isLate(letter, peer)
    const kept = changed && letters.some(late) ? letters.filter((letter) => !late(letter)) : letters
    const fresh = sent.filter((letter) => this.#isCarried(letter, peers) && !kept.includes(letter))
    return fresh.length === 0 ? kept : [...kept, ...new Set(fresh)]
  }

  #isCarried(letter: Letter, peers: readonly Peer[]): boolean {
    const peer = peers[letter.message.to - 1]
    return peer !== undefined && this.#model.carries.has(letter.message.type) && !this.#isLate(letter, peer)
  }

  #isLate(letter: Letter, peer: Peer): boolean {
    if (!this.#late || !isLate(letter, peer)) return false
    this.#tooLate ??= this.#late.giveUp(letter)
    return true
  }

  #spend(spent: readonly number[], what: keyof Allowances | null): readonly number[] | null {
    if (what === null) return spent
    const at = ALLOWANCES.indexOf(what)
    const count = spent[at] as number
    const limit = this.#limits[at] as number
    if (limit === Number.POSITIVE_INFINITY) return spent
    return count < limit ? spent.with(at, count + 1) : null
  }

  /** What becomes of a world in which that happens. A word that only tells of a commit is lost, and so are others, if that is said. */
  #after(world: World, { peer, stimulus, reaches, carries, others }: Act): World {
    const spent = this.#spend(world.spent, stimulus.kind === 'reconfigure' ? 'changes' : null) ?? world.spent
    let now: World = { ...world, spent }
    const left: Letter[] = []
    const happened = (next: World): void => {
      now = next
    }
    const happen = (at: number, what: Stimulus, outcome: Outcome | null): void =>
      this.#happens(now, { at, stimulus: what, spent, outcome }, (step) => happened(step.world))
    const isCarried = ({ message: m }: Letter): boolean =>
      carries.includes(m.type) && [m.from, m.to].every((one) => one === peer || reaches.includes(one)) && !isNews(m)
    if (stimulus.kind === 'tick') this.#passes(now, (step) => happened(step.world))
    else happen(peer - 1, stimulus, this.#atlas.meet(now.peers[peer - 1] as Peer, stimulus))
    if (now.peers === world.peers) throw new Error(`nothing came of '${stimulus.kind}' in the beginning`)
    for (let letter = now.letters[0]; letter; letter = now.letters[0]) {
      const arrived = letter
      const at = letter.message.to - 1
      now = { ...now, letters: now.letters.filter((one) => one !== arrived) }
      if (!isCarried(letter)) left.push(letter)
      else happen(at, letter.hear, this.#atlas.hear(now.peers[at] as Peer, letter))
    }
    for (let before: World | null = null; before !== now; ) {
      before = now
      for (const at of now.peers.keys())
        for (const what of SETTLING) happen(at, what, this.#atlas.meet(now.peers[at] as Peer, what))
    }
    return { ...now, letters: others === 'lost' ? [] : [...new Set(left)] }
  }
}

const SETTLING: readonly Stimulus[] = [{ kind: 'flush' }, { kind: 'apply' }]

const isNews = (m: Message): boolean => m.type === 'AppendEntries' && m.entries.length === 0

interface Happening {
  readonly at: number
  readonly stimulus: Stimulus
  readonly spent: readonly number[]
  readonly outcome: Outcome | null
  readonly again?: boolean
  readonly cut?: boolean
}

function chancesOf(model: Model, bounds: Bounds): readonly Chance[] {
  const chances: Chance[] = model.timers.map((delay) => ({
    stimulus: { kind: 'fire', delay },
    whose: delay === 'electionTimeout' ? model.impatient : undefined,
    costs: delay === 'heartbeatInterval' ? 'beats' : delay === 'electionTimeout' ? 'timeouts' : null,
  }))
  const plain: readonly Chance[] = [
    { stimulus: { kind: 'propose' }, costs: 'entries', whose: model.asked },
    { stimulus: { kind: 'crash' }, costs: 'crashes' },
    ...model.also.map((kind): Chance => ({ stimulus: { kind }, costs: kind === 'compact' ? 'compactions' : null })),
    ...(model.slowDisk ? [{ stimulus: { kind: 'flush' }, costs: null } as const] : []),
    ...(model.slowMachine ? [{ stimulus: { kind: 'apply' }, costs: null } as const] : []),
    ...model.changes.map(
      (change): Chance => ({ stimulus: { kind: 'reconfigure', change }, costs: 'changes', whose: model.asked }),
    ),
  ]
  chances.push(...plain)
  if (bounds.transfers > 0)
    for (let to = 1; to <= bounds.nodes; to++) chances.push({ stimulus: { kind: 'transfer', to }, costs: 'transfers' })
  return chances
}

function diskOf({ logs = {}, term = 0 }: Beginning, id: PeerId, conf: ConfState): DiskState {
  const terms: readonly Term[] = logs[id] ?? []
  const entries = terms.map((of, i): Entry => ({ term: of, index: i + 1, kind: 'command', data: EMPTY }))
  return {
    hard: { term: Math.max(term, terms.at(-1) ?? 0), vote: null, commit: 0 },
    truncated: { index: 0, term: 0 },
    entries,
    applied: 0,
    conf,
    snapshot: null,
  }
}
