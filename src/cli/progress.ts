/** How far something is: a bar that redraws itself on a terminal, a plain line now and then anywhere else. Knows no task. */

import { grouped, paintOf } from './paint.ts'
import type { Output } from './terminal.ts'

const BAR_CELLS = 28
const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉']
const DRAW_EVERY_MS = 80
const LINE_EVERY_MS = 2000

export class Progress {
  readonly #out: Output
  readonly #label: string
  readonly #startedAt = performance.now()
  #drawnAt = Number.NEGATIVE_INFINITY

  constructor(out: Output, label: string) {
    this.#out = out
    this.#label = label
  }

  /** Shows that `fraction` of the whole, in [0, 1], is done, which is `count` records. Cheap when called too often. */
  show(fraction: number, count: number): void {
    const now = performance.now()
    if (now - this.#drawnAt < (this.#out.isTTY ? DRAW_EVERY_MS : LINE_EVERY_MS)) return
    if (this.#drawnAt === Number.NEGATIVE_INFINITY && !this.#out.isTTY) {
      this.#drawnAt = now // nobody needs to read that nothing has happened yet
      return
    }
    this.#drawnAt = now
    const shown = this.#out.isTTY ? `\r${this.#bar(fraction, count)}\u001b[K` : `${this.#line(fraction, count)}\n`
    this.#out.write(shown).catch(() => {}) // whatever is wrong is said by the next thing that must be written
  }

  /** Takes the bar away and leaves one line. */
  async end(line: string): Promise<void> {
    await this.#out.write(this.#out.isTTY ? `\r${line}\u001b[K\n` : `${line}\n`)
  }

  /** Records per second so far. */
  rate(count: number): number {
    return count / Math.max(0.001, (performance.now() - this.#startedAt) / 1000)
  }

  #bar(fraction: number, count: number): string {
    const paint = paintOf(this.#out)
    const cells = Math.min(1, Math.max(0, fraction)) * BAR_CELLS
    const full = Math.floor(cells)
    const bar = `${'█'.repeat(full)}${EIGHTHS[Math.floor((cells - full) * 8)] ?? ''}`
    const percent = `${Math.floor(fraction * 100)}%`.padStart(4)
    const rest = '░'.repeat(Math.max(0, BAR_CELLS - bar.length))
    return `${this.#label}  ${paint.good(bar)}${paint.dim(rest)} ${percent}  ${paint.dim(`${grouped(count)} records, ${grouped(this.rate(count))}/s`)}`
  }

  #line(fraction: number, count: number): string {
    return `${this.#label}: ${Math.floor(fraction * 100)}%, ${grouped(count)} records, ${grouped(this.rate(count))}/s`
  }
}
