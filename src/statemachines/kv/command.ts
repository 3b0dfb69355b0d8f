/** Commands of the kv store and their bytes, the same for every client in any language (docs/kv.md). Knows no table. */

import { FlotillaError } from '../../base/errors.ts'
import { BATCH_OPERATIONS_MAX, COMMAND_BYTES_MAX } from '../../base/limits.ts'
import { ByteReader, ByteWriter, checkKey, checkSize, checkValue, FORMAT_VERSION } from './layout.ts'

/** Sets a key. */
export interface Put {
  readonly op: 'put'
  readonly family: string
  readonly key: Uint8Array
  readonly value: Uint8Array
}

/** Removes a key; a key that is not there is no error. */
export interface Delete {
  readonly op: 'delete'
  readonly family: string
  readonly key: Uint8Array
}

/** Sets or removes a key if it has the expected value now. */
export interface CompareAndSet {
  readonly op: 'compareAndSet'
  readonly family: string
  readonly key: Uint8Array
  /** What the key must hold; missing: the key must not be there. */
  readonly expected?: Uint8Array
  /** What the key shall hold; missing: it is removed. */
  readonly replacement?: Uint8Array
}

/** Several puts and deletes, over any families, all or none, in order: the last one for a key counts. */
export interface Batch {
  readonly op: 'batch'
  readonly operations: readonly (Put | Delete)[]
}

/** What can be asked of a key-value store. */
export type KvCommand = Put | Delete | CompareAndSet | Batch

const PUT = 1
const DELETE = 2
const COMPARE_AND_SET = 3
const BATCH = 4

const EXPECTED = 1
const REPLACEMENT = 2

/** Bytes beside family, key and value in one operation, at most. */
const OVERHEAD = 12

/** Bytes of a {@link Put}. Throws `COMMAND_INVALID` or `TOO_LARGE` before anything is sent. */
export const encodePut = (family: string, key: Uint8Array, value: Uint8Array): Uint8Array =>
  encodeCommand({ op: 'put', family, key, value })

/** Bytes of a {@link Delete}. */
export const encodeDelete = (family: string, key: Uint8Array): Uint8Array => encodeCommand({ op: 'delete', family, key })

/** Bytes of a {@link CompareAndSet}. */
export const encodeCompareAndSet = (command: Omit<CompareAndSet, 'op'>): Uint8Array =>
  encodeCommand({ op: 'compareAndSet', ...command })

/** Bytes of a {@link Batch}. */
export const encodeBatch = (operations: Batch['operations']): Uint8Array => encodeCommand({ op: 'batch', operations })

/** Bytes of any command. */
export function encodeCommand(command: KvCommand): Uint8Array {
  const writer = new ByteWriter(Math.min(sizeOf(command), COMMAND_BYTES_MAX)).u8(FORMAT_VERSION)
  if (command.op === 'batch') writeBatch(writer, command)
  else if (command.op === 'compareAndSet') writeCompareAndSet(writer, command)
  else writeOperation(writer, command)
  const bytes = writer.finish()
  checkSize(bytes)
  return bytes
}

/** A command from its bytes; keys and values are views of them. Throws `COMMAND_INVALID` or `TOO_LARGE`, nothing else. */
export function decodeCommand(bytes: Uint8Array): KvCommand {
  checkSize(bytes)
  const reader = new ByteReader(bytes, 'COMMAND_INVALID')
  reader.version()
  const command = readCommand(reader)
  reader.end()
  return command
}

function readCommand(reader: ByteReader): KvCommand {
  const op = reader.u8()
  if (op === BATCH) return readBatch(reader)
  if (op === COMPARE_AND_SET) return readCompareAndSet(reader)
  return readOperation(reader, op)
}

function writeOperation(writer: ByteWriter, operation: Put | Delete): void {
  checkKey(operation.key)
  writer
    .u8(operation.op === 'put' ? PUT : DELETE)
    .family(operation.family)
    .short(operation.key)
  if (operation.op === 'put') writeValue(writer, operation.value)
}

function readOperation(reader: ByteReader, op: number): Put | Delete {
  if (op !== PUT && op !== DELETE) throw reader.invalid(`unknown operation ${op}`)
  const family = reader.family()
  const key = readKey(reader)
  return op === PUT ? { op: 'put', family, key, value: readValue(reader) } : { op: 'delete', family, key }
}

function writeCompareAndSet(writer: ByteWriter, command: CompareAndSet): void {
  checkKey(command.key)
  const { expected, replacement } = command
  writer.u8(COMPARE_AND_SET).family(command.family).short(command.key)
  writer.u8((expected === undefined ? 0 : EXPECTED) | (replacement === undefined ? 0 : REPLACEMENT))
  if (expected !== undefined) writeValue(writer, expected)
  if (replacement !== undefined) writeValue(writer, replacement)
}

function readCompareAndSet(reader: ByteReader): CompareAndSet {
  const family = reader.family()
  const key = readKey(reader)
  const flags = reader.flags(EXPECTED | REPLACEMENT)
  const expected = flags & EXPECTED ? { expected: readValue(reader) } : {}
  const replacement = flags & REPLACEMENT ? { replacement: readValue(reader) } : {}
  return { op: 'compareAndSet', family, key, ...expected, ...replacement }
}

function writeBatch(writer: ByteWriter, { operations }: Batch): void {
  checkCount(operations.length)
  writer.u8(BATCH).u16(operations.length)
  for (const operation of operations) writeOperation(writer, operation)
}

function readBatch(reader: ByteReader): Batch {
  const count = reader.u16()
  checkCount(count)
  const operations: (Put | Delete)[] = []
  for (let i = 0; i < count; i++) operations.push(readOperation(reader, reader.u8()))
  return { op: 'batch', operations }
}

function checkCount(operations: number): void {
  if (operations === 0) throw new FlotillaError('COMMAND_INVALID', 'a batch has at least one operation')
  if (operations <= BATCH_OPERATIONS_MAX) return
  const message = `a batch of ${operations} operations is above the limit of ${BATCH_OPERATIONS_MAX}`
  throw new FlotillaError('TOO_LARGE', message, { operations, operationsMax: BATCH_OPERATIONS_MAX })
}

function writeValue(writer: ByteWriter, value: Uint8Array): void {
  checkValue(value)
  writer.long(value)
}

function readValue(reader: ByteReader): Uint8Array {
  const value = reader.long()
  checkValue(value)
  return value
}

function readKey(reader: ByteReader): Uint8Array {
  const key = reader.short()
  checkKey(key)
  return key
}

function sizeOf(command: KvCommand): number {
  if (command.op === 'batch') return command.operations.reduce((sum, operation) => sum + sizeOf(operation), OVERHEAD)
  const { family, key } = command
  const bytes = OVERHEAD + family.length + key.length
  if (command.op === 'put') return bytes + command.value.length
  if (command.op === 'delete') return bytes
  return bytes + (command.expected?.length ?? 0) + 4 + (command.replacement?.length ?? 0)
}
