/** A group's replicated actors as a program sees them, typed by the registry of their machines. Knows nothing of leaders or retries. */

import { FlotillaError } from '../base/errors.ts'
import { encodeSend, encodeStart, encodeStop } from '../statemachines/actors/command.ts'
import { encodeGet, encodeList } from '../statemachines/actors/query.ts'
import type { ActorRegistry, ActorsOf } from '../statemachines/actors/registry.ts'
import {
  type ActorResult,
  type ActorSummary,
  type ActorView,
  decodeActorList,
  decodeResult,
  decodeView,
} from '../statemachines/actors/result.ts'
import { optionsOf } from './checks.ts'
import type { GroupCalls, ReadOptions, WriteOptions } from './types.ts'

/** Names of the machines in a registry. */
export type ActorType<R extends ActorRegistry> = keyof R & string

/** An instance after a command: its state, whether the command changed it, and where in the log that is. */
export interface ActorReply<R extends ActorRegistry, T extends ActorType<R>> extends Omit<ActorResult, 'value' | 'output'> {
  readonly value: ActorsOf<R>[T]['value']
  readonly output?: ActorsOf<R>[T]['output']
  readonly index: number
}

/** One instance, whole. */
export interface TypedActorView<R extends ActorRegistry, T extends ActorType<R>>
  extends Omit<ActorView, 'type' | 'value' | 'context' | 'output'> {
  readonly type: T
  readonly value: ActorsOf<R>[T]['value']
  readonly context: ActorsOf<R>[T]['context']
  readonly output?: ActorsOf<R>[T]['output']
}

/** What a new instance is given. `input` is what the machine's context is made from; it may be missing if the machine says so. */
export type StartOptions<R extends ActorRegistry, T extends ActorType<R>> = WriteOptions &
  (undefined extends ActorsOf<R>[T]['input']
    ? { readonly input?: ActorsOf<R>[T]['input'] }
    : { readonly input: ActorsOf<R>[T]['input'] })

/** The last parameter of `start`: it may be left out where the input may. */
export type StartRest<R extends ActorRegistry, T extends ActorType<R>> = undefined extends ActorsOf<R>[T]['input']
  ? [options?: StartOptions<R, T>]
  : [options: StartOptions<R, T>]

/** Which instances to list, and how fresh the list must be. */
export interface ListOptions<R extends ActorRegistry> extends ReadOptions {
  /** Only instances of this machine. */
  readonly type?: ActorType<R>
}

/**
 * Replicated actors of one group. `send` and `get` do not know an instance's machine from its id: name it as in
 * `send<'counter'>('c1', { type: 'INC' })`, or be given the types of all machines.
 */
export interface ActorsClient<R extends ActorRegistry> {
  /** Makes an instance. Rejects with `ACTOR_EXISTS` when the id is taken. */
  start<T extends ActorType<R>>(type: T, id: string, ...rest: StartRest<R, T>): Promise<ActorReply<R, T>>
  /** Gives an instance an event. Rejects with `ACTOR_UNKNOWN`, or `ACTOR_FAILED` when a function of the machine threw. */
  send<T extends ActorType<R> = ActorType<R>>(
    id: string,
    event: ActorsOf<R>[T]['event'],
    options?: WriteOptions,
  ): Promise<ActorReply<R, T>>
  /** Removes an instance. Rejects with `ACTOR_UNKNOWN`. */
  stop(id: string, options?: WriteOptions): Promise<ActorReply<R, ActorType<R>>>
  /** An instance, or undefined when there is none. */
  get<T extends ActorType<R> = ActorType<R>>(id: string, options?: ReadOptions): Promise<TypedActorView<R, T> | undefined>
  /** Instances in the order of their ids, fetched page by page. */
  list(options?: ListOptions<R>): AsyncIterable<ActorSummary>
}

/** The actors of one group, over any client. */
export const actorsClient = <R extends ActorRegistry>(calls: GroupCalls, group: string): ActorsClient<R> =>
  new Actors<R>(calls, group)

class Actors<R extends ActorRegistry> implements ActorsClient<R> {
  readonly #calls: GroupCalls
  readonly #group: string

  constructor(calls: GroupCalls, group: string) {
    this.#calls = calls
    this.#group = group
  }

  async start<T extends ActorType<R>>(type: T, id: string, ...rest: StartRest<R, T>): Promise<ActorReply<R, T>> {
    const { input, ...options }: WriteOptions & { readonly input?: unknown } = optionsOf<object>(rest[0])
    return this.#propose<T>(encodeStart(type, id, input), options)
  }

  async send<T extends ActorType<R> = ActorType<R>>(
    id: string,
    event: ActorsOf<R>[T]['event'],
    options: WriteOptions = {},
  ): Promise<ActorReply<R, T>> {
    return this.#propose<T>(encodeSend(id, event as object), options)
  }

  async stop(id: string, options: WriteOptions = {}): Promise<ActorReply<R, ActorType<R>>> {
    return this.#propose<ActorType<R>>(encodeStop(id), options)
  }

  async get<T extends ActorType<R> = ActorType<R>>(
    id: string,
    options: ReadOptions = {},
  ): Promise<TypedActorView<R, T> | undefined> {
    try {
      const { body } = await this.#calls.read(this.#group, encodeGet(id), options)
      return decodeView(body) as TypedActorView<R, T>
    } catch (error) {
      if (error instanceof FlotillaError && error.code === 'ACTOR_UNKNOWN') return undefined
      throw error
    }
  }

  async *list(given?: ListOptions<R>): AsyncGenerator<ActorSummary, void, undefined> {
    const { type, ...options } = optionsOf(given)
    let after: string | undefined
    do {
      const query = encodeList({ ...(type === undefined ? {} : { type }), ...(after === undefined ? {} : { after }) })
      const { body } = await this.#calls.read(this.#group, query, options)
      const page = decodeActorList(body)
      yield* page.actors
      after = page.next
    } while (after !== undefined)
  }

  async #propose<T extends ActorType<R>>(command: Uint8Array, options: WriteOptions): Promise<ActorReply<R, T>> {
    const { index, body } = await this.#calls.propose(this.#group, command, options)
    return { ...decodeResult(body), index } as ActorReply<R, T>
  }
}
