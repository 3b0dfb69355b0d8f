/** Colours and symbols, or none of them: what a terminal can show and a file should not contain. Knows no command. */

export interface Paint {
  bold(text: string): string
  dim(text: string): string
  good(text: string): string
  warn(text: string): string
  bad(text: string): string
}

const wrap =
  (open: number, close: number) =>
  (text: string): string =>
    `\u001b[${open}m${text}\u001b[${close}m`

const plain = (text: string): string => text

const COLOURED: Paint = { bold: wrap(1, 22), dim: wrap(2, 22), good: wrap(32, 39), warn: wrap(33, 39), bad: wrap(31, 39) }
const PLAIN: Paint = { bold: plain, dim: plain, good: plain, warn: plain, bad: plain }

/** A set of colours, or a set that leaves text as it is. */
export const paintOf = ({ colours }: { readonly colours: boolean }): Paint => (colours ? COLOURED : PLAIN)

/** 10432 as `10,432`. */
export const grouped = (count: number): string => Math.round(count).toLocaleString('en-US')

/** Bytes as a person says them: `812 B`, `3.3 MiB`, as the inspector's page does. */
export function bytesOf(count: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
  let value = count
  let unit = 0
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024
    unit++
  }
  return `${unit === 0 || value >= 99.5 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`
}

/** Cut to a width, with an ellipsis where something is missing. */
export function clipped(text: string, width: number): string {
  if (text.length <= width) return text
  return width < 1 ? '' : `${text.slice(0, width - 1)}…`
}
