/** Plays the transport contract on every stage there is, and says aloud when there is no real server to play on. */

import { test } from 'node:test'
import { serverAvailable } from '../nats-server.ts'
import { brokerStage, loopbackStage, realStage } from './transport-stages.ts'
import { transportSuite } from './transport-suite.ts'

transportSuite('loopback', loopbackStage)
transportSuite('nats client on the embedded broker', brokerStage)
if (serverAvailable() === null) {
  process.stderr.write(
    'NOT RUN: the transport contract did not meet a real nats-server (none found, or FLOTILLA_TEST_SERVER=embedded)\n',
  )
  test('transport contract: nats client on a real nats-server', { skip: 'no nats-server here' }, () => {})
} else {
  transportSuite('nats client on a real nats-server', realStage)
}
