/** Names of the kv store's key spaces. Knows nothing of commands or tables. */

import { FlotillaError } from '../../base/errors.ts'
import { ID_PATTERN } from '../../base/limits.ts'

/** Where a command goes that names no family. */
export const DEFAULT_FAMILY = 'default'

/** Families every kv group has. `lock` and `write` are there for transactions built on top of single commands. */
export const BUILT_IN_FAMILIES: readonly string[] = [DEFAULT_FAMILY, 'lock', 'write']

/** Families of one group, built-in ones included: each is a key space the store keeps track of. */
export const FAMILIES_MAX = 64

/** The built-in families and the given ones, each once. Throws `CONFIG_INVALID` for what is no list, a bad name or too many. */
export function resolveFamilies(given: readonly string[]): readonly string[] {
  if (!Array.isArray(given)) throw new FlotillaError('CONFIG_INVALID', 'families must be an array of names')
  for (const name of given) {
    if (typeof name !== 'string' || !ID_PATTERN.test(name)) {
      throw new FlotillaError('CONFIG_INVALID', `family name ${JSON.stringify(name)} must match ${ID_PATTERN.source}`, {
        family: name,
      })
    }
  }
  const families = [...new Set([...BUILT_IN_FAMILIES, ...given])]
  if (families.length > FAMILIES_MAX) {
    throw new FlotillaError('CONFIG_INVALID', `${families.length} families are more than ${FAMILIES_MAX}`, {
      families: families.length,
    })
  }
  return families
}
