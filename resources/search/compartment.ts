/** Searches in a compartment. https://hl7.org/fhir/R4/compartmentdefinition.html */
import { compartmentParameters, compartments, compartmentTypes } from '../definitions.ts'
import { notFound } from '../error.ts'
import { paramsOf, searchableParameters } from '../search.ts'
import { nearest, shown } from './nearest.ts'
import { allOf, eitherOf, grouped } from './parse/predicates.ts'
import type { Predicate } from './query.ts'

export interface Compartment {
  type: string
  id: string
}

/** Throws 404 where there is no such compartment, or nothing of the type is ever in it. */
export function checkCompartment(compartment: string, type: string | undefined): void {
  if (!compartments().includes(compartment))
    throw notFound(
      `${compartment} is no compartment: there are those of ${compartments().join(', ')}; search ${type ?? 'another type'} by a reference to it instead`,
    )
  const types = typesIn(compartment)
  if (type === undefined || types.includes(type)) return
  throw notFound(
    `no ${shown(type, 'resource of this type')} is ever in the compartment of a ${compartment}; near to it are ${nearest(type, types)}`,
  )
}

/** Those that may be in it: the type of the compartment itself too. */
export const typesIn = (compartment: string): string[] => [
  ...new Set([compartment, ...compartmentTypes(compartment)]),
]

/** What holds of a resource of one of the types that is in the compartment. */
export function inCompartment(compartment: Compartment, types: string[]): Predicate {
  const targets = [`${compartment.type}/${compartment.id}`]
  const each = (type: string): Predicate => {
    const codes = compartmentParameters(compartment.type, type)
    const known = searchableParameters(type)
    const params = new Set(
      ['subject', 'patient', ...codes]
        .filter(code => codes.includes(code))
        .flatMap(code => {
          const facts = known.get(code)
          return facts ? paramsOf(type, facts) : []
        }),
    )
    const own: Predicate[] =
      type === compartment.type ? [{ kind: 'id', ids: [compartment.id] }] : []
    return eitherOf([
      ...own,
      ...[...params].map((param): Predicate => ({ kind: 'reference', param, targets })),
    ])
  }
  const groups = grouped(types.map(type => ({ type, predicate: each(type) })))
  const [first] = groups
  if (first && groups.length === 1) return first.predicate
  return eitherOf(
    groups.map(group => allOf([{ kind: 'type', types: group.types }, group.predicate])),
  )
}
