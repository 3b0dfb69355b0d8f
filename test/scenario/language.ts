/** The commands of the transcripts, played on a group in memory. Each block answers with what happened. */

import assert from 'node:assert/strict'
import { Cluster } from '../harness/cluster.ts'
import { STEPS } from '../harness/lab.ts'
import type { TestPeer } from '../harness/test-peer.ts'
import { changes, letterWord, type Moment, momentOf, peerWord } from './words.ts'

/** One command: its name, plain words, and `key=value` words. */
interface Command {
  readonly name: string
  readonly words: readonly string[]
  readonly options: ReadonlyMap<string, string>
}

function parse(text: string): Command {
  const [name = '', ...rest] = text.trim().split(/\s+/)
  const options = new Map<string, string>()
  const words = rest.filter((word) => {
    const at = word.indexOf('=')
    if (at > 0) options.set(word.slice(0, at), word.slice(at + 1))
    return at <= 0
  })
  return { name, words, options }
}

const numbers = (words: string): number[] =>
  words
    .replace(/[[\]()]/g, '')
    .split(',')
    .filter((word) => word !== '')
    .map(Number)

/** One story: a group, and what is told of it. */
export class Story {
  #cluster: Cluster | undefined
  #told: string[] = []
  readonly #moments = new Map<TestPeer, Moment>()

  /** Plays the commands of one block: lines, several on one separated by ` / `, `#` begins a comment. */
  play(block: string): string {
    this.#told = []
    for (const line of block.split('\n'))
      for (const command of (line.split('#', 1)[0] as string).split(' / ')) if (command.trim() !== '') this.#run(parse(command))
    this.#cluster?.checkLogs()
    return this.#told.length === 0 ? 'ok' : this.#told.join('\n')
  }

  get #group(): Cluster {
    assert.ok(this.#cluster, 'a story begins with add-nodes')
    return this.#cluster
  }

  #run(command: Command): void {
    if (command.name === 'add-nodes') {
      this.#add(command)
      return
    }
    const play = COMMANDS[command.name]
    assert.ok(play, `no such command: ${command.name}`)
    play(this.#group, command, this)
    this.#group.check()
    this.#tellChanges()
  }

  #add({ words, options }: Command): void {
    const logs: Record<number, number[]> = {}
    for (const [key, value] of options) if (/^\d+$/.test(key)) logs[Number(key)] = numbers(value)
    const number = (key: string): number => Number(options.get(key) ?? 0)
    this.#cluster = new Cluster(STEPS, Number(words[0]), { logs, term: number('term'), commit: number('commit'), seed: 1 })
    this.#tellChanges()
  }

  tell(line: string): void {
    this.#told.push(line)
  }

  /** Tells what changed since this was last asked. */
  #tellChanges(): void {
    for (const peer of this.#group.up) {
      const moment = this.#moments.get(peer)
      if (moment) this.#told.push(...changes(moment, peer))
      this.#moments.set(peer, momentOf(peer))
    }
  }

  /** Delivers letters to some peers, or all, telling each; those to `lost` are lost. */
  deliver(to: readonly number[], lost: readonly number[] = []): void {
    const group = this.#group
    for (let count = 0; count < 500; count++) {
      const letter = group.network.take((m) => to.length === 0 || to.includes(m.to) || lost.includes(m.to))
      if (!letter) return
      const reached = !lost.includes(letter.to) && !group.down.includes(letter.to)
      this.tell(`${letterWord(letter)}${reached ? '' : '  (lost)'}`)
      if (reached) group.peer(letter.to).hear(letter)
      this.#tellChanges()
      group.check()
    }
    assert.fail('the letters never end')
  }
}

type Play = (group: Cluster, command: Command, story: Story) => void

const first = ({ words }: Command): number => Number(words[0])
const ids = ({ words }: Command): number[] => words.map(Number)

const COMMANDS: Readonly<Record<string, Play>> = {
  /** An election that is not the story: told by its outcome alone. */
  elect: (group, command) => void group.elect(first(command)),
  campaign: (group, command) => group.fire(first(command), 'electionTimeout'),
  fire: (group, command) => group.fire(first(command), command.words[1] as string),
  forget: (group, command) => group.forget(...ids(command)),
  deliver: (_, command, story) => story.deliver(ids(command), numbers(command.options.get('drop') ?? '')),
  stabilize: (_, __, story) => story.deliver([]),
  tick(group, command, story) {
    const [ticks = 1, ...peers] = ids(command)
    const silent = command.options.get('quiet') === 'yes'
    for (let i = 0; i < ticks; i++) {
      for (const peer of group.up) if (peers.length === 0 || peers.includes(peer.id)) peer.tick()
      if (silent) group.settle()
      else story.deliver([], numbers(command.options.get('drop') ?? ''))
    }
  },
  propose: (group, { words }) => void group.propose(Number(words[0]), ...words.slice(1)),
  read: (group, command) => void group.read(first(command)),
  transfer: (group, { words }) => void group.transfer(Number(words[0]), words[1] === 'any' ? null : Number(words[1])),
  crash: (group, command) => group.crash(first(command)),
  restart: (group, command) => void group.restart(first(command)),
  slow(group, command) {
    group.peer(first(command)).slowDisk = true
  },
  flush: (group, command) => group.peer(first(command)).flush(),
  isolate: (group, command) => group.isolate(...ids(command)),
  cut: (group, { words }) => group.network.cut(Number(words[0]), Number(words[1])),
  lose: (group, { words }) => group.network.drop((m) => words.includes(m.type)),
  heal: (group) => group.heal(),
  status(group, command, story) {
    const chosen = ids(command)
    for (const peer of group.up) if (chosen.length === 0 || chosen.includes(peer.id)) story.tell(peerWord(peer))
    for (const id of group.down) story.tell(`${id} is down`)
  },
}
