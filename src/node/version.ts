/** The version of this build, as status shows it. */

import { readFileSync } from 'node:fs'

const manifest = new URL('../../../package.json', import.meta.url) // from dist/src/node

/** Version of the package. */
export const VERSION: string = (JSON.parse(readFileSync(manifest, 'utf8')) as { readonly version: string }).version
