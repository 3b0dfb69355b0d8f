/**
 * A directory on a disk that keeps what was flushed and may lose or tear the rest: follows the system calls of a process, and says at any point
 * what a power cut could leave. Knows nothing of what the files mean.
 */

import { type Call, type CallEvent, numberAt, stringsOf } from './trace.ts'

/** The piece a disk writes as a whole. */
const SECTOR_BYTES = 512

/** One change of a file, or a part of one. */
interface Piece {
  readonly at: number
  /** What is written; null for a truncation at that place. */
  readonly data: Buffer | null
}

/** One change that is not on disk yet. */
interface Pending extends Piece {
  readonly call: Call
  returned: boolean
}

/** One file, by whatever name. */
interface Inode {
  durable: Buffer
  pending: Pending[]
}

/** One change of the directory that is not on disk yet. */
interface NameChange {
  readonly name: string
  /** Null takes the name away. */
  readonly inode: Inode | null
}

interface Descriptor {
  readonly inode: Inode | null
  readonly synced: boolean
  position: number
}

/** Which of the unflushed changes a power cut leaves. */
export interface Survival {
  /** How many of the changes of the directory, which a journal keeps in order. */
  names(pending: number): number
  /** Whether a piece of a write is kept: asked for each sector if `torn`, for the whole write if not. */
  piece(): boolean
  readonly torn: boolean
}

/** The directory. */
export class DiskModel {
  readonly #dir: string
  readonly #descriptors = new Map<number, Descriptor>()
  readonly #flushing = new Map<Call, { readonly inode: Inode; readonly changes: readonly Pending[] }>()
  readonly #names = new Map<string, Inode>()
  readonly #durableNames = new Map<string, Inode>()
  #pendingNames: NameChange[] = []

  constructor(dir: string) {
    this.#dir = dir
  }

  /** Goes on by one end of a call. */
  follow({ end, call }: CallEvent): void {
    if (end) this.#finish(call)
    else this.#begin(call)
  }

  /** What a power cut leaves now: content by name. */
  cut(survival: Survival): Map<string, Buffer> {
    const names = new Map(this.#durableNames)
    for (const change of this.#pendingNames.slice(0, survival.names(this.#pendingNames.length))) rename(names, change)
    return new Map([...names].map(([name, inode]) => [name, contentAfter(inode, survival)]))
  }

  #begin(call: Call): void {
    const file = this.#descriptors.get(Number.parseInt(call.args, 10))
    switch (call.name) {
      case 'close':
        this.#descriptors.delete(Number.parseInt(call.args, 10))
        return
      case 'write':
      case 'writev':
        if (file?.inode) file.position += this.#write(call, file.inode, file.position)
        return
      case 'pwrite64':
      case 'pwritev':
        if (file?.inode) this.#write(call, file.inode, numberAt(call, -1))
        return
      case 'ftruncate':
        file?.inode?.pending.push({ at: numberAt(call, 1), data: null, call, returned: false })
        return
      case 'fsync':
      case 'fdatasync':
        if (file?.inode) {
          const changes = file.inode.pending.filter((change) => change.returned)
          this.#flushing.set(call, { inode: file.inode, changes })
        } else if (file) this.#keepNames(this.#pendingNames.length)
        return
      case 'dup':
      case 'dup2':
      case 'dup3':
      case 'fallocate':
      case 'copy_file_range':
      case 'sendfile':
      case 'pwritev2':
        if (file) throw new Error(`${call.name} of a file is not modelled`)
    }
  }

  #finish(call: Call): void {
    if (call.result === null || call.result < 0) return
    const file = this.#descriptors.get(Number.parseInt(call.args, 10))
    if (call.name === 'openat') this.#open(call)
    else if (call.name === 'bind') this.#bound(call)
    else if (call.name === 'lseek' && file) file.position = call.result
    else if (['fsync', 'fdatasync'].includes(call.name)) this.#flushed(call)
    else if (/write|ftruncate/.test(call.name) && file?.inode) this.#written(call, file)
    else if (/^(unlink|rename|link|creat|truncate)/.test(call.name)) this.#renamed(call)
  }

