/**
 * Which store each other node speaks from, and of which of its runs: remembered beyond our own restarts. A copy of a directory has the same uuid; that it
 * is a copy shows when its count of boots falls, or when one boot has two values.
 */

import type { Logger } from '../ports/logger.ts'
import type { NodeStore } from '../ports/store.ts'
import type { Sender } from '../wire/envelope.ts'

/** One run of one store. An empty run: it was remembered before runs were told. */
interface Known {
  readonly store: string
  readonly boot: number
  readonly run: string
}

/** What is to be thought of who speaks: somebody new, the one we know, or another under its name. */
export type Verdict = 'met' | 'known' | 'stranger'

const factOf = (node: string): string => `store:${node}`

/** Names one run of one store, in one word. */
export const runOf = ({ store, boot, run }: Pick<Sender, 'store' | 'boot' | 'run'>): string => `${store}/${boot}/${run}`

/** Forgets which store a node spoke from, in a store that no node has open. */
export async function forgetStore(store: NodeStore, node: string): Promise<void> {
  if ((store.recall(factOf(node)) ?? '') !== '') await store.remember(factOf(node), '')
}

export class Acquaintance {
  readonly #store: NodeStore
  readonly #logger: Logger
  readonly #known = new Map<string, Known>()
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
    this.#keep(node, runOf(now))
    return known ? 'known' : 'met'
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
    this.#keep(node, '')
  }

  #recall(node: string): Known | undefined {
    const [store = '', boot = '0', run = ''] = (this.#store.recall(factOf(node)) ?? '').split('/')
    return store === '' ? undefined : { store, boot: Number(boot), run }
  }

  #keep(node: string, value: string): void {
    this.#store.remember(factOf(node), value).catch((error: unknown) => {
      this.#logger.error({ node, error: String(error) }, 'could not keep the identity of a node')
    })
  }
}
