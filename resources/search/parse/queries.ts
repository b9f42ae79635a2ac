/** https://hl7.org/fhir/R4/search.html#query */
import { invalid } from '../../error.ts'
import type { Predicate } from '../query.ts'
import type { Scope } from './scope.ts'

/** What a search by name looks for, beside the parameters that come with it. */
type NamedQuery = (scope: Scope) => Predicate

/** By name. R4 has none; an operation or an implementation guide may bring some. */
const queries: Readonly<Record<string, NamedQuery>> = {}

export function readQuery(name: string, scope: Scope): Predicate {
  const query = Object.hasOwn(queries, name) ? queries[name] : undefined
  if (query) return query(scope)
  throw invalid(
    `_query takes the name of a query, of which there are ${Object.keys(queries).join(', ') || 'none'}`,
  )
}
