/** The logger's seam: a pino logger fits as it is. */

import assert from 'node:assert/strict'
import { Writable } from 'node:stream'
import { test } from 'node:test'
import { pino } from 'pino'
import type { Logger } from '../../../src/ports/logger.ts'

test('a pino logger is a logger', () => {
  const lines: string[] = []
  const sink = new Writable({
    write(chunk, _encoding, done) {
      lines.push(String(chunk))
      done()
    },
  })
  const logger: Logger = pino({ level: 'debug' }, sink)
  logger.warn({ group: 'kv', term: 7 }, 'role changed')
  assert.deepEqual(
    lines.map((line) => JSON.parse(line)).map(({ group, term, msg, level }) => ({ group, term, msg, level })),
    [{ group: 'kv', term: 7, msg: 'role changed', level: 40 }],
  )
})
