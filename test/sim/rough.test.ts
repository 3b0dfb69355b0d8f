/** Clusters on an ordinary bad day: partitions, losses, crashes, pauses. */

import { testProfile } from './profile-tests.ts'

testProfile('rough')
