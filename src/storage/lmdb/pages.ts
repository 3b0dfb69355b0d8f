/**
 * The pages of LMDB's file as they lie on the disk, read without LMDB: it maps the file into memory, and damage met there ends the process.
 * Knows their layout (data version 2, 64 bits, little-endian: what npm lmdb 3.5 writes), and nothing of what is stored in them.
 */

import { readSync } from 'node:fs'

/** Bytes in front of each page: number (8), transaction (8), pad (2), flags (2), and the bounds of its free space (2, 2) or a count of pages (4). */
const HEADER_BYTES = 24

/** Bytes of a meta page that LMDB writes. */
const META_BYTES = HEADER_BYTES + 144

const BRANCH = 0x01
const LEAF = 0x02
const OVERFLOW = 0x04
const META = 0x08
const KINDS = BRANCH | LEAF | OVERFLOW | META

const MAGIC = 0xbeefc0de
const VERSION = 2

/** Flag of a tree whose keys are numbers. */
const INTEGER_KEYS = 0x08

/** Flags of a node: its value lies in pages of its own, or is the record of a database. */
const BIG = 0x01
const SUB = 0x02

/** Bytes in place of a value that has pages of its own: the first of them, a transaction, and how many they are. */
const WHERE_BYTES = 24

/** Bytes of the record of a database. */
const TREE_BYTES = 48

/** Bytes in front of a node's key: two halves of the value's length, flags, the key's length; of a branch, the page below instead. */
const NODE_BYTES = 8

/** Levels LMDB itself can walk. */
const DEPTH_MAX = 32

/** An open file and the size of its pages. */
export interface PageFile {
  readonly fd: number
  readonly bytes: number
  readonly pageBytes: number
}

/** Where a tree begins. */
export interface Tree {
  readonly flags: number
  readonly depth: number
  readonly entries: number
  /** Number of its uppermost page; null when it is empty. */
  readonly root: number | null
}

/** One of the two pages that say which state of the file is the newest. */
export interface Meta {
  readonly pageBytes: number
  readonly mapBytes: number
  readonly free: Tree
  readonly main: Tree
  /** The highest page in use. */
  readonly lastPage: number
  readonly transaction: number
}

/** What is wrong with a page. */
export class PageDamage extends Error {}

function damage(what: string): never {
  throw new PageDamage(what)
}

/** A number of 8 bytes. What does not fit one of ours is none that LMDB wrote. */
function readNumber(page: Buffer, at: number): number {
  const value = page.readBigUInt64LE(at)
  return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : damage(`it has a number of ${value}`)
}

function readTree(bytes: Buffer, at: number): Tree {
  const root = bytes.readBigInt64LE(at + 40) === -1n ? null : readNumber(bytes, at + 40)
  return { flags: bytes.readUInt16LE(at + 4), depth: bytes.readUInt16LE(at + 6), entries: readNumber(bytes, at + 32), root }
}

/** The meta page that begins at an offset. Throws {@link PageDamage}. */
export function readMeta(fd: number, number: 0 | 1, offset: number): Meta {
  const page = Buffer.alloc(META_BYTES)
  if (readSync(fd, page, 0, META_BYTES, offset) < META_BYTES) damage('it is cut off')
  if (readNumber(page, 0) !== number || page.readUInt16LE(18) !== META) damage('it is no meta page')
  const at = HEADER_BYTES
  if (page.readUInt32LE(at) !== MAGIC) damage('it is not of LMDB')
  if (page.readUInt32LE(at + 4) !== VERSION) damage(`its version is ${page.readUInt32LE(at + 4)}, not ${VERSION}`)
  return {
    mapBytes: readNumber(page, at + 16),
    pageBytes: page.readUInt32LE(at + 24),
    free: readTree(page, at + 24),
    main: readTree(page, at + 72),
    lastPage: readNumber(page, at + 120),
    transaction: readNumber(page, at + 128),
  }
}

/** A page that is part of a tree. */
export interface TreePage {
  readonly bytes: Buffer
  readonly transaction: number
  readonly isLeaf: boolean
  readonly keys: number
}

