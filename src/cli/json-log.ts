/** Logging as JSON lines, for a node that runs as a process of its own. Knows nothing of what is logged. */

import type { Details } from '../base/errors.ts'
import type { Logger } from '../ports/logger.ts'

/** From the least to the most important; `silent` says nothing at all. */
export const LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const

export type Level = (typeof LEVELS)[number]

/** Whether a word is a level. */
export const isLevel = (word: string): word is Level => (LEVELS as readonly string[]).includes(word)

/** One JSON object a line: time, level, message, and the details. Errors show their code and message. */
export function jsonLog(write: (line: string) => void, least: Level): Logger {
  const at =
    (level: Level) =>
    (details: Details, message: string): void => {
      if (LEVELS.indexOf(level) < LEVELS.indexOf(least)) return
      write(`${JSON.stringify({ time: new Date().toISOString(), level, message, ...details }, plain)}\n`)
    }
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}

/** JSON knows no errors and no big numbers. */
function plain(_key: string, value: unknown): unknown {
  if (value instanceof Error) return { message: value.message, ...('code' in value ? { code: value.code } : {}) }
  return typeof value === 'bigint' ? String(value) : value
}
