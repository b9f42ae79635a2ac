/**
 * Few values are long: a period, a date of which only the year is known, a quantity that is no point. They stand under a
 * twin of their parameter by how long they are, so that the end of a value follows from its beginning within as much, and
 * a bound on it is a range of the key.
 */
import type { Bounds } from './query.ts'

const day = 86_400_000

/** Under the name of the parameter and this: values shorter than so much, ms. */
const lengths: readonly { twin: string; below: number }[] = [
  { twin: '', below: day },
  { twin: '~', below: 400 * day },
  { twin: '~~', below: Number.POSITIVE_INFINITY },
]

/** Names of a parameter's rows, of dates and of quantities. */
export const twinsOf = (param: string): string[] => lengths.map(({ twin }) => `${param}${twin}`)

/** The name under which a date stands. */
export function dateParam(param: string, low: number, high: number): string {
  const length = lengths.find(({ below }) => high - low < below)
  return `${param}${length?.twin ?? '~~'}`
}

/** An empty `high` is that of a point. */
export const quantityParam = (param: string, high: string): string =>
  high === '' ? param : `${param}~~`

/** How long the values of the n-th twin are at most (ms); absent: there is no telling. */
export function longest(twin: number): number | undefined {
  const below = lengths[twin]?.below
  return below === undefined || below === Number.POSITIVE_INFINITY ? undefined : below - 1
}

/** What the bounds of the end say of the beginning of a value that is so long at most; quantities are points, or of any length. */
export function withinLength<B extends Bounds<number> | Bounds<string>>(
  bounds: B,
  length: number | undefined,
): B {
  const { highFrom, highTo, lowFrom, lowTo } = bounds
  const from =
    length === undefined ? undefined : typeof highFrom === 'number' ? highFrom - length : highFrom
  return {
    ...bounds,
    ...bound('lowFrom', later(lowFrom, from)),
    ...bound('lowTo', sooner(lowTo, highTo)),
  }
}

type End = string | number | undefined

const bound = (name: string, value: End) => (value === undefined ? {} : { [name]: value })
const later = (a: End, b: End): End => (a === undefined || (b !== undefined && b > a) ? b : a)
const sooner = (a: End, b: End): End => (a === undefined || (b !== undefined && b < a) ? b : a)