/** One page of a tree. Throws {@link PageDamage} when it is not within the file, or not what it should be. */
export function readTreePage({ fd, bytes: fileBytes, pageBytes }: PageFile, number: number): TreePage {
  if (number < 2 || (number + 1) * pageBytes > fileBytes) damage(`page ${number} is not within the file`)
  const bytes = Buffer.alloc(pageBytes)
  if (readSync(fd, bytes, 0, pageBytes, number * pageBytes) < pageBytes) damage(`page ${number} is cut off`)
  if (readNumber(bytes, 0) !== number) damage(`page ${number} holds another one`)
  const kind = bytes.readUInt16LE(18) & KINDS
  if (kind !== BRANCH && kind !== LEAF) damage(`page ${number} is no part of a tree`)
  const [lower, upper] = [bytes.readUInt16LE(20), bytes.readUInt16LE(22)]
  if (lower % 2 !== 0 || lower > upper || upper + HEADER_BYTES > pageBytes) damage(`page ${number} is not laid out as one`)
  return { bytes, transaction: readNumber(bytes, 8), isLeaf: kind === LEAF, keys: lower / 2 }
}

/** Where the i-th node of a page begins, and where its key ends. */
function nodeAt({ bytes }: TreePage, i: number): readonly [start: number, keyEnd: number] {
  const start = bytes.readUInt16LE(HEADER_BYTES + 2 * i) + HEADER_BYTES
  if (start + NODE_BYTES > bytes.length) damage('a node lies outside its page')
  const keyEnd = start + NODE_BYTES + bytes.readUInt16LE(start + 6)
  return keyEnd <= bytes.length ? [start, keyEnd] : damage('a key lies outside its page')
}

/** The key of the i-th node; null where there is no such node. */
function keyAt(page: TreePage, i: number): Buffer | null {
  if (i >= page.keys) return null
  const [start, keyEnd] = nodeAt(page, i)
  return page.bytes.subarray(start + NODE_BYTES, keyEnd)
}

/** The page below the i-th node of a branch. */
function childAt(page: TreePage, i: number): number {
  const [start] = nodeAt(page, i)
  return (
    page.bytes.readUInt16LE(start) + page.bytes.readUInt16LE(start + 2) * 2 ** 16 + page.bytes.readUInt16LE(start + 4) * 2 ** 32
  )
}

function checkOverflow({ fd, bytes, pageBytes }: PageFile, number: number, valueBytes: number): void {
  const pages = Math.ceil((HEADER_BYTES + valueBytes) / pageBytes)
  if (number < 2 || (number + pages) * pageBytes > bytes) damage(`page ${number} of a large value is not within the file`)
  const header = Buffer.alloc(HEADER_BYTES)
  readSync(fd, header, 0, HEADER_BYTES, number * pageBytes)
  if (readNumber(header, 0) !== number || (header.readUInt16LE(18) & KINDS) !== OVERFLOW || header.readUInt32LE(20) !== pages)
    damage(`page ${number} is no large value`)
}

/** Bytes that a node takes of its page: its key and, in a leaf, its value or where that lies; rounded up to a whole pair. */
function nodeBytes(page: TreePage, i: number): number {
  const [start, keyEnd] = nodeAt(page, i)
  if (!page.isLeaf) return (keyEnd - start + 1) & ~1
  const inPage = (page.bytes.readUInt16LE(start + 4) & BIG) === 0 ? page.bytes.readUInt32LE(start) : WHERE_BYTES
  if (keyEnd + inPage > page.bytes.length) damage('a value lies outside its page')
  return (keyEnd - start + inPage + 1) & ~1
}

/** Nodes lie close together at the end of their page, so that one more or less shows; and their keys, if they are no numbers, rise byte by byte. */
function checkLayout(page: TreePage, numbers: boolean): void {
  let used = 0
  let before: Buffer | null = null
  for (let i = 0; i < page.keys; i++) {
    used += nodeBytes(page, i)
    const [start, keyEnd] = nodeAt(page, i)
    const key = page.bytes.subarray(start + NODE_BYTES, keyEnd)
    if (!numbers && before && Buffer.compare(before, key) >= 0) damage('the keys of a page are not in their order')
    before = key
  }
  if (used !== page.bytes.length - HEADER_BYTES - page.bytes.readUInt16LE(22)) damage('a page does not hold what it should')
}

