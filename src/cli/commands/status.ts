/** `flotilla status`: what each node says of a group. */

import { setTimeout as sleep } from 'node:timers/promises'
import { FlotillaError } from '../../base/errors.ts'
import type { Client } from '../../client/client.ts'
import type { NodeStatus } from '../../ports/status.ts'
import { ASKING, type Command, type Invocation } from '../command.ts'
import { shownAddress, type Target, withClient } from '../connection.ts'
import { DONE } from '../failures.ts'
import { sayLink } from '../link.ts'
import { paintOf } from '../paint.ts'
import { isUnknown, missingNodes, snapshotLines, statusLines } from '../status-view.ts'

const WATCH_EVERY_MS = 1000

export const status: Command = {
  name: 'status',
  summary: 'what each node says of a group',
  detail: 'Nodes that are known and did not answer are shown too. When none answers, the exit code is 3.',
  operands: [],
  flags: { ...ASKING, watch: { help: 'show it anew each second, until Ctrl-C' } },
  run: (call) =>
    withClient(call, async (client, target, transport) => {
      if (call.args.has('watch')) {
        sayLink(transport, call.terminal.err)
        return watch(call, client, target)
      }
      const statuses = await client.status()
      if (statuses.length === 0) throw nobody(target)
      if (isUnknown(statuses, target.group)) throw unknownGroup(target)
      await call.terminal.out.write(`${linesOf(call, statuses, target).join('\n')}\n`)
      return DONE
    }),
}

async function watch(call: Invocation, client: Client, target: Target): Promise<number> {
  const { out } = call.terminal
  const interrupted = call.terminal.interruption()
  const redraw = out.isTTY && !call.args.has('json')
  let drawn = 0
  while (!interrupted.aborted) {
    const statuses = await client.status().catch((error: unknown) => {
      if (error instanceof FlotillaError && error.code === 'DISCONNECTED') return []
      throw error
    })
    const lines = statuses.length === 0 && !call.args.has('json') ? [nobody(target).message] : linesOf(call, statuses, target)
    await out.write(`${redraw && drawn > 0 ? `\u001b[${drawn}A\u001b[J` : ''}${lines.join('\n')}\n`)
    drawn = lines.length
    await sleep(WATCH_EVERY_MS, undefined, { signal: interrupted }).catch(() => {})
  }
  return DONE
}

const nobody = ({ cluster, url }: Target): FlotillaError =>
  new FlotillaError('UNAVAILABLE', `no node of cluster ${cluster} answers at ${shownAddress(url)}`)

const unknownGroup = ({ cluster, group }: Target): FlotillaError =>
  new FlotillaError('UNKNOWN_GROUP', `no node of cluster ${cluster} has a group '${group}'`, { cluster, group })

function linesOf({ args, terminal }: Invocation, statuses: readonly NodeStatus[], { cluster, group }: Target): string[] {
  if (args.has('json')) return [JSON.stringify({ cluster, group, nodes: statuses, missing: missingNodes(statuses, group) })]
  return [...statusLines(statuses, { group, paint: paintOf(terminal.out) }), ...snapshotLines(statuses, group)]
}
