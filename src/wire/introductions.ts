/** How a founding member introduces its store to another, and what it hears: plain JSON both ways. Checked here; decides nothing. */

import { z } from 'zod'
import { text, utf8 } from '../base/bytes.ts'
import { FlotillaError } from '../base/errors.ts'
import { ID_PATTERN } from '../base/limits.ts'

const id = z.string().regex(ID_PATTERN)

const introduction = z.strictObject({
  group: id,
  founders: z.string().min(1).max(64),
  sender: z.strictObject({
    cluster: id,
    node: id,
    store: z.string().min(1).max(64),
    boot: z.int().min(0),
    run: z.string().min(1).max(64),
  }),
})

const welcome = z.object({
  verdict: z.enum(['met', 'known', 'stranger', 'guest']),
  born: z.boolean(),
  peer: z.int().min(1).nullable(),
  self: z.int().min(1).nullable().default(null),
})

/** "This is my store, and I am about to take part in that group, which these founded": a digest of their names. */
export type Introduction = z.infer<typeof introduction>

/**
 * What the other one makes of it. `met`: it is remembered from now on; `known`: it was before; `stranger`: another store is known under that name;
 * `guest`: no member of the group has that name. `born`: the group has its first entry there. `peer`: the id under which the node is a member there. `self`: the id of
 * who answers.
 */
export type Welcome = z.infer<typeof welcome>

export const encodeIntroduction = (introduced: Introduction): Uint8Array => utf8(JSON.stringify(introduced))
export const encodeWelcome = (answer: z.input<typeof welcome>): Uint8Array => utf8(JSON.stringify(answer))

/** Each throws `CODEC_INVALID` for what is not well formed. */
export const decodeIntroduction = (data: Uint8Array): Introduction => parsed(introduction, data)
export const decodeWelcome = (data: Uint8Array): Welcome => parsed(welcome, data)

function parsed<T>(schema: z.ZodType<T>, data: Uint8Array): T {
  try {
    return schema.parse(JSON.parse(text(data)))
  } catch (cause) {
    throw new FlotillaError('CODEC_INVALID', 'an introduction is not well formed', { bytes: data.length }, cause)
  }
}
