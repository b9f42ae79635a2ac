import type { SearchParameterFacts } from '../definitions.ts'
import type { Found } from '../fhirpath.ts'
import type { Row } from '../store.ts'
import type { Lookups } from './parse/lookups.ts'
import type { Predicate } from './query.ts'

/** What a search value is read with. */
export interface Asked {
  type: string
  facts: SearchParameterFacts
  /** As written in the request, for diagnostics. */
  name: string
  /** The code whose rows answer: the parameter's own or that of its alias. */
  param: string
  /** Where this server is, for references given as URLs. */
  base?: string
  /** ms, for approximate dates. */
  now?: number
  /** What the terminology knows. */
  find: Lookups['find']
}

/** One value of a search, its escapes still in it, to a Predicate. Throws a FhirError that names the parameter. */
type Modifier = (value: string, asked: Asked) => Predicate

/** One type of search parameter: which rows a resource has for it, and how a value is asked for. */
export interface SearchType {
  /** Absent where no rows can be made for the parameter. */
  extractor(
    facts: SearchParameterFacts,
    type: string,
  ): ((found: Found[], resource: Record<string, unknown>) => Row[]) | undefined
  /** By name; '' is no modifier. */
  modifiers: Readonly<Record<string, Modifier>>
  /** Those that FHIR has for this type, ours included. */
  known: readonly string[]
}
