/**
 * What is looked at before LMDB maps its file: a file cut short would end the process without a word, and a meta page with a wrong bit can bring an
 * older state back. Knows no more of the file than its pages say.
 */

import { closeSync, fstatSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { FlotillaError } from '../../base/errors.ts'
import { checkTop, hasNumberKeys, type Meta, PageDamage, type PageFile, readMeta, treesIn, walkTree } from './pages.ts'

/** LMDB's file within the directory. */
export const DATA_FILE = 'data.mdb'

/** Databases that one file can have here, with room to spare: see `maxDbs`. */
const TREES_MAX = 16

/** Address space that a meta page may speak of: the half of what a processor of 64 bits has for one process. */
const MAP_BYTES_MAX = 2 ** 46

/** Pages by which a good file may be shorter than its meta page says: such as were taken and given back within one transaction. */
const UNWRITTEN_MAX = 4096

/** Files up to this size are looked at page by page whenever they are opened: a fifth of a second. Larger ones when somebody asks for it. */
const WALK_BYTES_MAX = 64 * 1024 * 1024

/** Flags of the two trees that every file has, as they are made: keys of the first are numbers. All others are as the second. */
const FREE_FLAGS = 0x08
const MAIN_FLAGS = 0

function damage(what: string): never {
  throw new PageDamage(what)
}

function readMetaPage(fd: number, number: 0 | 1, pageBytes: number): Meta {
  try {
    return readMeta(fd, number, number * pageBytes)
  } catch (thrown) {
    if (thrown instanceof PageDamage) damage(`meta page ${number}: ${thrown.message}`)
    throw thrown
  }
}

/** What holds of each meta page for itself. */
function checkMeta(meta: Meta, number: 0 | 1): void {
  const { free, main, pageBytes, mapBytes, lastPage, transaction } = meta
  const sound =
    pageBytes >= 512 &&
    (pageBytes & (pageBytes - 1)) === 0 &&
    free.flags === FREE_FLAGS &&
    main.flags === MAIN_FLAGS &&
    lastPage >= 1 &&
    (lastPage + 1) * pageBytes <= mapBytes &&
    mapBytes <= MAP_BYTES_MAX &&
    (transaction === 0 || transaction % 2 === number)
  if (!sound) damage(`meta page ${number} contradicts itself`)
}

/** The two states a file has. */
interface States {
  readonly newest: Meta
  readonly older: Meta
}

/**
 * The states, if the two meta pages can be those of one file. LMDB writes them in turns, each by one write within one sector of the disk, and
 * never before the pages it speaks of are flushed: so after any crash both are whole, and one is a single transaction older than the other.
 */
function statesOf(even: Meta, odd: Meta): States {
  checkMeta(even, 0)
  checkMeta(odd, 1)
  const newest = even.transaction > odd.transaction ? even : odd
  const older = newest === even ? odd : even
  const isNew = newest.transaction === 0 && older.transaction === 0
  if (!isNew && newest.transaction - older.transaction !== 1) damage('the meta pages are not of two transactions in a row')
  if (newest.pageBytes !== older.pageBytes || newest.mapBytes < older.mapBytes || newest.lastPage < older.lastPage)
    damage('the meta pages contradict each other')
  return { newest, older }
}

/**
 * Every transaction writes the root of the main tree anew, and that of the free pages, since it gives up the roots before it: so both carry its number.
 * A root that does not is that of another state. LMDB keeps the older state whole until the next one is in force.
 */
function checkRoots(file: PageFile, { free, main, transaction }: Meta): void {
  if (transaction === 0 && main.root === null && free.root === null) return
  const top = checkTop(file, main)
  const leaf =
    top?.isLeaf && top.keys <= TREES_MAX && top.keys === main.entries ? top : damage('its table of databases is not one')
  const freeTop = checkTop(file, free)
  if (leaf.transaction !== transaction || (freeTop && freeTop.transaction !== transaction))
    damage('a meta page speaks of another state than it should')
  if (freeTop && (!hasNumberKeys(freeTop) || (freeTop.isLeaf && freeTop.keys !== free.entries)))
    damage('its table of free pages is not one')
  for (const tree of treesIn(file, leaf)) {
    const page = checkTop(file, tree)
    if (tree.flags !== MAIN_FLAGS) damage('a database is kept in another order than ours')
    if (page && page.transaction > transaction) damage('a database is of a later state')
  }
}

/** Nothing that the newest state reaches may lie behind the end of the file. Only when the file is short is all of it looked at. */
function checkLength(file: PageFile, meta: Meta): void {
  const missing = meta.lastPage + 1 - file.bytes / meta.pageBytes
  if (missing <= 0) return
  const cut = `it has ${file.bytes} bytes, and should have ${(meta.lastPage + 1) * meta.pageBytes}`
  if (missing > UNWRITTEN_MAX) damage(cut)
  try {
    walkTree(file, meta.free)
    walkTree(file, meta.main)
  } catch (thrown) {
    if (thrown instanceof PageDamage) damage(cut)
    throw thrown
  }
}

function checkFile(fd: number, everything: boolean): void {
  const { size: bytes } = fstatSync(fd)
  if (bytes === 0) return // LMDB begins such a file anew, and whether that may be is known to the slots
  const even = readMetaPage(fd, 0, 0)
  const { newest, older } = statesOf(even, readMetaPage(fd, 1, even.pageBytes))
  const file = { fd, bytes, pageBytes: newest.pageBytes }
  checkLength(file, newest)
  checkRoots(file, newest)
  checkRoots(file, older)
  if (!everything && bytes > WALK_BYTES_MAX) return
  walkTree(file, newest.free)
  walkTree(file, newest.main)
}

/** The store's file, opened for reading; null when there is none. */
function openFile(path: string): number | null {
  try {
    return openSync(path, 'r')
  } catch (thrown) {
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT') return null
    throw thrown
  }
}

/**
 * Looks at LMDB's file with plain reads. Throws `STORAGE_FAILED` when it is damaged, cut short or not LMDB's. Says nothing of records: each carries
 * a checksum of its own. With `everything`, every page in use is looked at also of a large file: whoever reads it through LMDB after that does so
 * safely, and no entry is missing.
 */
export function checkEnvironment(dir: string, everything = false): void {
  const path = join(dir, DATA_FILE)
  const fd = openFile(path)
  if (fd === null) return
  try {
    checkFile(fd, everything)
  } catch (thrown) {
    if (!(thrown instanceof PageDamage)) throw thrown
    const message = `the store in ${dir} is damaged: ${DATA_FILE}: ${thrown.message}; treat this disk as lost`
    throw new FlotillaError('STORAGE_FAILED', message, { dir }, thrown)
  } finally {
    closeSync(fd)
  }
}
