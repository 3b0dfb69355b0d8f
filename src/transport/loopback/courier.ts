/** How letters travel in memory: the place where a simulator puts its delays, losses and order. Knows no subjects. */

/** One message on its way to one subscriber. */
export interface Letter {
  readonly from: string
  readonly to: string
  readonly subject: string
  readonly bytes: number
}

/** Takes a letter and calls `deliver` once, later, or never if it is to be lost. Never before it returns. */
export type Courier = (letter: Letter, deliver: () => void) => void

/** Letters on their way before further ones are lost, as a server drops for a client that does not read. */
const QUEUED_LETTERS_MAX = 262_144

/** Brings all letters in the order they were given, in a later turn of the event loop. Never starves timers or sockets. */
export function inOrder(lettersMax: number = QUEUED_LETTERS_MAX): Courier {
  let queue: (() => void)[] = []
  const round = (): void => {
    const due = queue
    queue = []
    for (const deliver of due) deliver()
  }
  return (_letter, deliver) => {
    if (queue.length >= lettersMax) return
    if (queue.length === 0) setImmediate(round)
    queue.push(deliver)
  }
}
