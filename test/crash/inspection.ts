/** Has directories inspected, one after another, by a process that is replaced when it dies. Knows nothing of what is looked at. */

import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Case, Verdict } from './inspector.ts'

const INSPECTOR = fileURLToPath(new URL('./inspector.js', import.meta.url))
const CASE_MS_MAX = 30_000

/** An inspector at work. */
export class Inspection {
  #child: ChildProcess | null = null

  /** What is wrong with a directory; null when nothing is. */
  inspect(one: Case): Promise<Verdict> {
    const child = this.#child ?? fork(INSPECTOR, { stdio: ['ignore', 'ignore', 'ignore', 'ipc'] })
    this.#child = child
    return new Promise((resolve) => {
      const timer = setTimeout(() => child.kill('SIGKILL'), CASE_MS_MAX)
      const settle = (verdict: Verdict): void => {
        clearTimeout(timer)
        child.off('message', onMessage).off('exit', onExit)
        resolve(verdict)
      }
      const onMessage = (message: unknown): void => settle((message as { verdict: Verdict }).verdict)
      const onExit = (code: number | null, signal: string | null): void => {
        this.#child = null
        settle(`the process died of ${signal ?? code}`)
      }
      child.on('message', onMessage).on('exit', onExit)
      child.send(one)
    })
  }

  end(): void {
    this.#child?.kill('SIGKILL')
    this.#child = null
  }
}
