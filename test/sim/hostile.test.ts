/** Clusters to which everything happens that a network and a process can do. */

import { testProfile } from './profile-tests.ts'

testProfile('hostile')
