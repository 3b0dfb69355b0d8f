/** A terminal that exists only as strings: what was written, and an interruption on demand. */

import type { Output, Terminal } from '../../../src/cli/terminal.ts'

export interface FakeOutput extends Output {
  /** Everything written so far, as text. */
  readonly text: string
  readonly bytes: Uint8Array
}

export interface FakeTerminal extends Terminal {
  readonly out: FakeOutput
  readonly err: FakeOutput
  /** Ctrl-C. */
  interrupt(): void
}

export interface FakeTerminalOptions {
  readonly env?: Readonly<Record<string, string>>
  readonly stdin?: Uint8Array
  readonly isTTY?: boolean
  readonly columns?: number
}

export function fakeTerminal({
  env = {},
  stdin = new Uint8Array(0),
  isTTY = false,
  columns = 80,
}: FakeTerminalOptions = {}): FakeTerminal {
  const controller = new AbortController()
  return {
    env,
    out: fakeOutput(isTTY, columns),
    err: fakeOutput(isTTY, columns),
    input: async () => stdin,
    stdin: given(stdin),
    interruption: () => controller.signal,
    interrupt: () => controller.abort(),
  }
}

async function* given(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  yield bytes
}

/** Collects what is written; never has colours, so that tests read words. */
export function fakeOutput(isTTY: boolean, columns = 80): FakeOutput {
  const chunks: Uint8Array[] = []
  return {
    isTTY,
    columns,
    colours: false,
    async write(data) {
      chunks.push(Buffer.from(data))
    },
    get bytes() {
      return new Uint8Array(Buffer.concat(chunks))
    },
    get text() {
      return Buffer.concat(chunks).toString()
    },
  }
}
