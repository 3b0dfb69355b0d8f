/** Follows what a running cluster commits, from the beginning, each entry once: `npm start`, then `node dist/docs/examples/follow-committed.js`. */

import { connect, kvCommand } from '../../src/index.ts'

const client = await connect({ cluster: 'demo', servers: process.env.FLOTILLA_NATS ?? 'nats://127.0.0.1:4222' })
process.once('SIGINT', () => void client.close())

// Keep the index of the last entry you have dealt with, and begin after it the next time: nothing is missed, nothing comes twice.
for await (const { index, kind, data } of client.committed('kv', { from: 1 })) {
  if (kind !== 'command') continue
  const command = kvCommand.decodeCommand(data)
  console.log(index, command.op, command.op === 'batch' ? command.operations.length : Buffer.from(command.key).toString())
}
