/** The world as a command sees it: streams, environment, signals. A test puts its own in this place. */

import { once } from 'node:events'

/** Where a command writes. */
export interface Output {
  readonly isTTY: boolean
  readonly columns: number
  /** Whether colours are wanted: a terminal, and neither NO_COLOR nor TERM=dumb. */
  readonly colours: boolean
  /** Resolves when more can be written without piling up. */
  write(data: string | Uint8Array): Promise<void>
}

export interface Terminal {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly out: Output
  readonly err: Output
  /** All of standard input. */
  input(): Promise<Uint8Array>
  /** From now on the first SIGINT or SIGTERM only aborts this signal; the second ends the process at once. */
  interruption(): AbortSignal
}

/** How a process ends that was interrupted twice. */
const INTERRUPTED = 130

/** The terminal of this process. */
export function processTerminal(): Terminal {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') process.exit(0) // whoever read has read enough
      throw error
    })
  }
  let controller: AbortController | null = null
  return {
    env: process.env,
    out: outputOf(process.stdout),
    err: outputOf(process.stderr),
    async input() {
      const chunks: Uint8Array[] = []
      for await (const chunk of process.stdin) chunks.push(chunk as Uint8Array)
      return Buffer.concat(chunks)
    },
    interruption() {
      controller ??= listen()
      return controller.signal
    },
  }
}

function listen(): AbortController {
  const controller = new AbortController()
  const interrupt = (): void => {
    if (controller.signal.aborted) process.exit(INTERRUPTED)
    controller.abort()
  }
  process.on('SIGINT', interrupt)
  process.on('SIGTERM', interrupt)
  process.on('disconnect', interrupt) // started by a supervisor that is gone: nobody else would end us
  return controller
}

function outputOf(stream: NodeJS.WriteStream): Output {
  return {
    isTTY: stream.isTTY === true,
    get columns() {
      return stream.columns ?? 80
    },
    colours: stream.isTTY === true && process.env.NO_COLOR === undefined && process.env.TERM !== 'dumb',
    async write(data) {
      if (!stream.write(data) && !stream.destroyed) await once(stream, 'drain')
    },
  }
}
