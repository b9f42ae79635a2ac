/** https://hl7.org/fhir/R4/search.html#date */
import { invalid } from '../error.ts'
import { isObject } from '../resource.ts'
import type { Row } from '../store.ts'
import { unescaped } from './escape.ts'
import { instantRange, openEnd, openStart, type Range } from './instant.ts'
import { anyOf, boundsOf, splitPrefix } from './prefix.ts'
import type { Asked, SearchType } from './type.ts'

/** Every range a date, a Period or a Timing stands for. */
function rangesOf(value: unknown): Range[] {
  if (typeof value === 'string') {
    const range = instantRange(value)
    return range ? [range] : []
  }
  if (!isObject(value)) return []
  if (Array.isArray(value.event) && value.event.length) {
    const all = value.event.flatMap(rangesOf)
    return all.length
      ? [
          {
            low: Math.min(...all.map(({ low }) => low)),
            high: Math.max(...all.map(({ high }) => high)),
          },
        ]
      : []
  }
  if (isObject(value.repeat)) return rangesOf(value.repeat.boundsPeriod)
  const [start] = rangesOf(value.start)
  const [end] = rangesOf(value.end)
  return start || end ? [{ low: start?.low ?? openStart, high: end?.high ?? openEnd }] : []
}

export const date: SearchType = {
  extractor:
    ({ code: param }) =>
    found =>
      found.flatMap(({ value }) =>
        rangesOf(value).map((range): Row => ({ kind: 'date', param, ...range })),
      ),
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
export function readDate(value: string, { name, now }: Pick<Asked, 'name' | 'now'>) {
  const [prefix, text] = splitPrefix(unescaped(value))
  // In a URL a plus sign means a space unless it is escaped.
  const range = instantRange(text.replace(/ (\d\d:\d\d)$/, '+$1'))
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
