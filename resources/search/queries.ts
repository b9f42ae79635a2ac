/**
 * The table of named queries. Which of them finds a resource is known when it is written, and is a row of it: so that a
 * query is one short range, whatever it looks for. https://hl7.org/fhir/R4/search.html#query
 */
import { isObject, type Resource } from '../resource.ts'
import type { Rows } from './rows.ts'

export interface NamedQuery {
  /** What it is for. */
  type: string
  name: string
  documentation: string
  finds(resource: Resource): boolean
}

/** The token rows of a resource that say which queries find it: no search parameter can be named so. */
export const foundBy = '~query'

/** R4's own, and that of HL7 version 2 that it was made from, as analysers send it. */
const interpretations: unknown[] = [
  'http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation',
  'http://terminology.hl7.org/CodeSystem/v2-0078',
]

/** At and below AA of the code system. */
const critical = ['AA', 'HH', 'LL']
/** At and below A, two deprecated ones included. That something is there (POS, DET) is below another one: it may be normal. */
const abnormal = ['A', 'H', 'H>', 'HU', 'L', 'L<', 'LU', ...critical]

const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : [])

/** The interpretation of the whole has one of these codes. */
const interpreted =
  (codes: unknown[]) =>
  ({ interpretation }: Record<string, unknown>): boolean =>
    listOf(interpretation).some(
      concept =>
        isObject(concept) &&
        listOf(concept.coding).some(
          coding =>
            isObject(coding) &&
            codes.includes(coding.code) &&
            interpretations.includes(coding.system),
        ),
    )

export const queries: readonly NamedQuery[] = [
  {
    type: 'Observation',
    name: 'abnormal',
    documentation:
      'Observations whose interpretation says that they are outside of what is normal, critical ones included.',
    finds: interpreted(abnormal),
  },
  {
    type: 'Observation',
    name: 'critical',
    documentation:
      'Observations whose interpretation says that immediate action should be considered.',
    finds: interpreted(critical),
  },
]

export const queriesOf = (type: string): NamedQuery[] => queries.filter(each => each.type === type)

export function addQueries(resource: Resource, named: NamedQuery[], rows: Rows): void {
  for (const { name, finds } of named)
    if (finds(resource)) rows.add({ kind: 'token', param: foundBy, code: name, system: '' })
}
