/** Numbers in the words of the page. Pure: no document, no state. */

/** A whole number with its thousands apart; a dash for none. */
export const count = (value: number | null | undefined): string =>
  value === null || value === undefined ? '–' : value.toLocaleString('en-US')

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const

/** Bytes with a unit and at most one decimal. */
export function bytes(value: number): string {
  let rest = value
  let unit = 0
  while (rest >= 1024 && unit < UNITS.length - 1) {
    rest /= 1024
    unit++
  }
  return `${unit === 0 || rest >= 100 ? Math.round(rest) : rest.toFixed(1)} ${UNITS[unit]}`
}

/** How far a replica's applied entries are behind the last entry known anywhere. */
export function lag(applied: number, last: number): string {
  const behind = last - applied
  return behind <= 0 ? 'in step' : `${count(behind)} behind`
}

/** A part of a whole as a CSS width. An empty log is full. */
export const share = (part: number, whole: number): string =>
  `${whole <= 0 ? 100 : Math.min(100, (100 * part) / whole).toFixed(2)}%`
