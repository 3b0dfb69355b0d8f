/** Waits for a disk, but not for ever. Knows nothing of what is waited for. */

/** The disk says nothing. Whatever was asked of it may still be under way, in a thread that nobody can stop. */
export class Silence extends Error {
  constructor(watchdogMs: number) {
    super(`no answer from the disk within ${watchdogMs} ms`)
    this.name = 'Silence'
  }
}

/** Looks at the clock while one waits. One late look is forgiven: the process may have stood still, and the answer may be there. */
const LOOKS = 5

/**
 * Settles as the promise does; rejects with {@link Silence} when it has not for so many milliseconds in which this process ran. A process that was stopped, or whose machine
 * slept, does not take that for the disk's silence.
 */
export async function watched<T>(settling: Promise<T>, watchdogMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    let left = LOOKS
    const look = (): void => {
      if (--left === 0) reject(new Silence(watchdogMs))
      else timer = setTimeout(look, watchdogMs / LOOKS)
    }
    timer = setTimeout(look, watchdogMs / LOOKS)
  })
  try {
    return await Promise.race([settling, late])
  } finally {
    clearTimeout(timer)
  }
}
