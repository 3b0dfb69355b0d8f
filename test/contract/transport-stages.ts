/** The three stages on which the transport contract is played: memory, embedded broker, real server. */

import type { Transport } from '../../src/ports/transport.ts'
import { type Broker, startBroker } from '../../src/transport/broker/broker.ts'
import { loopback } from '../../src/transport/loopback/hub.ts'
import { natsTransport } from '../../src/transport/nats/transport.ts'
import { startServer } from '../nats-server.ts'

/** A place where transports meet. */
export interface Stage {
  /** A connection that the stage closes at its end. */
  connect(): Promise<Transport>
  /** Takes the server away; the result brings it back, on the same address. */
  outage(): Promise<() => Promise<void>>
  close(): Promise<void>
}

/** Two transports on one stage. */
export interface Pair {
  readonly a: Transport
  readonly b: Transport
}

/** Everybody in one memory. */
export async function loopbackStage(): Promise<Stage> {
  const hub = loopback()
  const names: string[] = []
  return {
    async connect() {
      const name = `n${names.length}`
      names.push(name)
      return hub.connect(name)
    },
    async outage() {
      for (const name of names) hub.disconnect(name)
      return async () => {
        for (const name of names) hub.reconnect(name)
      }
    },
    async close() {},
  }
}

/** The NATS client on the embedded broker. */
export const brokerStage = (): Promise<Stage> =>
  serverStage(async (port) => {
    const broker: Broker = await startBroker({ port })
    return { port: broker.port, url: broker.url, end: () => broker.close() }
  })

/** The NATS client on a real server. */
export const realStage = (): Promise<Stage> =>
  serverStage(async (port) => {
    const server = await startServer(port === 0 ? {} : { port })
    return { port: server.port, url: server.url, end: () => server.kill() }
  })

interface RunningServer {
  readonly port: number
  readonly url: string
  end(): Promise<void>
}

async function serverStage(start: (port: number) => Promise<RunningServer>): Promise<Stage> {
  let server = await start(0)
  const { port, url } = server
  const transports: Transport[] = []
  return {
    async connect() {
      const transport = await natsTransport({ servers: url, reconnectTimeWait: 50, reconnectJitter: 10, connectTimeoutMs: 5000 })
      transports.push(transport)
      return transport
    },
    async outage() {
      await server.end()
      return async () => {
        server = await start(port)
      }
    },
    async close() {
      await Promise.all(transports.map((transport) => transport.close()))
      await server.end()
    },
  }
}
