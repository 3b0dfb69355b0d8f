/** `flotilla version`: which build this is. */

import { VERSION } from '../../node/version.ts'
import type { Command } from '../command.ts'
import { DONE } from '../failures.ts'

export const version: Command = {
  name: 'version',
  summary: 'which build this is',
  operands: [],
  flags: { json: { help: 'print JSON' } },
  async run({ args, terminal }) {
    const facts = { version: VERSION, node: process.version }
    await terminal.out.write(args.has('json') ? `${JSON.stringify(facts)}\n` : `flotilla ${VERSION} on Node ${process.version}\n`)
    return DONE
  },
}
