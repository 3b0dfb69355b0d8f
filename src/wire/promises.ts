/** What a node is reminded of when it comes back, and its answer: plain JSON both ways. Checked here; decides nothing. */

import { z } from 'zod'
import { text, utf8 } from '../base/bytes.ts'
import { FlotillaError } from '../base/errors.ts'
import { GROUPS_MAX, ID_PATTERN } from '../base/limits.ts'

const id = z.string().regex(ID_PATTERN)

/** As it stands in an envelope, where it says which run it is of. */
export const promiseSchema = z.strictObject({
  group: id,
  founding: z.string().max(64),
  peer: z.int().min(1),
  term: z.int().min(0),
  index: z.int().min(0),
})

const heard = z.strictObject({ ...promiseSchema.shape, run: z.string().min(1).max(64) })

const reminder = z.strictObject({ by: id, store: z.string().min(1).max(64), promises: z.array(heard).max(GROUPS_MAX) })

const word = z.object({ kept: z.boolean() })

/** The furthest that a peer was heard to promise: its term, and the last entry of that term that it acknowledged (0: none). Both were on its disk. */
export type PeerPromise = z.infer<typeof promiseSchema>

/** The same, and which run of its node it was heard from. */
export type HeardPromise = z.infer<typeof heard>

/** "From that store I heard these promises." */
export type Reminder = z.infer<typeof reminder>

export const encodeReminder = (said: Reminder): Uint8Array => utf8(JSON.stringify(said))
export const encodeWord = (kept: boolean): Uint8Array => utf8(JSON.stringify({ kept }))

/** Each throws `CODEC_INVALID` for what is not well formed. */
export const decodeReminder = (data: Uint8Array): Reminder => parsed(reminder, data)
export const decodeWord = (data: Uint8Array): boolean => parsed(word, data).kept

function parsed<T>(schema: z.ZodType<T>, data: Uint8Array): T {
  try {
    return schema.parse(JSON.parse(text(data)))
  } catch (cause) {
    throw new FlotillaError('CODEC_INVALID', 'what a node is reminded of is not well formed', { bytes: data.length }, cause)
  }
}
