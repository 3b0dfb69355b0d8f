/** Clusters whose clocks drift, jump and stand still, with reads under leases. */

import { testProfile } from './profile-tests.ts'

testProfile('clocks')
