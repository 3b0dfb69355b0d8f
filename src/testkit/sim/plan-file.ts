/** A plan as a file that is replayed for ever. Checks what it reads: such files are edited by people. */

import { z } from 'zod'
import { FlotillaError } from '../../base/errors.ts'
import { FAULT_NAMES, type FaultName } from './faults.ts'
import type { Plan } from './plan.ts'

/** A plan, and what once went wrong with it. */
export interface PlanFile {
  readonly invariant: string
  readonly plan: Plan
}

/** Of the file's form, not of the program. */
const FORM = 1

const NODES_MAX = 9
const FAULTS_MAX = 10_000
const DAY_MS = 86_400_000

const name = z.string().regex(/^[a-z][a-z0-9_-]{0,31}$/)
const ms = z.number().min(0).max(DAY_MS)

const fault = z.strictObject({
  kind: z.enum(FAULT_NAMES as [FaultName, ...FaultName[]]),
  at: ms,
  ms,
  params: z.record(z.string(), z.union([z.number(), z.string(), z.array(z.string())])),
})

const plan: z.ZodType<Plan> = z.strictObject({
  seed: z.int(),
  profile: z.string(),
  nodes: z.array(name).min(1).max(NODES_MAX),
  stormMs: ms,
  clients: z.int().min(0).max(100),
  groups: z.int().min(1).max(20),
  keys: z.int().min(1).max(1000),
  logEntries: z.int().min(1),
  leaseReads: z.boolean(),
  faults: z.array(fault).max(FAULTS_MAX),
})

const file = z.strictObject({ form: z.literal(FORM), invariant: z.string(), plan })

/** As people can read it: a fault is a line, and the same plan is the same text. */
export function planFileText({ invariant, plan }: PlanFile): string {
  const { faults, seed, profile, nodes, stormMs, clients, groups, keys, logEntries, leaseReads } = plan
  const head = { seed, profile, nodes, stormMs, clients, groups, keys, logEntries, leaseReads }
  const words = Object.entries(head).map(([key, value]) => `    ${JSON.stringify(key)}: ${spaced(value)},`)
  const lines = faults.map(({ kind, at, ms, params }) => `      ${spaced({ kind, at, ms, params })}`)
  const list = lines.length === 0 ? '    "faults": []' : `    "faults": [\n${lines.join(',\n')}\n    ]`
  return [
    `{`,
    `  "form": ${FORM},`,
    `  "invariant": ${JSON.stringify(invariant)},`,
    `  "plan": {`,
    ...words,
    list,
    `  }`,
    `}`,
    ``,
  ].join('\n')
}

/** JSON in one line, with room to breathe. */
function spaced(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(spaced).join(', ')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const parts = Object.entries(value).map(([key, one]) => `${JSON.stringify(key)}: ${spaced(one)}`)
  return parts.length === 0 ? '{}' : `{ ${parts.join(', ')} }`
}

/** Reads such a text. Throws `CONFIG_INVALID` for anything else, and for faults that befall nodes which are not there. */
export function planFileOf(text: string): PlanFile {
  const parsed = file.safeParse(json(text))
  if (!parsed.success) throw new FlotillaError('CONFIG_INVALID', `this is no saved plan:\n${z.prettifyError(parsed.error)}`)
  const { invariant, plan } = parsed.data
  for (const { kind, at, params } of plan.faults)
    for (const [role, node] of namesIn(params))
      if (!plan.nodes.includes(node))
        throw new FlotillaError(
          'CONFIG_INVALID',
          `this is no saved plan: ${kind} at ${at} has ${role} '${node}', which is no node of it`,
        )
  return { invariant, plan }
}

/** Whom a fault befalls. All words in its parameters are names of nodes. */
export function namesIn(params: Plan['faults'][number]['params']): (readonly [role: string, node: string])[] {
  return Object.entries(params).flatMap(([role, value]) =>
    (Array.isArray(value) ? value : [value]).flatMap((one): (readonly [string, string])[] =>
      typeof one === 'string' ? [[role, one]] : [],
    ),
  )
}

function json(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch (error) {
    throw new FlotillaError('CONFIG_INVALID', `this is no saved plan: ${error instanceof Error ? error.message : String(error)}`)
  }
}
