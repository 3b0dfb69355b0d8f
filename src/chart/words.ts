/** Fitting plain functions to a chart: a reducer becomes an assign, a maker an action whose return value the stepper collects. */

import { assign } from 'xstate'

/** A guard: asks about the context and the event. */
export type Ask<C, E> = (context: C, event: E) => boolean

/** A reducer: the fields that change. */
export type Reduce<C, E> = (context: C, event: E) => Partial<C>

/** A maker: what to say, in the new state. */
export type Make<C, E, Out> = (context: C, event: E) => readonly Out[]

/** An assign action. Its true type has the machine's own type arguments, which only its user knows; `never` fits every machine. */
export type AssignWord = never

interface Args<C> {
  readonly context: C
  readonly event: unknown
}

/** A guard in xstate's form. The chart lets only events of the right type come here. */
export const guard =
  <C, E>(ask: Ask<C, E>) =>
  ({ context, event }: Args<C>): boolean =>
    ask(context, event as E)

/** A reducer in xstate's form, which still knows what it was made of. */
export interface ReducerWord {
  readonly reduce: (context: object, event: unknown) => object
}

/** A reducer in xstate's form. */
export const reducer = <C extends object, E>(reduce: Reduce<C, E>): AssignWord =>
  Object.assign(
    assign(({ context, event }) => reduce(context as C, event as unknown as E)),
    { reduce },
  ) as unknown as AssignWord

/** Whether an action was made by {@link reducer}. */
export const isReducer = (action: object): action is ReducerWord => 'reduce' in action

/** A maker in xstate's form. */
export const maker =
  <C, E, Out>(make: Make<C, E, Out>) =>
  ({ context, event }: Args<C>): readonly Out[] =>
    make(context, event as E)

/** Several reducers as one: each sees what the ones before it changed. One assign per transition keeps a step cheap. */
export const chain =
  <C extends object, E>(...reducers: readonly Reduce<C, E>[]): Reduce<C, E> =>
  (context, event) => {
    const patch: Partial<C> = {}
    const now = { ...context } // ours alone: every reducer sees it as it is, none may keep it
    for (const reduce of reducers) {
      const change = reduce(now, event)
      Object.assign(patch, change)
      Object.assign(now, change)
    }
    return patch
  }
