/** Gathers what one client is to be sent and hands it to the socket once per turn. Knows bytes, not messages. */

import type { Socket } from 'node:net'

/** Small pieces are copied together into pages of this size: one write for many messages. */
const PAGE_BYTES = 32 * 1024

/** From this size on a piece is not worth copying: it goes out as it is, shared by all who receive it. */
const SHARED_BYTES_MIN = 8 * 1024

export class Outbox {
  readonly #socket: Socket
  readonly #pendingMax: number
  readonly #overflow: () => void
  readonly #pieces: Buffer[] = []
  #page: Buffer = Buffer.alloc(0)
  /** Unsent part of the page, `[lo, hi)`. Bytes before it may still be on their way, so a page is never written twice. */
  #lo = 0
  #hi = 0
  #queuedBytes = 0
  #scheduled = false

  /** `overflow` is called, perhaps more than once, when more than `pendingMax` bytes wait for a client that does not read. */
  constructor(socket: Socket, pendingMax: number, overflow: () => void) {
    this.#socket = socket
    this.#pendingMax = pendingMax
    this.#overflow = overflow
  }

  /** A line of the protocol, as Latin-1. */
  text(line: string): void {
    const at = this.#reserve(line.length)
    this.#page.write(line, at, 'latin1')
    this.#added(line.length)
  }

  /** Bytes that never change again. */
  bytes(piece: Buffer): void {
    if (piece.length < SHARED_BYTES_MIN) {
      const at = this.#reserve(piece.length)
      piece.copy(this.#page, at)
    } else {
      this.#closePage()
      this.#pieces.push(piece)
    }
    this.#added(piece.length)
  }

  /** Hands everything to the socket now. */
  flush(): void {
    this.#scheduled = false
    this.#closePage()
    if (this.#pieces.length === 0) return
    const pieces = this.#pieces.splice(0)
    this.#queuedBytes = 0
    if (this.#socket.destroyed || this.#socket.writableEnded) return
    this.#socket.cork()
    for (const piece of pieces) this.#socket.write(piece)
    this.#socket.uncork()
  }

  #reserve(length: number): number {
    if (this.#page.length - this.#hi < length) {
      this.#closePage()
      this.#page = Buffer.allocUnsafeSlow(Math.max(PAGE_BYTES, length))
      this.#lo = 0
      this.#hi = 0
    }
    const at = this.#hi
    this.#hi += length
    return at
  }

  #closePage(): void {
    if (this.#hi > this.#lo) this.#pieces.push(this.#page.subarray(this.#lo, this.#hi))
    this.#lo = this.#hi
  }

  #added(length: number): void {
    this.#queuedBytes += length
    if (this.#queuedBytes + this.#socket.writableLength > this.#pendingMax) this.#overflow()
    if (this.#scheduled) return
    this.#scheduled = true
    process.nextTick(() => this.flush()) // after the chunk that is being read: one write for all of it
  }
}
