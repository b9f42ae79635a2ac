/** Dates as ranges of milliseconds. https://hl7.org/fhir/R4/search.html#date */
import type { Zone } from './zone.ts'

export interface Range {
  low: number
  /** The last millisecond that still belongs to it. */
  high: number
}

/** Before and after every date: the open ends of a Period. */
export const openStart = -8e14
export const openEnd = 8e14

const form =
  /^(\d{4})(?:-(\d\d)(?:-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d+))?)?(Z|[+-](?:0\d|1[0-3]):[0-5]\d|[+-]14:00)?)?)?)?$/

/**
 * The range a date of any precision stands for; what has no zone of its own is of `zone`. Absent where the text is no date.
 */
export function instantRange(text: string, zone: Zone): Range | undefined {
  const match = form.exec(text)
  if (!match) return undefined
  const [, year, month, day, hour, minute, second, fraction, offset] = match
  const at = (y: number, m: number, d: number) => zone(clockOf(y, m, d))
  const y = Number(year)
  if (month === undefined) return { low: at(y, 0, 1), high: at(y + 1, 0, 1) - 1 }
  const m = Number(month) - 1
  if (m < 0 || m > 11) return undefined
  if (day === undefined) return { low: at(y, m, 1), high: at(y, m + 1, 1) - 1 }
  const d = Number(day)
  if (d < 1 || d > new Date(Date.UTC(y, m + 1, 0)).getUTCDate()) return undefined
  if (hour === undefined) return { low: at(y, m, d), high: at(y, m, d + 1) - 1 }
  const clock =
    clockOf(y, m, d) +
    Number(hour) * 3_600_000 +
    Number(minute) * 60_000 +
    Number(second ?? 0) * 1000
  const low = offset ? clock - lengthOf(offset) : zone(clock)
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second ?? 0) > 60) return undefined
  if (second === undefined) return { low, high: low + 59_999 }
  if (fraction === undefined) return { low, high: low + 999 }
  const from = low + Number(fraction.slice(0, 3).padEnd(3, '0'))
  // Hundredths stand for ten milliseconds; digits past the third are finer than what is kept.
  return { low: from, high: from + 10 ** Math.max(0, 3 - fraction.length) - 1 }
}

/** Date.UTC reads years below 100 as those of the last century. */
function clockOf(year: number, month: number, day: number): number {
  if (year > 99) return Date.UTC(year, month, day)
  const date = new Date(0)
  date.setUTCFullYear(year, month, day)
  return date.getTime()
}

function lengthOf(offset: string): number {
  if (offset === 'Z') return 0
  const minutes = Number(offset.slice(1, 3)) * 60 + Number(offset.slice(4, 6))
  return (offset.startsWith('-') ? -minutes : minutes) * 60_000
}
