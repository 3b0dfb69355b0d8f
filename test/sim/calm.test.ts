/** Clusters to which nothing happens: what goes wrong here is wrong by itself. */

import { testProfile } from './profile-tests.ts'

testProfile('calm')
