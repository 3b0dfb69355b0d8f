/**
 * Terms and votes a second time, in a small file of their own, so that an older state of the database cannot pass for the newest: who forgets a vote
 * votes twice. Knows nothing of LMDB.
 */

import { closeSync, fstatSync, fsyncSync, openSync, readFileSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { text, utf8 } from '../../base/bytes.ts'
import { FlotillaError } from '../../base/errors.ts'
import { ID_PATTERN } from '../../base/limits.ts'
import type { GroupWrite } from '../../ports/store.ts'
import type { HardState } from '../../protocol/types.ts'
import { damaged } from './damage.ts'
import type { Writer } from './writer.ts'

/** The file within the directory. */
export const SLOTS_FILE = 'hardstate'

/** What a peer has promised: the part of its hard state that nobody else could tell it. */
export type Promised = Pick<HardState, 'term' | 'vote'>

/** A group's promise, to be written. */
export interface PromisedBy extends Promised {
  readonly group: string
}

/** What a write promises. */
export const promisesIn = (batch: readonly Pick<GroupWrite, 'group' | 'hardState'>[]): PromisedBy[] =>
  batch.flatMap(({ group, hardState }) => (hardState ? [{ group, ...hardState }] : []))

/** Bytes of one slot: checksum (4), sequence, term, vote (6 each; 0 is none), length of the group's id (1), the id (63), zeros. */
const SLOT_BYTES = 128
const FIELD_BYTES = 6
const ID_AT = 4 + 3 * FIELD_BYTES + 1

/** Slots of one page. Pages come in pairs, and a group's two slots lie in both of a pair: no one sector holds both. */
const PAGE_BYTES = 4096
const PAGE_SLOTS = PAGE_BYTES / SLOT_BYTES

interface Slot extends PromisedBy {
  /** Rises by one with each write; even ones lie in the first page of the pair. */
  readonly sequence: number
}

/** What is known of a group: where its slots are, and what the newer one says. */
interface Place {
  readonly position: number
  readonly slot: Slot
}

/** Where the slot of a sequence number begins. */
const offsetOf = (position: number, sequence: number): number =>
  (Math.floor(position / PAGE_SLOTS) * 2 + (sequence % 2)) * PAGE_BYTES + (position % PAGE_SLOTS) * SLOT_BYTES

/** The checksum covers the store's uuid too: slots of another store are none. */
function encode(slot: Slot, uuid: Uint8Array): Buffer {
  const bytes = Buffer.alloc(SLOT_BYTES)
  const id = utf8(slot.group)
  for (const [i, field] of [slot.sequence, slot.term, slot.vote ?? 0].entries())
    bytes.writeUIntBE(field, 4 + i * FIELD_BYTES, FIELD_BYTES)
  bytes[ID_AT - 1] = id.length
  bytes.set(id, ID_AT)
  bytes.writeUInt32BE(crc32(bytes.subarray(4), crc32(uuid)))
  return bytes
}

/** The slot at an offset; null when nothing sound is there. */
function decode(bytes: Buffer, uuid: Uint8Array | null): Slot | null {
  if (bytes.length < SLOT_BYTES) return null
  if (uuid && crc32(bytes.subarray(4), crc32(uuid)) !== bytes.readUInt32BE()) return null
  const field = (i: number): number => bytes.readUIntBE(4 + i * FIELD_BYTES, FIELD_BYTES)
  const group = text(bytes.subarray(ID_AT, ID_AT + (bytes[ID_AT - 1] as number)))
  const vote = field(2)
  return ID_PATTERN.test(group) ? { sequence: field(0), term: field(1), vote: vote === 0 ? null : vote, group } : null
}

/** The newest sound slot of each group of a file's bytes. */
function readPlaces(bytes: Buffer, uuid: Uint8Array | null): Map<string, Place> {
  const places = new Map<string, Place>()
  const positions = Math.ceil(bytes.length / (2 * PAGE_BYTES)) * PAGE_SLOTS
  for (let position = 0; position < positions; position++) {
    for (const parity of [0, 1]) {
      const at = offsetOf(position, parity)
      const slot = decode(bytes.subarray(at, at + SLOT_BYTES), uuid)
      const known = slot && places.get(slot.group)
      if (slot && (!known || known.slot.sequence < slot.sequence)) places.set(slot.group, { position, slot })
    }
  }
  return places
}

function readBytes(dir: string): Buffer | null {
  try {
    return readFileSync(join(dir, SLOTS_FILE))
  } catch (thrown) {
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT') return null
    throw thrown
  }
}

/** What stands in the slots of a store's directory, for who only looks. */
export function readSlots(dir: string, uuid: string): ReadonlyMap<string, Promised> {
  const places = readPlaces(readBytes(dir) ?? Buffer.alloc(0), utf8(uuid))
  return new Map([...places].map(([group, { slot }]) => [group, slot]))
}

/** Throws `STORAGE_FAILED` when promises were made in this directory whose database is gone: it has been emptied, or changed for another. */
export function checkUnpromised(dir: string): void {
  const [group] = readPlaces(readBytes(dir) ?? Buffer.alloc(0), null).keys()
  if (group === undefined) return
  const message = `the store in ${dir} is damaged: its database is empty, and group "${group}" was in it; treat this disk as lost`
  throw new FlotillaError('STORAGE_FAILED', message, { dir, group })
}

/** Whether what is stored is older than what was promised. */
const isOlder = (stored: Promised, promised: Promised): boolean =>
  stored.term < promised.term || (stored.term === promised.term && promised.vote !== null && stored.vote !== promised.vote)

/** Throws `STORE_DAMAGED` unless a group's hard state is as new as what it promised. */
export function checkPromise(group: string, stored: Promised, promised: Promised | undefined): void {
  if (!promised) throw damaged(`group "${group}": what it promised is not in ${SLOTS_FILE}`, { group })
  if (!isOlder(stored, promised)) return
  const said = ({ term, vote }: Promised): string => `term ${term}, vote ${vote ?? 'none'}`
  throw damaged(`group "${group}": its hard state (${said(stored)}) is older than what it promised (${said(promised)})`, {
    group,
  })
}

/** Throws `STORE_DAMAGED` when a group that is not recorded has promised something. */
export function checkForgotten(group: string, promised: Promised | undefined): void {
  if (promised && promised.term > 0) throw damaged(`group "${group}": its record is missing`, { group })
}

/** Makes the name of a new file durable. */
function syncDirectory(dir: string): void {
  const fd = openSync(dir, 'r')
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

/** Writes down a second time what was promised anew. */
export async function keepPromises(
  { slots, writer }: { readonly slots: Slots; readonly writer: Writer },
  promises: readonly PromisedBy[],
): Promise<void> {
  const changed = slots.changed(promises)
  if (changed.length > 0) await writer.watch(() => slots.write(changed))
}

/** The slots of an open store. Writes do not overlap: who calls sees to that. */
export class Slots {
  readonly #file: FileHandle
  readonly #uuid: Uint8Array
  readonly #places: Map<string, Place>
  #positions: number

  private constructor(file: FileHandle, uuid: Uint8Array, bytes: Buffer) {
    this.#file = file
    this.#uuid = uuid
    this.#places = readPlaces(bytes, uuid)
    this.#positions = Math.ceil(bytes.length / (2 * PAGE_BYTES)) * PAGE_SLOTS // a damaged slot's place is not given away
  }

  /** Opens the file, made when missing: then no group has a slot. */
  static async open(dir: string, uuid: string): Promise<Slots> {
    const bytes = readBytes(dir)
    const file = await open(join(dir, SLOTS_FILE), bytes === null ? 'wx+' : 'r+', 0o600)
    if (bytes === null || fstatSync(file.fd).size === 0) syncDirectory(dir)
    return new Slots(file, utf8(uuid), bytes ?? Buffer.alloc(0))
  }

  /** What a group has promised; undefined when nothing sound is known of it. */
  get(group: string): Promised | undefined {
    return this.#places.get(group)?.slot
  }

  /** Whether a promise is another than the one that stands here. */
  differs({ group, term, vote }: PromisedBy): boolean {
    const known = this.get(group)
    return known?.term !== term || known.vote !== vote
  }

  /** Those of the promises that do not stand here yet. */
  changed(promises: readonly PromisedBy[]): readonly PromisedBy[] {
    return promises.filter((promise) => this.differs(promise))
  }

  /** Writes promises; resolves when they are on disk. To be called when LMDB has them: then a slot that is newer than LMDB means damage. */
  async write(promises: readonly PromisedBy[]): Promise<void> {
    if (promises.length === 0) return
    for (const { group, term, vote } of promises) {
      const known = this.#places.get(group)
      const position = known?.position ?? this.#newPosition()
      const slot = { group, term, vote, sequence: (known?.slot.sequence ?? 0) + 1 }
      const bytes = encode(slot, this.#uuid)
      const { bytesWritten } = await this.#file.write(bytes, 0, SLOT_BYTES, offsetOf(position, slot.sequence))
      if (bytesWritten < SLOT_BYTES) throw new Error(`only ${bytesWritten} bytes of ${SLOTS_FILE} could be written`)
      this.#places.set(group, { position, slot })
    }
    await this.#file.datasync()
  }

  async close(): Promise<void> {
    await this.#file.close()
  }

  #newPosition(): number {
    return this.#positions++
  }
}
