/**
 * Few values are long: a period, a date of which only the year is known, a quantity that is no point. They stand under a
 * twin of their parameter by how long they are, so that the end of a value follows from its beginning within as much, and
 * a bound on it is a range of the key.
 */

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
