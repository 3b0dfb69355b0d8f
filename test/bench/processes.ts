/** The processes of the benchmark, from outside: started, asked, and ended, each by itself and within a deadline. */

import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { serverAvailable, startServer } from '../nats-server.ts'
import type { Answers, Letter, Order, Reply } from './orders.ts'

const ANSWER_MS = 60_000
const END_MS = 10_000

const program = (file: string): string => fileURLToPath(new URL(file, import.meta.url))

/** Ends a child that was told to go: waits for it, and kills it when it does not go. */
async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const late = setTimeout(() => child.kill('SIGKILL'), END_MS)
  if (child.connected) child.disconnect()
  await gone
  clearTimeout(late)
}

interface Question {
  readonly resolve: (answer: unknown) => void
  readonly reject: (error: Error) => void
}

/** One member's process. */
export class MemberProcess {
  readonly #child: ChildProcess
  readonly #questions = new Map<number, Question>()
  #serial = 0

  constructor() {
    this.#child = fork(program('./member.js'), { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
    this.#child.on('message', (reply: Reply) => {
      const question = this.#questions.get(reply.serial)
      this.#questions.delete(reply.serial)
      if ('error' in reply) question?.reject(new Error(reply.error))
      else question?.resolve(reply.answer)
    })
    this.#child.once('exit', (code, signal) => {
      for (const { reject } of this.#questions.values()) reject(new Error(`a process of the benchmark ended: ${code ?? signal}`))
    })
  }

  /** Rejects when the member fails, ends, or does not answer within a minute. */
  async ask<O extends Order>(order: O): Promise<Answers[O['name']]> {
    const serial = ++this.#serial
    let timer: NodeJS.Timeout | undefined
    const answer = new Promise<unknown>((resolve, reject) => {
      this.#questions.set(serial, { resolve, reject })
      timer = setTimeout(() => reject(new Error(`no answer to '${order.name}' within ${ANSWER_MS} ms`)), ANSWER_MS)
    })
    this.#child.send({ serial, order } satisfies Letter)
    try {
      return (await answer) as Answers[O['name']]
    } finally {
      clearTimeout(timer)
    }
  }

  end(): Promise<void> {
    return ended(this.#child)
  }
}

/** A NATS server for the benchmark. */
export interface Server {
  readonly kind: 'nats-server' | 'embedded broker'
  readonly url: string
  stop(): Promise<void>
}

/** The real server where there is one, the embedded broker elsewhere: either in a process of its own. */
export async function startNats(): Promise<Server> {
  if (serverAvailable() !== null) {
    const server = await startServer()
    return { kind: 'nats-server', url: server.url, stop: () => server.stop() }
  }
  const child = fork(program('./broker.js'), { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
  const url = await new Promise<string>((resolve, reject) => {
    child.once('message', (said) => resolve(String(said)))
    child.once('exit', (code) => reject(new Error(`the broker ended: ${code}`)))
  })
  return { kind: 'embedded broker', url, stop: () => ended(child) }
}
