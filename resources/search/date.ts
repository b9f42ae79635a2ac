/** https://hl7.org/fhir/R4/search.html#date */
import { invalid } from '../error.ts'
import { isObject } from '../resource.ts'
import { unescaped } from './escape.ts'
import { instantRange, openEnd, openStart, type Range } from './instant.ts'
import { anyOf, boundsOf, splitPrefix } from './prefix.ts'
import type { Asked, SearchType } from './type.ts'
import type { Zone } from './zone.ts'

/**
 * The range a date, a Period or a Timing stands for: of a Timing the outer limits of its events and its bounds, whatever
 * lies between.
 */
function spanOf(value: unknown, zone: Zone): Range | undefined {
  if (typeof value === 'string') return instantRange(value, zone)
  if (!isObject(value)) return undefined
  if (value.event !== undefined || value.repeat !== undefined) return timingOf(value, zone)
  const start = spanOf(value.start, zone)
  const end = spanOf(value.end, zone)
  if (!start && !end) return undefined
  return { low: start?.low ?? openStart, high: end?.high ?? openEnd }
}

function timingOf({ event, repeat }: Record<string, unknown>, zone: Zone): Range | undefined {
  const all: Range[] = []
  const parts = [...(Array.isArray(event) ? event : []), isObject(repeat) && repeat.boundsPeriod]
  for (const part of parts) {
    const range = spanOf(part, zone)
    if (range) all.push(range)
  }
  if (all.length === 0) return undefined
  return {
    low: all.reduce((least, { low }) => Math.min(least, low), Infinity),
    high: all.reduce((greatest, { high }) => Math.max(greatest, high), -Infinity),
  }
}

export const date: SearchType = {
  collector:
    ({ param, zone }) =>
    (value, rows, { datatype }) => {
      const range = spanOf(value, zone)
      if (!range) return
      // An instant has no width, however many digits it has.
      const high = datatype === 'instant' ? range.low : range.high
      rows.add({ kind: 'date', param, low: range.low, high })
    },
  modifiers: {
    '': (value, asked) =>
      anyOf(
        readDate(value, asked).map(bounds => ({ kind: 'date', param: asked.param, ...bounds })),
      ),
  },
  known: ['missing'],
}

const millisecond = { before: (value: number) => value - 1, after: (value: number) => value + 1 }

/** The bounds of a date with its prefix. */
export function readDate(value: string, { name, now, zone }: Pick<Asked, 'name' | 'now' | 'zone'>) {
  const [prefix, text] = splitPrefix(unescaped(value))
  // In a URL a plus sign means a space unless it is escaped.
  const range = instantRange(text.replace(/ (\d\d:\d\d)$/, '+$1'), zone)
  if (!range)
    throw invalid(
      `${name} takes a date such as 2024, 2024-05 or 2024-05-01T10:00:00Z, with one of the prefixes eq ne gt ge lt le sa eb ap before it`,
    )
  const slack = Math.abs((now ?? range.low) - range.low) * 0.1
  const near = { nearLow: range.low - slack, nearHigh: range.high + slack }
  return boundsOf(prefix, { ...range, ...near }, millisecond)
}

/** The ends of a date row that are not open. */
export const rangeOf = ({ low, high }: Range): { low?: number; high?: number } => ({
  ...(low === openStart ? {} : { low }),
  ...(high === openEnd ? {} : { high }),
})
