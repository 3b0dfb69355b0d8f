/** Clusters under a random part of all faults, each seed another one. */

import { testProfile } from './profile-tests.ts'

testProfile('swarm')
