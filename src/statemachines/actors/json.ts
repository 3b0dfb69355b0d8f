/** What survives JSON unchanged: only that may enter a replicated actor or be kept of one. Knows nothing of actors. */

/**
 * Levels of nesting in what is sent to an actor or kept of it. JSON.stringify recurses, and how deep it can differs between
 * machines; this is far below.
 */
export const DEPTH_MAX = 64

/** Names JSON can carry and a machine cannot keep: one sets a prototype, the other is xstate's mark for a reference. */
const FORBIDDEN: ReadonlySet<string> = new Set(['__proto__', 'xstate$$type'])

export interface JsonRules {
  /** A property that is undefined is fine: it is left out, and reads as undefined again. Never in an array. */
  readonly undefinedProperties: boolean
  readonly depthMax: number
}

/** Where and why a value would not survive, as `.a.b: a Date`; undefined when it does. */
export function jsonProblem(value: unknown, rules: JsonRules): string | undefined {
  return problem(value, rules, 0)
}

function problem(value: unknown, rules: JsonRules, depth: number): string | undefined {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return undefined
    case 'number':
      return Number.isFinite(value) ? undefined : `: ${value}`
    case 'object':
      if (value === null) return undefined
      if (depth === rules.depthMax) return `: nested deeper than ${rules.depthMax}`
      return Array.isArray(value) ? problemInArray(value, rules, depth) : problemInObject(value, rules, depth)
    default:
      return `: ${typeof value}`
  }
}

function problemInArray(array: readonly unknown[], rules: JsonRules, depth: number): string | undefined {
  for (let i = 0; i < array.length; i++) {
    // by index: for…of and forEach differ on holes
    const found = problem(array[i], rules, depth + 1)
    if (found !== undefined) return `[${i}]${found}`
  }
  return undefined
}

function problemInObject(object: object, rules: JsonRules, depth: number): string | undefined {
  const prototype: unknown = Object.getPrototypeOf(object)
  if (prototype !== null && Object.getPrototypeOf(prototype) !== null) return `: ${nameOf(object)}`
  for (const [key, value] of Object.entries(object)) {
    if (FORBIDDEN.has(key)) return `.${key}: a reserved name`
    if (value === undefined && rules.undefinedProperties) continue
    const found = problem(value, rules, depth + 1)
    if (found !== undefined) return `.${key}${found}`
  }
  return undefined
}

const nameOf = (object: object): string =>
  typeof object.constructor === 'function' ? `a ${object.constructor.name}` : 'not a plain object'
