/** Clusters whose members and leaders come and go. */

import { testProfile } from './profile-tests.ts'

testProfile('churn')
