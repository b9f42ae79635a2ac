/** https://hl7.org/fhir/R4/search.html#prefix */
import type { Bounds, Predicate } from './query.ts'

const prefixes = ['eq', 'ne', 'gt', 'ge', 'lt', 'le', 'sa', 'eb', 'ap'] as const
type Prefix = (typeof prefixes)[number]

export function splitPrefix(value: string): [Prefix, string] {
  const head = value.slice(0, 2)
  const prefix = prefixes.find(each => each === head)
  return prefix ? [prefix, value.slice(2)] : ['eq', value]
}

/** The ranges a prefix compares with: the value's own, and a wider one for `ap`. */
interface Compared<T> {
  low: T
  high: T
  nearLow: T
  nearHigh: T
}

/** What must hold of the two ends of a stored range; several: any of them. Ends are inclusive. */
export function boundsOf<T>(prefix: Prefix, value: Compared<T>, step: Step<T>): Bounds<T>[] {
  const { low, high } = value
  switch (prefix) {
    case 'eq':
      return [{ lowFrom: low, highTo: high }]
    case 'ne':
      return [{ lowTo: step.before(low) }, { highFrom: step.after(high) }]
    case 'gt':
      return [{ highFrom: step.after(high) }]
    case 'lt':
      return [{ lowTo: step.before(low) }]
    case 'ge':
      return [{ highFrom: low }]
    case 'le':
      return [{ lowTo: high }]
    case 'sa':
      return [{ lowFrom: step.after(high) }]
    case 'eb':
      return [{ highTo: step.before(low) }]
    default:
      return [{ lowTo: value.nearHigh, highFrom: value.nearLow }]
  }
}

/** The nearest value beyond another, so that all bounds are inclusive. */
interface Step<T> {
  before(value: T): T
  after(value: T): T
}

export const anyOf = (predicates: Predicate[]): Predicate =>
  predicates.length === 1 && predicates[0] ? predicates[0] : { kind: 'or', any: predicates }
