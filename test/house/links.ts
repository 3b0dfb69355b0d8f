/** Links and headings of Markdown pages, read as GitHub shows them. Knows nothing of what the pages say. */

import { existsSync, readFileSync, statSync } from 'node:fs'
import { posix } from 'node:path'

const withoutCode = (page: string): string => page.replace(/^(```|~~~)[\s\S]*?^\1/gm, '').replace(/`[^`\n]*`/g, '')

/** Targets of the links of a page, code left out. */
export const linksOf = (page: string): string[] =>
  [...withoutCode(page).matchAll(/\]\(\s*<?([^)\s>]+)>?(?:\s+"[^"]*")?\s*\)/g)].map((match) => match[1] as string)

/** The fragments that a page's headings answer to. */
export function anchorsOf(page: string): Set<string> {
  const found = new Set<string>()
  const text = page.replace(/^(```|~~~)[\s\S]*?^\1/gm, '')
  for (const [, heading] of text.matchAll(/^#{1,6}\s+(.+?)\s*#*$/gm)) {
    const words = (heading as string).replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase()
    const slug = words.replace(/[^\p{L}\p{N}\s_-]/gu, '').replace(/\s/g, '-')
    let unique = slug
    for (let again = 1; found.has(unique); again++) unique = `${slug}-${again}`
    found.add(unique)
  }
  return found
}

/** Links of the page at `path` (relative to `root`) that lead nowhere. Addresses of other sites are not looked at. */
export function brokenLinks(root: string, path: string): string[] {
  const page = readFileSync(posix.join(root, path), 'utf8')
  return linksOf(page).filter((link) => {
    if (/^[a-z][a-z0-9+.-]*:/i.test(link)) return false
    const [file, fragment] = link.split('#', 2) as [string, string | undefined]
    const target = file === '' ? path : posix.join(posix.dirname(path), decodeURIComponent(file))
    if (target.startsWith('..') || !existsSync(posix.join(root, target))) return true
    if (fragment === undefined || statSync(posix.join(root, target)).isDirectory()) return false
    return target.endsWith('.md') && !anchorsOf(readFileSync(posix.join(root, target), 'utf8')).has(fragment)
  })
}
