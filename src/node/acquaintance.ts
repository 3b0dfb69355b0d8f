/**
 * Which store each other node speaks from, and of which of its runs: remembered beyond our own restarts. A copy of a directory has the same uuid; that it
 * is a copy shows when its count of boots falls, or when one boot has two values. A backup of our own store takes along the uuid alone: where all nodes
 * begin again from backups, each of its own hour, boots are counted anew.
 */

import type { Logger } from '../ports/logger.ts'
import { HERE, type NodeStore } from '../ports/store.ts'
import type { Sender } from '../wire/envelope.ts'

/** One run of one store. An empty run: it was remembered before runs were told. */
interface Known {
  readonly store: string
  readonly boot: number
  readonly run: string
}

/** What is to be thought of who speaks: somebody new, the one we know, or another under its name. */
export type Verdict = 'met' | 'known' | 'stranger'

/** The uuid; of a store from before there was the other fact, all of it. */
const factOf = (node: string): string => `store:${node}`

const runFactOf = (node: string): string => `${HERE}run:${node}`

/** Names one run of one store, in one word. */
export const runOf = ({ store, boot, run }: Pick<Sender, 'store' | 'boot' | 'run'>): string => `${store}/${boot}/${run}`

/** Forgets which store a node spoke from, in a store that no node has open. */
export async function forgetStore(store: NodeStore, node: string): Promise<void> {
  for (const fact of [factOf(node), runFactOf(node)]) if ((store.recall(fact) ?? '') !== '') await store.remember(fact, '')
}

export class Acquaintance {
  readonly #store: NodeStore
  readonly #logger: Logger
  readonly #known = new Map<string, Known>()
  /** Facts as they were last given to the store, which may have them on their way. */
  readonly #kept = new Map<string, string>()
  #heard = new Set<string>()
  #onReturned: (sender: Sender) => void = () => {}

  constructor(store: NodeStore, logger: Logger) {
    this.#store = store
    this.#logger = logger
  }

  /** Calls back when a known node is heard for the first time since it was started again. */
  watch(onReturned: (sender: Sender) => void): void {
    this.#onReturned = onReturned
  }

  /** Looks at a sender, and remembers it if it is the first of its name, or a later run of the one we know. */
  judge(sender: Sender): Verdict {
    const { node, store, boot, run } = sender
    const known = this.#known.get(node) ?? this.#recall(node)
    if (known && known.store !== store) return 'stranger'
    if (known && (boot < known.boot || (boot === known.boot && known.run !== '' && run !== known.run))) return 'stranger'
    const now = { store, boot, run }
    this.#heard.add(node)
    if (known && boot === known.boot && run === known.run) {
      this.#known.set(node, now)
      return 'known'
    }
    this.#known.set(node, now)
    if (!known) this.#logger.info({ node, store }, 'met a node for the first time')
    else if (known.run !== '') this.#onReturned(sender)
    this.#keep(node, now)
    return known ? 'known' : 'met'
  }

  /** Whether that node speaks from a store of which we know nothing; and not from an older state of the one that we know. */
  hasMoved({ node, store }: Pick<Sender, 'node' | 'store'>): boolean {
    return (this.#known.get(node) ?? this.#recall(node))?.store !== store
  }

  /** Nodes that spoke from the store we know since this was last asked. */
  takeHeard(): ReadonlySet<string> {
    const heard = this.#heard
    this.#heard = new Set()
    return heard
  }

  /** That node's peers that we heard have left all our groups: should it come again, then perhaps from another store. */
  forget(node: string): void {
    if ((this.#known.get(node) ?? this.#recall(node)) === undefined) return
    this.#known.delete(node)
    this.#keep(node, null)
  }

  #recall(node: string): Known | undefined {
    const fact = this.#store.recall(runFactOf(node)) || this.#store.recall(factOf(node))
    const [store = '', boot = '0', run = ''] = (fact ?? '').split('/')
    return store === '' ? undefined : { store, boot: Number(boot), run }
  }

  #keep(node: string, known: Known | null): void {
    const facts = [
      [runFactOf(node), known ? runOf(known) : ''],
      [factOf(node), known?.store ?? ''],
    ] as const
    for (const [fact, value] of facts) {
      if ((this.#kept.get(fact) ?? this.#store.recall(fact) ?? '') === value) continue
      this.#kept.set(fact, value)
      this.#store.remember(fact, value).catch((error: unknown) => {
        this.#logger.error({ node, error: String(error) }, 'could not keep the identity of a node')
      })
    }
  }
}
