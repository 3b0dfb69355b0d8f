/** Rows and columns of text, aligned. Knows nothing of what is in them. */

import type { Paint } from './paint.ts'

/** A column: its title, and whether its cells are numbers and stand to the right. */
export interface Column {
  readonly title: string
  readonly right?: boolean
}

/** A cell: its text, and how to colour it once it has its width. */
export type Cell = string | { readonly text: string; readonly paint: (text: string) => string }

/** Lines of a table, titles first. */
export function tableOf(columns: readonly Column[], rows: readonly (readonly Cell[])[], paint: Paint): string[] {
  const widths = columns.map(({ title }, i) => Math.max(title.length, ...rows.map((row) => textOf(row[i]).length)))
  const line = (cells: readonly Cell[]): string =>
    columns
      .map(({ right }, i) => {
        const cell = cells[i] ?? ''
        const text = textOf(cell)
        const padded = right ? text.padStart(widths[i] ?? 0) : text.padEnd(widths[i] ?? 0)
        return typeof cell === 'string' ? padded : cell.paint(padded)
      })
      .join('  ')
      .trimEnd()
  return [line(columns.map(({ title }) => ({ text: title, paint: paint.dim }))), ...rows.map(line)]
}

const textOf = (cell: Cell | undefined): string => (cell === undefined ? '' : typeof cell === 'string' ? cell : cell.text)
