/** A headless Chromium over the DevTools protocol on a pipe: just enough to open a page, ask it, press on it, and take its picture. */

import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import type { Readable, Writable } from 'node:stream'

const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-dev-shm-usage',
  '--remote-debugging-pipe',
]

const DEADLINE_MS = 20_000

interface Answer {
  readonly id?: number
  readonly result?: unknown
  readonly error?: { readonly message: string }
}

export interface Screen {
  readonly width: number
  readonly height: number
  readonly dark?: boolean
  readonly phone?: boolean
}

/** Where Chromium is on this machine, or null. */
export function findChromium(): string | null {
  const folders = (process.env.PATH ?? '').split(delimiter)
  const names = ['chromium', 'chromium-browser', 'google-chrome']
  return folders.flatMap((folder) => names.map((name) => join(folder, name))).find((path) => existsSync(path)) ?? null
}

/** Starts a browser with an empty profile and one page. */
export async function openBrowser(program: string): Promise<Browser> {
  const profile = await mkdtemp(join(tmpdir(), 'flotilla-web-'))
  const child = spawn(program, [...FLAGS, `--user-data-dir=${profile}`, 'about:blank'], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'],
    detached: true,
  })
  const browser = new Browser(child, profile)
  await browser.attach()
  return browser
}

export class Browser {
  readonly #child: ChildProcess
  readonly #profile: string
  readonly #waiting = new Map<number, (answer: Answer) => void>()
  readonly #exited: Promise<void>
  #session: string | undefined
  #nextId = 1
  #rest = ''

  constructor(child: ChildProcess, profile: string) {
    this.#child = child
    this.#profile = profile
    this.#exited = new Promise((resolve) => child.once('exit', () => resolve()))
    child.on('error', () => {})
    const output = child.stdio[4] as Readable
    output.setEncoding('utf8').on('data', (chunk: string) => this.#receive(chunk))
  }

  /** Takes hold of the first page. */
  async attach(): Promise<void> {
    const { targetInfos } = await this.#send<{ targetInfos: { targetId: string; type: string }[] }>('Target.getTargets')
    const targetId = targetInfos.find((target) => target.type === 'page')?.targetId
    const { sessionId } = await this.#send<{ sessionId: string }>('Target.attachToTarget', { targetId, flatten: true })
    this.#session = sessionId
    await this.#send('Page.enable')
  }

  async show(screen: Screen): Promise<void> {
    const { width, height, dark = false, phone = false } = screen
    const features = [{ name: 'prefers-color-scheme', value: dark ? 'dark' : 'light' }]
    await this.#send('Emulation.setEmulatedMedia', { features })
    await this.#send('Emulation.setDeviceMetricsOverride', { width, height, deviceScaleFactor: phone ? 2 : 1, mobile: phone })
  }

  async open(url: string): Promise<void> {
    await this.#send('Page.navigate', { url })
  }

  /** What an expression comes to in the page. Promises are waited for. */
  async ask<T>(expression: string): Promise<T> {
    interface Evaluated {
      readonly result: { readonly value?: T }
      readonly exceptionDetails?: { readonly text: string }
    }
    const parameters = { expression, returnByValue: true, awaitPromise: true }
    const { result, exceptionDetails } = await this.#send<Evaluated>('Runtime.evaluate', parameters)
    if (exceptionDetails !== undefined) throw new Error(`${expression}: ${exceptionDetails.text}`)
    return result.value as T
  }

  /** Waits until an expression comes true in the page. */
  async until(expression: string): Promise<void> {
    const end = Date.now() + DEADLINE_MS
    while (!(await this.ask<boolean>(`Boolean(${expression})`).catch(() => false))) {
      if (Date.now() > end) throw new Error(`not true in ${DEADLINE_MS} ms: ${expression}`)
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }

  /** Presses on the middle of an element, as a finger would. */
  async press(selector: string): Promise<void> {
    const box = `(() => { const b = document.querySelector(${JSON.stringify(selector)}); b.scrollIntoView({ block: 'center' });
      const r = b.getBoundingClientRect(); return { x: r.x + r.width / 2, y: r.y + r.height / 2 } })()`
    const point = await this.ask<{ x: number; y: number }>(box)
    for (const type of ['mousePressed', 'mouseReleased']) {
      await this.#send('Input.dispatchMouseEvent', { type, ...point, button: 'left', clickCount: 1 })
    }
  }

  async picture(path: string): Promise<void> {
    const { data } = await this.#send<{ data: string }>('Page.captureScreenshot', { format: 'png', captureBeyondViewport: false })
    await writeFile(path, Buffer.from(data, 'base64'))
  }

  /** Ends the browser and all its processes, and removes its profile. */
  async close(): Promise<void> {
    await Promise.race([this.#send('Browser.close', {}, false).catch(() => {}), this.#exited])
    const timer = setTimeout(() => this.#kill(), 3000)
    await this.#exited
    clearTimeout(timer)
    await rm(this.#profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 })
  }

  #kill(): void {
    if (this.#child.pid !== undefined) process.kill(-this.#child.pid, 'SIGKILL')
  }

  async #send<T>(method: string, params: object = {}, inPage = true): Promise<T> {
    const id = this.#nextId++
    const session = inPage && this.#session !== undefined && !method.startsWith('Target.') ? { sessionId: this.#session } : {}
    const answer = await new Promise<Answer>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`${method}: no answer from the browser`)), DEADLINE_MS)
      this.#waiting.set(id, (given) => {
        clearTimeout(timer)
        resolve(given)
      })
      const input = this.#child.stdio[3] as Writable
      input.write(`${JSON.stringify({ id, method, params, ...session })}\0`)
    })
    if (answer.error !== undefined) throw new Error(`${method}: ${answer.error.message}`)
    return answer.result as T
  }

  #receive(chunk: string): void {
    const parts = (this.#rest + chunk).split('\0')
    this.#rest = parts.pop() ?? ''
    for (const part of parts) {
      const answer = JSON.parse(part) as Answer
      if (answer.id === undefined) continue
      this.#waiting.get(answer.id)?.(answer)
      this.#waiting.delete(answer.id)
    }
  }
}
