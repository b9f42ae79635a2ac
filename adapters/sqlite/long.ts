/**
 * Few values are long: a period of more than a day, a quantity that is no point. They stand under a twin of their
 * parameter, so that the end of all others follows from their beginning, and a bound on it is a range of the key.
 */

/** A day, ms: as long as a value may be that is not long. */
export const day = 86_400_000

/** The name of the twin. */
export const twinOf = (param: string): string => `${param}~`

export const isLongDate = (low: number, high: number): boolean => high - low >= day
/** An empty `high` is that of a point. */
export const isLongQuantity = (high: string): boolean => high !== ''
