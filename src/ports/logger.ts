/** Logging as the hosts need it. A pino logger fits as it is. */

import type { Details } from '../base/errors.ts'

/** Four levels, details first and then the message, as pino has them. */
export interface Logger {
  debug(details: Details, message: string): void
  info(details: Details, message: string): void
  warn(details: Details, message: string): void
  error(details: Details, message: string): void
}

/** Says nothing: the default. */
export const silent: Logger = { debug() {}, info() {}, warn() {}, error() {} }
