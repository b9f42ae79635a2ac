/** Whether a resource that is not stored yet would be found, by the rows it will have: as the stores answer it. */
import type { Extract, Row } from '../store.ts'
import type { Bounds, Predicate } from './query.ts'

export interface Unstored {
  id: string
  extract: Extract
}

export function matches(predicate: Predicate, resource: Unstored): boolean {
  const { rows } = resource.extract
  switch (predicate.kind) {
    case 'id':
      return predicate.ids.includes(resource.id)
    case 'updated':
      // Only the commit knows when that will be.
      return false
    case 'or':
      return predicate.any.some(each => matches(each, resource))
    case 'not':
      return !matches(predicate.not, resource)
    case 'refers':
      return rows.some(row => row.kind === 'reference' && row.target === predicate.target)
    default: {
      const first = 'first' in predicate ? predicate.first : undefined
      return rows.some(
        row =>
          row.param === predicate.param &&
          (row.first ?? '') === (first ?? '') &&
          holds(predicate, row),
      )
    }
  }
}

type RowPredicate = Exclude<Predicate, { kind: 'id' | 'updated' | 'or' | 'not' | 'refers' }>

function holds(predicate: RowPredicate, row: Row): boolean {
  switch (predicate.kind) {
    case 'token':
      return (
        row.kind === 'token' && is(predicate.code, row.code) && is(predicate.system, row.system)
      )
    case 'string':
      if (row.kind !== 'string') return false
      return predicate.match === 'exact'
        ? row.exact === predicate.text
        : row.text.startsWith(predicate.text)
    case 'reference':
      return row.kind === 'reference' && predicate.targets.includes(row.target)
    case 'uri':
      return row.kind === 'uri' && row.uri === predicate.uri
    case 'date':
      return row.kind === 'date' && within<number>(predicate, row)
    case 'quantity':
      return (
        row.kind === 'quantity' &&
        is(predicate.unit, row.unit) &&
        is(predicate.system, row.system) &&
        within<string>(predicate, row)
      )
  }
}

const is = (asked: string | undefined, value: string): boolean =>
  asked === undefined || asked === value

function within<T extends number | string>(
  { lowFrom, lowTo, highFrom, highTo }: Bounds<T>,
  { low, high }: { low: T; high: T },
): boolean {
  return (
    (lowFrom === undefined || low >= lowFrom) &&
    (lowTo === undefined || low <= lowTo) &&
    (highFrom === undefined || high >= highFrom) &&
    (highTo === undefined || high <= highTo)
  )
}
