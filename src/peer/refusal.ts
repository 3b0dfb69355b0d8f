/** What a refusal of the core is to a caller: an error with a code. */

import { type Details, FlotillaError } from '../base/errors.ts'
import type { Output, Refused } from '../protocol/ready.ts'
import type { LogPosition } from '../protocol/types.ts'

const TEXTS: Readonly<Record<Refused['code'], string>> = {
  NOT_LEADER: 'this peer does not lead the group',
  BUSY: 'too much is waiting; try again in a moment',
  TRANSFERRING: 'leadership is being handed over',
  UNAVAILABLE: 'this peer cannot take it now',
  CONF_IN_PROGRESS: 'another change of members is under way, or nothing of this term is committed yet; try again in a moment',
  CONF_INVALID: 'the configuration cannot be changed like this',
  TARGET_INVALID: 'leadership can only go to another voter of the group',
}

/** The error for a refusal; `details` name the group or the leader. */
export const refusalError = (code: Refused['code'], details: Details): FlotillaError =>
  new FlotillaError(code, TEXTS[code], details)

/** Where a single proposal went, by what was said to it; null if it was passed on. Throws why it was refused. */
export function placeOf(said: readonly Output[], details: Details): LogPosition | null {
  const refused = said.find((output): output is Refused => output.type === 'refused')
  if (refused) throw refusalError(refused.code, details)
  const accepted = said.find((output) => output.type === 'accepted')
  return accepted ? { index: accepted.index, term: accepted.term } : null
}
