/** Clusters on bad disks: slow, failing, full, lost; and power cuts. */

import { testProfile } from './profile-tests.ts'

testProfile('disk')