/** The trees recorded in a leaf, and whether its values lie within the file. */
function readLeaf(file: PageFile, page: TreePage, numbers = false): Tree[] {
  const trees: Tree[] = []
  checkLayout(page, numbers)
  for (let i = 0; i < page.keys; i++) {
    const [start, keyEnd] = nodeAt(page, i)
    const flags = page.bytes.readUInt16LE(start + 4)
    const valueBytes = page.bytes.readUInt32LE(start)
    if ((flags & ~(BIG | SUB)) !== 0) damage('a value has flags of its own')
    if ((flags & BIG) !== 0) checkOverflow(file, readNumber(page.bytes, keyEnd), valueBytes)
    if ((flags & SUB) === 0) continue
    trees.push(valueBytes === TREE_BYTES ? readTree(page.bytes, keyEnd) : damage('the record of a database is cut off'))
  }
  return trees
}

/** Uppermost pages of the trees recorded in a leaf, looked at: each lies in the file and is what its record says. */
export function checkTop(file: PageFile, tree: Tree): TreePage | null {
  if (tree.root === null) return null
  const page = readTreePage(file, tree.root)
  if (tree.depth < 1 || tree.depth > DEPTH_MAX || page.isLeaf !== (tree.depth === 1)) damage(`page ${tree.root} is no root`)
  return page
}

/** Whether every key of a page that has one is a number of 8 bytes, as in the tree of free pages and in no other of ours. The first of a branch has none. */
export function hasNumberKeys(page: TreePage): boolean {
  for (let i = page.isLeaf ? 0 : 1; i < page.keys; i++) {
    const [start, keyEnd] = nodeAt(page, i)
    if (keyEnd - start !== NODE_BYTES + 8) return false
  }
  return true
}

/** The trees recorded in the leaf of the main tree. */
export const treesIn = readLeaf

/**
 * Looks at every page that a tree reaches, and at those of the trees recorded in it. Throws {@link PageDamage} when one is not what it should be, or
 * when all of them together do not hold as many entries as are recorded. Reads all of the tree: some seconds for a GiB.
 */
export function walkTree(file: PageFile, tree: Tree): void {
  const top = checkTop(file, tree)
  const entries = top
    ? walkPage(file, top, { depth: tree.depth, numbers: (tree.flags & INTEGER_KEYS) !== 0, from: null, to: null })
    : 0
  if (entries !== tree.entries) damage(`a database of ${tree.entries} entries holds ${entries}`)
}

/** Where a page of a tree lies: levels from here down, what keys are, and between which all of its own must be; null: no bound. */
interface Within {
  readonly depth: number
  readonly numbers: boolean
  readonly from: Buffer | null
  readonly to: Buffer | null
}

/** Who looks for a key goes by those of the inner pages: one that lies outside of what they say is never found. */
function checkWithin(page: TreePage, { numbers, from, to }: Within): void {
  if (numbers) return
  const first = keyAt(page, page.isLeaf ? 0 : 1) // the first of a branch has none
  const last = keyAt(page, page.keys - 1)
  if ((from && first && Buffer.compare(first, from) < 0) || (to && last && Buffer.compare(last, to) >= 0))
    damage('a page holds keys that are looked for in another')
}

/** Entries below a page. */
function walkPage(file: PageFile, page: TreePage, within: Within): number {
  const { depth, numbers, from, to } = within
  if (page.isLeaf !== (depth === 1)) damage('a tree is not as deep everywhere')
  checkWithin(page, within)
  if (page.isLeaf) {
    for (const tree of readLeaf(file, page, numbers)) walkTree(file, tree)
    return page.keys
  }
  checkLayout(page, numbers)
  let entries = 0
  for (let i = 0; i < page.keys; i++) {
    const bounds = { from: i === 0 ? from : keyAt(page, i), to: keyAt(page, i + 1) ?? to }
    entries += walkPage(file, readTreePage(file, childAt(page, i)), { depth: depth - 1, numbers, ...bounds })
  }
  return entries
}
