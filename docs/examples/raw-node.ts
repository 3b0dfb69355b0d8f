/** Three peers of Raft in one process, without disk or network: `npm run build && node dist/docs/examples/raw-node.js`. */

import { type ConfState, type Entry, type Message, RawNode, votersOnly } from '../../src/raft.ts'

/** What a host is: it does what each Ready says. Here the disk is an array, and the network another one. */
class Host {
  readonly node: RawNode
  /** Our state machine: a list of words. */
  readonly words: string[] = []
  conf: ConfState
  readonly #disk: Entry[] = []

  constructor(id: number, confState: ConfState) {
    this.conf = confState
    this.node = new RawNode({ id, initial: { confState } })
  }

  /** One turn: returns what is to be sent. */
  work(): Message[] {
    const letters: Message[] = []
    while (this.node.hasReady()) {
      const ready = this.node.ready()
      // 1. write: hardState and entries, in one flush if ready.mustSync says so; an entry replaces what the disk has from its index on
      for (const entry of ready.entries) this.#disk[entry.index] = entry
      // 2. send; what `waitsForDisk` must not leave before step 1 is durable
      letters.push(...ready.messages)
      // 3. apply
      for (const entry of ready.committedEntries) {
        if (entry.kind === 'command') this.words.push(new TextDecoder().decode(entry.data))
        if (entry.kind === 'configuration') this.conf = this.node.applyConfChange(entry)
      }
      // 4. reads that are confirmed may be answered: everything they must see is applied
      for (const { context, index } of ready.readStates)
        console.log(`read '${context}' at index ${index}: ${this.words.join(' ')}`)
      this.node.advance(ready)
    }
    return letters
  }
}

const hosts = [1, 2, 3].map((id) => new Host(id, votersOnly([1, 2, 3])))

/** Delivers everything until all are silent. */
function settle(): void {
  for (let letters = hosts.flatMap((host) => host.work()); letters.length > 0; letters = hosts.flatMap((host) => host.work())) {
    for (const letter of letters) hosts[letter.to - 1]?.node.step(letter)
  }
}

const [first, second, third] = hosts as [Host, Host, Host]
first.node.campaign() // or wait: enough calls of tick() do the same
settle()
first.node.propose(new TextEncoder().encode('hello'))
second.node.propose(new TextEncoder().encode('world')) // passed on to the leader
settle()
third.node.readIndex('what is there?') // asks the leader how far it must have applied
settle()

hosts.push(new Host(4, { ...votersOnly([]) })) // knows nothing yet: the log will tell
first.node.proposeConfChange({ transition: 'auto', steps: [{ type: 'AddNode', peer: 4 }], context: '' })
settle()
for (let i = 0; i < 2; i++) {
  for (const host of hosts) host.node.tick()
  settle()
}
for (const { node, words, conf } of hosts) {
  const { id, role, term, commit } = node.status()
  console.log(`peer ${id}: ${role} in term ${term}, commit ${commit}, voters ${conf.voters.join(' ')}: ${words.join(' ')}`)
}
