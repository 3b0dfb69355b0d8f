/** A request names its group, and so does the subject it came on. Knows nothing of either. */

import { FlotillaError } from '../base/errors.ts'

/** The request, if it is for that group; a null group stands for a subject that names none. Throws `CODEC_INVALID`: it is a mistake of its sender. */
export function own<T extends { readonly group: string }>(group: string | null, request: T): T {
  if (group === null || request.group === group) return request
  throw new FlotillaError('CODEC_INVALID', `a request for group '${request.group}' came on the subject of '${group}'`)
}