  #write(call: Call, inode: Inode, at: number): number {
    const data = Buffer.concat(stringsOf(call))
    inode.pending.push({ at, data, call, returned: false })
    return data.length
  }

  #written(call: Call, { inode, synced }: Descriptor): void {
    const change = inode?.pending.find((one) => one.call === call)
    if (!inode || !change) return
    if (change.data && change.data.length !== call.result) throw new Error('a write that wrote a part is not modelled')
    change.returned = true
    if (synced)
      keep(
        inode,
        inode.pending.filter((one) => one === change || overlap(one, change)),
      )
  }

  #flushed(call: Call): void {
    const flush = this.#flushing.get(call)
    if (!flush) return
    this.#flushing.delete(call)
    keep(flush.inode, flush.changes)
    this.#keepNames(this.#pendingNames.findLastIndex((change) => change.inode === flush.inode) + 1)
  }

  #open(call: Call): void {
    const name = this.#nameOf(stringsOf(call)[0])
    const descriptor = call.result as number
    this.#descriptors.delete(descriptor) // whatever had the number before
    if (name === null) return
    let inode = this.#names.get(name) ?? null // of a directory there is none: it is only ever flushed
    if (!inode && call.args.includes('O_CREAT')) {
      inode = { durable: Buffer.alloc(0), pending: [] }
      this.#name(name, inode)
    } else if (inode && call.args.includes('O_TRUNC')) {
      inode.pending.push({ at: 0, data: null, call, returned: true })
    }
    if (call.args.includes('O_APPEND')) throw new Error('appending is not modelled')
    this.#descriptors.set(descriptor, { inode, synced: /O_D?SYNC/.test(call.args), position: 0 })
  }

  /** A socket is a name with nothing behind it: after a power cut nobody listens, as at an empty file. */
  #bound(call: Call): void {
    const name = this.#nameOf(stringsOf(call)[0])
    if (name !== null) this.#name(name, { durable: Buffer.alloc(0), pending: [] })
  }

  #renamed(call: Call): void {
    const [from = null, to = null] = stringsOf(call).map((path) => this.#nameOf(path))
    if (from === null) return
    if (/^(creat|truncate)/.test(call.name)) throw new Error(`${call.name} is not modelled`)
    const inode = this.#names.get(from)
    if (!inode) throw new Error(`${from} is not known`)
    if (!call.name.startsWith('unlink') && to !== null) this.#name(to, inode)
    if (!call.name.startsWith('link')) this.#name(from, null)
  }

  #name(name: string, inode: Inode | null): void {
    rename(this.#names, { name, inode })
    this.#pendingNames.push({ name, inode })
  }

  #keepNames(count: number): void {
    for (const change of this.#pendingNames.splice(0, count)) rename(this.#durableNames, change)
  }

  /** A path relative to the directory; null when it is elsewhere. */
  #nameOf(path: Buffer | undefined): string | null {
    const text = path?.toString() ?? ''
    if (text === this.#dir) return ''
    return text.startsWith(`${this.#dir}/`) ? text.slice(this.#dir.length + 1) : null
  }
}

function rename(names: Map<string, Inode>, { name, inode }: NameChange): void {
  if (inode) names.set(name, inode)
  else names.delete(name)
}

const overlap = (one: Pending, other: Pending): boolean =>
  one.data !== null && other.data !== null && one.at < other.at + other.data.length && other.at < one.at + one.data.length

/** Makes changes durable, in the order they were made in. */
function keep(inode: Inode, changes: readonly Pending[]): void {
  const kept = new Set(changes)
  inode.durable = changed(
    inode.durable,
    inode.pending.filter((change) => kept.has(change)),
  )
  inode.pending = inode.pending.filter((change) => !kept.has(change))
}

const contentAfter = ({ durable, pending }: Inode, survival: Survival): Buffer =>
  changed(
    durable,
    pending.flatMap((change) => [...piecesOf(change, survival)]),
  )

function* piecesOf(change: Pending, { torn, piece }: Survival): Generator<Piece> {
  const { at, data } = change
  if (!torn || data === null) {
    if (piece()) yield change
    return
  }
  for (let from = 0; from < data.length; ) {
    const to = Math.min(data.length, (Math.floor((at + from) / SECTOR_BYTES) + 1) * SECTOR_BYTES - at)
    if (piece()) yield { at: at + from, data: data.subarray(from, to) }
    from = to
  }
}

/** A file after some changes, in a buffer of its own. */
function changed(content: Buffer, pieces: readonly Piece[]): Buffer {
  const after = Buffer.alloc(Math.max(content.length, ...pieces.map(({ at, data }) => at + (data?.length ?? 0))))
  let length = content.copy(after)
  for (const { at, data } of pieces) {
    if (data) {
      data.copy(after, at)
      length = Math.max(length, at + data.length)
    } else {
      after.fill(0, at)
      length = at
    }
  }
  return after.subarray(0, length)
}
