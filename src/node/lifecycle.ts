/** Runs the life charts of nodes and peers. The only room of the node that knows xstate. */

import { type ActorRefFrom, createActor, fromPromise } from 'xstate'
import { type NodeLifeActor, nodeMachine } from '../../machines/node.ts'
import { peerMachine } from '../../machines/peer.ts'
import { type FlotillaError, toFlotillaError } from '../base/errors.ts'
import type { Logger } from '../ports/logger.ts'

/** What the node does in each state of its life. */
export type NodeWork = Readonly<Record<NodeLifeActor, () => Promise<void>>>

/** A node's life, as the rest of the node sees it. */
export interface NodeLife {
  readonly state: string
  /** Resolves once the node serves; rejects when it could not. */
  readonly serving: Promise<void>
  /** Resolves once the node is closed: with the error that ended it, or null. */
  readonly closed: Promise<FlotillaError | null>
  stop(): void
  fail(error: unknown): void
}

/** Says at once why a node fails: what follows may take a while, or not be survived. */
export function startNodeLife(work: NodeWork, logger: Pick<Logger, 'error'>): NodeLife {
  const actors = {
    open: fromPromise<void>(() => work.open()),
    join: fromPromise<void>(() => work.join()),
    drain: fromPromise<void>(() => work.drain()),
    abandon: fromPromise<void>(() => work.abandon()),
  } satisfies Record<NodeLifeActor, unknown>
  const actor = createActor(nodeMachine.provide({ actors }))
  const errorOf = (): FlotillaError | null => {
    const { error } = actor.getSnapshot().context
    return error === null ? null : toFlotillaError(error, 'STORAGE_FAILED')
  }
  let served = (): void => {}
  let failed = (_: FlotillaError | null): void => {}
  const serving = new Promise<void>((resolve, reject) => {
    served = resolve
    failed = reject
  })
  serving.catch(() => {}) // whoever waits for it hears of it; nobody has to
  const closed = new Promise<FlotillaError | null>((resolve) => {
    actor.subscribe({
      next: (snapshot) => {
        if (snapshot.value === 'serving') served()
        if (snapshot.status !== 'done') return
        failed(errorOf())
        resolve(errorOf())
      },
      error: (error) => resolve(toFlotillaError(error, 'INVARIANT')),
    })
  })
  actor.start()
  return {
    get state() {
      return String(actor.getSnapshot().value)
    },
    serving,
    closed,
    stop: () => actor.send({ type: 'stop' }),
    fail: (thrown) => {
      if (['failed', 'closed'].includes(String(actor.getSnapshot().value))) return // the first failure is the one that counts
      const error = toFlotillaError(thrown, 'STORAGE_FAILED')
      logger.error({ code: error.code, ...error.details }, `the node fails: ${error.message}`)
      actor.send({ type: 'failed', error })
    },
  }
}

/** A peer's life. */
export interface PeerLife {
  readonly state: string
  tell(event: Parameters<ActorRefFrom<typeof peerMachine>['send']>[0]): void
}

export function startPeerLife(): PeerLife {
  const actor = createActor(peerMachine)
  actor.subscribe({ error: () => {} })
  actor.start()
  return {
    get state() {
      return String(actor.getSnapshot().value)
    },
    tell: (event) => actor.send(event),
  }
}
