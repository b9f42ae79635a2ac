import type { SearchParameterFacts } from '../definitions.ts'
import type { Lookups } from './parse/lookups.ts'
import type { Predicate } from './query.ts'
import type { Rows } from './rows.ts'
import { utc, type Zone } from './zone.ts'

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
  /** For dates that name none. */
  zone: Zone
}

/** One value of a search, its escapes still in it, to a Predicate. Throws a FhirError that names the parameter. */
type Modifier = (value: string, asked: Asked) => Predicate

/** What it depends on, beside a resource, which rows it gets. */
export interface Home {
  /** For dates that name none. */
  zone: Zone
  /** The address of this server: what a reference says behind it is here. */
  base(): string
}

export const nowhere: Home = { zone: utc, base: () => '' }

/** What rows are made for. */
export interface Making extends Home {
  type: string
  facts: SearchParameterFacts
  /** The name of the rows. */
  param: string
}

/** What is known of a value besides itself. */
export interface Nature {
  /** Of a code: the system that the binding of its element implies. */
  system: string
  /** '' where it is not known. */
  datatype: string
}

/** Adds the rows of one value that the parameter's expression found. */
export type Collect = (value: unknown, rows: Rows, nature: Nature) => void

/** One type of search parameter: which rows a resource has for it, and how a value is asked for. */
export interface SearchType {
  /** Absent where no rows can be made for the parameter. */
  collector(making: Making): Collect | undefined
  /** By name; '' is no modifier. */
  modifiers: Readonly<Record<string, Modifier>>
  /** Those that FHIR has for this type, ours included. */
  known: readonly string[]
}
