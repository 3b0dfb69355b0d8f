/** Where a development cluster can be reached: the usual ports, or the next that are free. Knows no cluster. */

import { FlotillaError } from '../../base/errors.ts'
import { type Inspector, type InspectorOptions, startInspector } from '../../inspector/server.ts'
import { type Broker, startBroker } from '../../transport/broker/broker.ts'

/** Ports tried after the first one. */
const NEXT_PORTS = 50

/** The inspector's usual port. */
export const PAGE_PORT = 4280

/** A broker on the port, or on the next one that is free. */
export async function brokerNear(port: number): Promise<Broker> {
  for (let next = port; ; next++) {
    try {
      return await startBroker({ port: next })
    } catch (error) {
      const taken = error instanceof FlotillaError && error.code === 'PORT_IN_USE'
      if (!taken || port === 0 || next >= Math.min(port + NEXT_PORTS, 65_535)) throw error
    }
  }
}

/** The page on its usual port, or on any. */
export async function pageNear(options: Omit<InspectorOptions, 'host' | 'port'>): Promise<Inspector> {
  try {
    return await startInspector({ ...options, host: '127.0.0.1', port: PAGE_PORT })
  } catch {
    return startInspector({ ...options, host: '127.0.0.1', port: 0 })
  }
}
