/** https://hl7.org/fhir/R4/search.html#query */
import { invalid } from '../../error.ts'
import { foundBy, queries, queriesOf } from '../queries.ts'
import type { Predicate } from '../query.ts'
import type { Scope } from './scope.ts'

export function readQuery(name: string, { type }: Scope): Predicate {
  if (queriesOf(type).some(query => query.name === name))
    return { kind: 'token', param: foundBy, code: name }
  const all = queries.map(each => `${each.type}?_query=${each.name}`)
  throw invalid(`_query takes the name of a query of the type: there are ${all.join(' and ')}`)
}
