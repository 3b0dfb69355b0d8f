/** One follower as its leader sees it. The chart says when; the words are in src/leader/progress-words.ts. */

import { createMachine } from 'xstate'
import type { Progress, ProgressEvent, ProgressGuard, ProgressReducer } from '../src/protocol/progress.ts'

/**
 * Probe: feel for the place where the logs agree, one message at a time. Replicate: stream, a window ahead of the answers. Snapshot: what it
 * lacks is cut off, so it gets the state instead of the log, and no entries meanwhile.
 */
export const progressMachine = createMachine({
  types: {} as {
    context: Progress
    input: Progress
    events: ProgressEvent
    actions: { type: ProgressReducer }
    guards: { type: ProgressGuard }
  },
  id: 'progress',
  context: ({ input }) => input,
  initial: 'probe',
  states: {
    probe: {
      on: {
        sent: { actions: 'pause' }, // one at a time, until it is answered
        accepted: { guard: 'confirms', target: 'replicate', actions: 'restart' }, // found: from here on, stream
        rejected: { guard: 'genuineProbe', actions: 'backOff' }, // §5.3: try further back
        beat: { actions: 'resume' }, // it lives; the probe or its answer was lost
        compacted: { guard: 'lacks', target: 'snapshot', actions: 'pend' }, // §7: what it lacks is cut off
      },
    },
    replicate: {
      on: {
        sent: { actions: 'count' }, // optimistic: next moves on before the answer
        accepted: { guard: 'confirms', actions: 'advance' },
        rejected: { guard: 'genuine', target: 'probe', actions: 'restartProbe' }, // something in between was lost
        unreachable: { target: 'probe', actions: 'restartProbe' },
        beat: { actions: 'loosen' }, // a full window whose answers are lost must not stay full for ever
        compacted: { guard: 'lacks', target: 'snapshot', actions: 'pend' },
      },
    },
    snapshot: {
      on: {
        accepted: [
          { guard: 'reconnects', target: 'replicate', actions: 'restart' }, // the log continues where it stands: stream
          { guard: 'outgrows', target: 'probe', actions: 'restart' }, // installed, but cut off again since: feel, and find that out
          { actions: 'note' }, // late, but true: it counts for the commit index
        ],
        installed: { target: 'probe', actions: 'probeAfterSnapshot' },
        failed: { target: 'probe', actions: 'probeAfterMatch' }, // once it is heard again, find out what it needs
      },
    },
  },
})
