/** The page's live line: server-sent events to a bounded number of viewers. Knows snapshots as values, nothing of how they come about. */

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Feed } from './feed.ts'
import { pageSnapshot } from './snapshot.ts'

/** Pages open at a time. Each holds a connection. */
const VIEWERS_MAX = 32

/** Least milliseconds between two snapshots: five a second is as much as an eye takes in. */
const SNAPSHOT_EVERY_MS = 200

/** Milliseconds between signs of life on a quiet line; also the time after which a viewer that reads nothing is dropped. */
const HEARTBEAT_MS = 10_000

interface Viewer {
  readonly response: ServerResponse
  readonly group: string | null
  last: string
}

/** All open pages. */
export class Stream {
  readonly #feed: Feed
  readonly #supervised: boolean
  readonly #viewers = new Set<Viewer>()
  readonly #stopWatching: () => void
  readonly #heartbeat: NodeJS.Timeout
  #pause: NodeJS.Timeout | null = null
  #changed = false

  constructor(feed: Feed, supervised: boolean) {
    this.#feed = feed
    this.#supervised = supervised
    this.#stopWatching = feed.watch(() => this.#onChange())
    this.#heartbeat = setInterval(() => this.#beat(), HEARTBEAT_MS).unref()
  }

  /** Whether another page may be opened. */
  get hasRoom(): boolean {
    return this.#viewers.size < VIEWERS_MAX
  }

  /** Answers a request with the line: the present at once, then every change. */
  add(request: IncomingMessage, response: ServerResponse, group: string | null): void {
    const viewer: Viewer = { response, group, last: '' }
    this.#viewers.add(viewer)
    request.on('close', () => this.#viewers.delete(viewer))
    response.on('error', () => this.#viewers.delete(viewer))
    response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-store' })
    response.write('retry: 1000\n\n')
    this.#send(viewer)
  }

  close(): void {
    this.#stopWatching()
    clearInterval(this.#heartbeat)
    if (this.#pause !== null) clearTimeout(this.#pause)
    for (const { response } of this.#viewers) response.end()
    this.#viewers.clear()
  }

  /** Sends at once after a quiet time; within a busy one, gathers what changes into one snapshot. */
  #onChange(): void {
    this.#changed = true
    if (this.#pause !== null) return
    this.#changed = false
    for (const viewer of this.#viewers) this.#send(viewer)
    this.#pause = setTimeout(() => {
      this.#pause = null
      if (this.#changed) this.#onChange()
    }, SNAPSHOT_EVERY_MS).unref()
  }

  /** A viewer who has not taken the last snapshot is passed over: the next one is whole again. */
  #send(viewer: Viewer): void {
    if (viewer.response.writableNeedDrain) return
    const text = JSON.stringify(pageSnapshot(this.#feed.current(), { group: viewer.group, supervised: this.#supervised }))
    if (text === viewer.last) return
    viewer.last = text
    viewer.response.write(`data: ${text}\n\n`)
  }

  #beat(): void {
    for (const viewer of this.#viewers) {
      if (viewer.response.writableNeedDrain) {
        viewer.response.destroy()
        continue
      }
      viewer.response.write(': still here\n\n')
      this.#send(viewer)
    }
  }
}
