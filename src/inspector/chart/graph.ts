/** A machine's definition as a plain graph of boxes and arrows. Knows nothing of pixels, pages, or which state is active. */

/** What this room reads of a transition in a machine's definition. XState's own definitions fit as they are. */
interface TransitionSource {
  readonly eventType: string
  readonly target?: readonly NodeSource[] | undefined
  readonly guard?: unknown
  readonly reenter?: boolean
  readonly delay?: unknown
}

/** What this room reads of a state node: give it `machine.root`. */
export interface NodeSource {
  readonly key: string
  readonly path: readonly string[]
  readonly type: string
  readonly states: Readonly<Record<string, NodeSource>>
  readonly transitions: ReadonlyMap<string, readonly TransitionSource[]>
  readonly always?: readonly TransitionSource[] | undefined
  readonly initial?: { readonly target?: readonly NodeSource[] | undefined } | undefined
}

/** Why a state is left or kept: an event in human words, and the guard that must agree. */
export interface Cause {
  readonly event: string
  readonly guard: string | null
}

/** One state of the chart. The root has no box: what it handles holds in every state. */
export interface ChartState {
  /** Dotted path, as in a status: `campaigning.candidate`. */
  readonly id: string
  readonly name: string
  readonly parent: string | null
  readonly kind: string
  /** Entered when its parent is. */
  readonly initial: boolean
  /** What restarts this state: transitions that end where they began, and its timers with it. */
  readonly restarts: readonly Cause[]
  /** What is handled here without leaving. */
  readonly handles: readonly Cause[]
}

/** One arrow between two states, with every cause that takes it. From {@link ANYWHERE} when the root owns it. */
export interface ChartArrow {
  readonly id: string
  readonly from: string
  readonly to: string
  readonly causes: readonly Cause[]
}

/** A whole chart. States come parents first, in the order of the definition. */
export interface Chart {
  readonly name: string
  readonly states: readonly ChartState[]
  readonly arrows: readonly ChartArrow[]
  /** What every state handles without leaving. */
  readonly handles: readonly Cause[]
}

/** Where the arrows of the root begin. No state can have this id. */
export const ANYWHERE = '*'

/** Reads a machine's definition. Parallel arrows become one arrow with several causes. */
export function chartOf(root: NodeSource): Chart {
  const states: ChartState[] = []
  const arrows = new Map<string, ChartArrow>()
  const restarts = new Map<string, Cause[]>()
  const visit = (node: NodeSource, parent: NodeSource | null): void => {
    const handles: Cause[] = []
    for (const transition of transitionsOf(node)) {
      const cause = causeOf(transition)
      const targets = transition.target ?? []
      if (targets.length === 0) handles.push(cause)
      for (const target of targets) {
        if (staysWithin(node, target)) push(restarts, idOf(target), cause)
        else draw(arrows, { from: idOf(node), to: idOf(target) }, cause)
      }
    }
    states.push({ ...faceOf(node, parent), restarts: [], handles })
    for (const child of Object.values(node.states)) visit(child, node)
  }
  visit(root, null)
  const [whole, ...inner] = states
  return {
    name: root.key,
    states: inner.map((state) => ({ ...state, restarts: restarts.get(state.id) ?? [] })),
    arrows: [...arrows.values()],
    handles: whole?.handles ?? [],
  }
}

/** A cause on one line, as a label shows it. */
export const sentenceOf = (cause: Cause): string =>
  cause.guard === null ? cause.event : `${cause.event} [${cause.guard}]`.trim()

function transitionsOf(node: NodeSource): readonly TransitionSource[] {
  return [...node.transitions.values(), node.always ?? []].flat()
}

function idOf(node: NodeSource): string {
  return node.path.length === 0 ? ANYWHERE : node.path.join('.')
}

/** A state that targets itself or its own inside restarts it; the root cannot, for it has no box to stay in. */
function staysWithin(source: NodeSource, target: NodeSource): boolean {
  return source.path.length > 0 && source.path.every((key, depth) => target.path[depth] === key)
}

function faceOf(node: NodeSource, parent: NodeSource | null): Omit<ChartState, 'restarts' | 'handles'> {
  const initial = parent?.initial?.target?.some((target) => idOf(target) === idOf(node)) ?? false
  const inBox = parent !== null && parent.path.length > 0
  return { id: idOf(node), name: node.key, parent: inBox ? idOf(parent) : null, kind: node.type, initial }
}

function causeOf(transition: TransitionSource): Cause {
  return { event: eventName(transition), guard: guardName(transition.guard) }
}

function eventName(transition: TransitionSource): string {
  if (transition.delay !== undefined) {
    return typeof transition.delay === 'number' ? `after ${transition.delay} ms` : `after ${String(transition.delay)}`
  }
  if (transition.eventType === '') return transition.guard === undefined ? 'always' : ''
  return transition.eventType.replace(/^xstate\.(done|error)\.[^.]+\..*$/, '$1')
}

function guardName(guard: unknown): string | null {
  if (guard === undefined || guard === null) return null
  if (typeof guard === 'string') return guard
  if (typeof guard === 'object' && 'type' in guard) return String(guard.type)
  return typeof guard === 'function' && guard.name !== '' ? guard.name : 'condition'
}

function draw(arrows: Map<string, ChartArrow>, ends: { readonly from: string; readonly to: string }, cause: Cause): void {
  const id = `${ends.from}->${ends.to}`
  arrows.set(id, { id, ...ends, causes: [...(arrows.get(id)?.causes ?? []), cause] })
}

function push(lists: Map<string, Cause[]>, key: string, cause: Cause): void {
  lists.set(key, [...(lists.get(key) ?? []), cause])
}
