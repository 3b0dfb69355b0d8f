/** Who listens to a subject: patterns in a tree of tokens, answers in a small cache. Knows nothing of connections. */

/** What is kept per subscription. Members of one queue share the messages of a subject. */
export interface Listener {
  readonly pattern: string
  readonly queue?: string | undefined
}

/** Everyone who matches: each of `plain`, and one of each group. Never changed after it is made. */
export interface Matched<T> {
  readonly plain: readonly T[]
  readonly groups: readonly (readonly T[])[]
}

interface Branch<T> {
  readonly literals: Map<string, Branch<T>>
  star: Branch<T> | null
  /** Patterns that end here. */
  readonly here: Set<T>
  /** Patterns that end here with `>`. */
  readonly tail: Set<T>
}

/** Subjects of replies are used once, so what is found for them is not kept. */
const REPLIES = '_INBOX.'

/** Answers kept: for the busy few. */
const CACHED_SUBJECTS_MAX = 4096

const sprout = <T>(): Branch<T> => ({ literals: new Map(), star: null, here: new Set(), tail: new Set() })
const isBare = <T>(branch: Branch<T>): boolean =>
  branch.literals.size === 0 && branch.star === null && branch.here.size === 0 && branch.tail.size === 0

/** A multimap from patterns to listeners. `*` stands for one token, a final `>` for one or more. */
export class SubjectTree<T extends Listener> {
  readonly #root: Branch<T> = sprout()
  readonly #cache = new Map<string, Matched<T>>()
  #size = 0

  /** Listeners in the tree. */
  get size(): number {
    return this.#size
  }

  /** Adds a listener under its pattern, which the caller has checked. */
  add(listener: T): void {
    let branch = this.#root
    for (const token of tokensOf(listener.pattern)) {
      if (token === '>') break
      branch = token === '*' ? starOf(branch) : literalOf(branch, token)
    }
    const leaf = leafOf(branch, listener)
    if (leaf.has(listener)) return
    leaf.add(listener)
    this.#size++
    this.#cache.clear()
  }

  /** Removes a listener; says whether it was there. Branches without leaves fall off. */
  remove(listener: T): boolean {
    const removed = prune(this.#root, listener)
    if (removed) {
      this.#size--
      this.#cache.clear()
    }
    return removed
  }

  /** Everyone who listens to a subject. A token that looks like a wildcard is taken as it is. */
  match(subject: string): Matched<T> {
    const known = this.#cache.get(subject)
    if (known !== undefined) return known
    const matched = inGroups(collect(this.#root, tokensOf(subject)))
    if (subject.startsWith(REPLIES)) return matched
    if (this.#cache.size >= CACHED_SUBJECTS_MAX) this.#cache.clear()
    this.#cache.set(subject, matched)
    return matched
  }
}

const tokensOf = (subject: string): string[] => subject.split('.')
const leafOf = <T extends Listener>(branch: Branch<T>, listener: T): Set<T> => (isTail(listener) ? branch.tail : branch.here)
const isTail = (listener: Listener): boolean => listener.pattern === '>' || listener.pattern.endsWith('.>')

function starOf<T>(branch: Branch<T>): Branch<T> {
  branch.star ??= sprout()
  return branch.star
}

function literalOf<T>(branch: Branch<T>, token: string): Branch<T> {
  let next = branch.literals.get(token)
  if (next === undefined) {
    next = sprout()
    branch.literals.set(token, next)
  }
  return next
}

/** Takes a listener off its branch, and cuts every branch that is bare then, from the outside in. */
function prune<T extends Listener>(root: Branch<T>, listener: T): boolean {
  const tokens = tokensOf(listener.pattern)
  if (isTail(listener)) tokens.pop()
  const path = [root]
  for (const token of tokens) {
    const branch = path.at(-1) as Branch<T>
    const next = token === '*' ? branch.star : branch.literals.get(token)
    if (!next) return false
    path.push(next)
  }
  if (!leafOf(path.at(-1) as Branch<T>, listener).delete(listener)) return false
  for (const token of tokens.reverse()) {
    if (!isBare(path.pop() as Branch<T>)) return true
    const parent = path.at(-1) as Branch<T>
    if (token === '*') parent.star = null
    else parent.literals.delete(token)
  }
  return true
}

/** Everything on the branches that a subject's tokens lead along. */
function collect<T>(root: Branch<T>, tokens: readonly string[]): T[] {
  const found: T[] = []
  const visit = (branch: Branch<T>, depth: number): void => {
    const token = tokens[depth]
    if (token === undefined) {
      found.push(...branch.here)
      return
    }
    found.push(...branch.tail)
    const literal = branch.literals.get(token)
    if (literal) visit(literal, depth + 1)
    if (branch.star) visit(branch.star, depth + 1)
  }
  visit(root, 0)
  return found
}

/** One group per queue name, also when its members came by different patterns. */
function inGroups<T extends Listener>(found: readonly T[]): Matched<T> {
  const plain: T[] = []
  const groups = new Map<string, T[]>()
  for (const listener of found) {
    if (listener.queue === undefined) plain.push(listener)
    else groups.set(listener.queue, [...(groups.get(listener.queue) ?? []), listener])
  }
  return { plain, groups: [...groups.values()] }
}
