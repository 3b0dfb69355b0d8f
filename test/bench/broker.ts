/** The embedded broker as a process of its own, where there is no nats-server. Says its address, and ends with its parent. */

import { startBroker } from '../../src/transport/broker/broker.ts'

const broker = await startBroker({ port: 0 })
process.send?.(broker.url)
process.once('disconnect', () => process.exit())
