/** A closed loop of callers, and what they saw. Knows nothing of what is called. */

/** How hard, and how long. */
export interface Pressure {
  /** Calls under way at any time. */
  readonly inflight: number
  readonly ms: number
}

/** What one load came to. */
export interface Figures {
  /** Calls that ended within the time, per second. */
  readonly perSecond: number
  /** Latency that half of the calls stayed below, in milliseconds. */
  readonly p50Ms: number
  readonly p99Ms: number
  /** Calls that ended at all. */
  readonly calls: number
}

/** Keeps so many calls under way until the time is over, then waits for the last of them. Rejects with the first failure of a call. */
export async function load(call: (n: number) => Promise<unknown>, { inflight, ms }: Pressure): Promise<Figures> {
  const latencies: number[] = []
  const begin = performance.now()
  const end = begin + ms
  let inTime = 0
  let next = 0
  const caller = async (): Promise<void> => {
    for (let from = performance.now(); from < end; ) {
      await call(next++)
      const now = performance.now()
      latencies.push(now - from)
      if (now <= end) inTime++
      from = now
    }
  }
  const ends = await Promise.allSettled(Array.from({ length: inflight }, caller))
  for (const one of ends) if (one.status === 'rejected') throw one.reason
  const sorted = Float64Array.from(latencies).sort()
  return { perSecond: (inTime / ms) * 1000, p50Ms: at(sorted, 0.5), p99Ms: at(sorted, 0.99), calls: sorted.length }
}

/** The middle one, by size. */
export const median = (values: readonly number[]): number => at(Float64Array.from(values).sort(), 0.5)

const at = (sorted: Float64Array, share: number): number => sorted[Math.floor((sorted.length - 1) * share)] ?? Number.NaN
