/** The world as a command sees it: streams, environment, signals. A test puts its own in this place. */

import { Refusal } from './failures.ts'

/** Where a command writes. */
export interface Output {
  readonly isTTY: boolean
  readonly columns: number
  /** Whether colours are wanted: a terminal, and neither NO_COLOR nor TERM=dumb. */
  readonly colours: boolean
  /** Resolves when more can be written without piling up. Rejects only where what is written is what the command is for. */
  write(data: string | Uint8Array): Promise<void>
}

export interface Terminal {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly out: Output
  readonly err: Output
  /** All of standard input. */
  input(): Promise<Uint8Array>
  /** Standard input, piece by piece. */
  readonly stdin: AsyncIterable<Uint8Array>
  /** From now on the first SIGINT or SIGTERM only aborts this signal; the second ends the process at once. */
  interruption(): AbortSignal
}

/** How a process ends that was interrupted twice. */
const INTERRUPTED = 130

/** Whoever read our output has read enough: nothing has failed, and there is nobody to tell more. */
export class ReaderGone extends Error {
  constructor() {
    super('nobody reads any more')
    this.name = 'ReaderGone'
  }
}

/** The terminal of this process. */
export function processTerminal(): Terminal {
  let controller: AbortController | null = null
  return {
    env: process.env,
    out: outputOf(process.stdout),
    err: remarksTo(process.stderr),
    get stdin() {
      return process.stdin
    },
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

const plainOutput = (stream: NodeJS.WriteStream): Omit<Output, 'write'> => ({
  isTTY: stream.isTTY === true,
  get columns() {
    return stream.columns ?? 80
  },
  colours: stream.isTTY === true && process.env.NO_COLOR === undefined && process.env.TERM !== 'dumb',
})

/** What a command has to say: when it cannot be said, the command ends, with {@link ReaderGone} or a {@link Refusal} of `OUTPUT`. */
export function outputOf(stream: NodeJS.WriteStream): Output {
  let broken: Error | null = null
  const breaks = (error: Error): Error => {
    broken ??= 'code' in error && error.code === 'EPIPE' ? new ReaderGone() : new Refusal('OUTPUT', unwritten(error))
    return broken
  }
  stream.on('error', breaks)
  return Object.assign(plainOutput(stream), {
    write: (data: string | Uint8Array) =>
      new Promise<void>((resolve, reject) => {
        if (broken !== null) reject(broken)
        else stream.write(data, (error) => (error ? reject(breaks(error)) : resolve()))
      }),
  })
}

/** Remarks: that they cannot be made changes nothing of what is done, nor how it ends. */
export function remarksTo(stream: NodeJS.WriteStream): Output {
  stream.on('error', () => {}) // the reader is gone, or its disk is full: there is no other place to say so
  return Object.assign(plainOutput(stream), {
    write: (data: string | Uint8Array) =>
      new Promise<void>((resolve) => {
        if (stream.destroyed) resolve()
        else stream.write(data, () => resolve())
      }),
  })
}

const unwritten = (error: Error): string => `standard output cannot be written: ${error.message}`
