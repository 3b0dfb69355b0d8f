/** Any plain value as a text that equal values share, and no others. Knows no model. */

import { FlotillaError } from '../../base/errors.ts'

/**
 * Objects with their keys in order, maps and sets with their entries in order, bytes as numbers. Two values have the same text if and only if they are
 * equal in all their parts. Throws `CONFIG_INVALID` for what is no data: functions and symbols.
 */
export function canonicalText(value: unknown): string {
  if (typeof value === 'number') return Object.is(value, -0) ? '-0' : String(value)
  if (typeof value === 'bigint') return `${value}n`
  if (typeof value === 'string') return JSON.stringify(value)
  if (value === null || value === undefined || typeof value === 'boolean') return String(value)
  if (typeof value !== 'object') throw new FlotillaError('CONFIG_INVALID', `a ${typeof value} is no data that can be compared`)
  if (Array.isArray(value)) return `[${value.map(canonicalText).join()}]`
  if (value instanceof Uint8Array) return `bytes(${value.join()})`
  if (value instanceof Map) return `map{${sorted([...value].map(([k, v]) => `${canonicalText(k)}:${canonicalText(v)}`))}}`
  if (value instanceof Set) return `set{${sorted([...value].map(canonicalText))}}`
  return `{${sorted(Object.entries(value).map(([k, v]) => `${JSON.stringify(k)}:${canonicalText(v)}`))}}`
}

const sorted = (texts: string[]): string => texts.sort().join()
