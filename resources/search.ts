/** What a resource is found by. https://hl7.org/fhir/R4/search.html */
import {
  compartmentParameters,
  type SearchParameterFacts,
  searchParameters,
} from './definitions.ts'
import type { FhirError } from './error.ts'
import { compilePath, type Found, type Path } from './fhirpath.ts'
import { parseReference, referencesOf } from './reference.ts'
import type { Resource } from './resource.ts'
import { composite } from './search/composite.ts'
import { rangeOf } from './search/date.ts'
import type { Predicate } from './search/query.ts'
import { targetOf } from './search/reference.ts'
import { simpleTypes } from './search/simple-types.ts'
import type { SearchType } from './search/type.ts'
import type { Extract, Row } from './store.ts'

/** One file per type of search parameter. `special` parameters have no values of their own. */
export const searchTypes: Readonly<Record<string, SearchType>> = { ...simpleTypes, composite }

/** The parameter by which a type is in time, most telling first: it orders searches. */
const mainDates: Readonly<Record<string, string>> = {
  Appointment: 'date',
  CarePlan: 'date',
  Claim: 'created',
  Communication: 'sent',
  Composition: 'date',
  Condition: 'recorded-date',
  DiagnosticReport: 'date',
  DocumentReference: 'date',
  Encounter: 'date',
  ExplanationOfBenefit: 'created',
  ImagingStudy: 'started',
  Immunization: 'date',
  MedicationAdministration: 'effective-time',
  MedicationDispense: 'whenhandedover',
  MedicationRequest: 'authoredon',
  Observation: 'date',
  Procedure: 'date',
  ServiceRequest: 'authored',
  Specimen: 'collected',
  Task: 'authored-on',
}

export const mainDateOf = (type: string): string | undefined =>
  Object.hasOwn(mainDates, type) ? mainDates[type] : undefined

/** The reference rows of elements that no search parameter covers: so that all who refer to a resource are known. */
export const otherReferences = '~'

/** A parameter that is answered by another one has no rows. */
export function aliasOf(type: string, code: string): string[] | undefined {
  const codes = indexOf(type).codes
  if (code === 'patient' && codes.has('subject')) return ['subject']
  if (code.startsWith('combo-')) {
    const plain = code.slice('combo-'.length)
    const both = [plain, `component-${plain}`]
    if (both.every(each => codes.has(each))) return both
  }
  return undefined
}

/** The names of the rows that answer a parameter: its own, or those of its aliases. */
export const paramsOf = (type: string, facts: SearchParameterFacts): string[] =>
  facts.rows === undefined ? (aliasOf(type, facts.code) ?? [facts.code]) : [facts.rows]

/** That a resource has the element of a parameter at all (`:missing`), with rows of it or without. */
export const presenceOf = ({ code, rows }: SearchParameterFacts): Predicate =>
  rows === undefined
    ? { kind: 'present', param: code }
    : { kind: 'token', param: presentParam(rows), code: 'true' }

/** Of a tenant's own parameter: a row of its own says it, so that no store has to know. */
export const presentParam = (rows: string): string => `${rows}:present`

/** A tenant's own search parameters, made known by SearchParameter resources. */
export interface OwnParameters {
  /** Those of a type that can be searched by now, by code. */
  of(type: string): ReadonlyMap<string, SearchParameterFacts>
  /** Why one of them cannot be searched by yet; absent: there is none of this code, or it can. */
  refusal(type: string, code: string): FhirError | undefined
}

interface Indexed {
  facts: SearchParameterFacts
  path: Path
  extract: (found: Found[], resource: Record<string, unknown>) => Row[]
}

interface TypeIndex {
  codes: ReadonlyMap<string, SearchParameterFacts>
  /** Those of `codes` that can be searched by; made when they are first asked for. */
  searchable?: ReadonlyMap<string, SearchParameterFacts>
  indexed: Indexed[]
  /** Which of `indexed` may find something where a resource has this key. */
  byKey: Map<string, number[]>
  /** Those that may find something in any resource. */
  always: number[]
  /** Those that have no rows of their own, to know whether the resource has a value for them. */
  aliases: { code: string; path: Path; of: string[] | undefined }[]
}

const indexes = new Map<string, TypeIndex>()

function indexOf(type: string): TypeIndex {
  const known = indexes.get(type)
  if (known) return known
  const parameters = searchParameters(type)
  const index: TypeIndex = {
    codes: new Map(parameters.map(facts => [facts.code, facts])),
    indexed: [],
    byKey: new Map(),
    always: [],
    aliases: [],
  }
  indexes.set(type, index)
  for (const facts of parameters) {
    if (own.has(facts.code)) continue
    const path = compilePath(facts.expression, type)
    const aliased = aliasOf(type, facts.code)
    if (aliased) {
      // A composite is there where its values are.
      const of = facts.type === 'composite' ? aliased : undefined
      if (path) index.aliases.push({ code: facts.code, path, of })
      continue
    }
    const searchType = searchTypes[facts.type]
    if (!path || !searchType) continue
    const extract = searchType.extractor(facts, type)
    if (!extract) continue
    const place = index.indexed.push({ facts, path, extract }) - 1
    if (!path.roots) index.always.push(place)
    for (const key of path.roots ?? [])
      index.byKey.set(key, [...(index.byKey.get(key) ?? []), place])
  }
  return index
}

/** Those parameters that may have a value, so that the many others are not even looked at. */
function dueOf({ indexed, byKey, always }: TypeIndex, resource: Resource): Indexed[] {
  const due = new Set(always)
  for (const key in resource) for (const place of byKey.get(key) ?? []) due.add(place)
  return indexed.filter((_, place) => due.has(place))
}

/** The store knows these by itself. */
const own: ReadonlySet<string> = new Set(['_id', '_lastUpdated'])

function ableOf(type: string, { codes, indexed }: TypeIndex): Map<string, SearchParameterFacts> {
  const able = new Set([...own, ...indexed.map(({ facts }) => facts.code)])
  return new Map(
    [...codes].filter(
      ([code]) => able.has(code) || aliasOf(type, code)?.every(each => able.has(each)),
    ),
  )
}

/** The search parameters of a type that can be searched by now, by code. */
export function searchableParameters(
  type: string,
  tenants?: OwnParameters,
): ReadonlyMap<string, SearchParameterFacts> {
  const index = indexOf(type)
  index.searchable ??= ableOf(type, index)
  const more = tenants?.of(type)
  return more?.size ? new Map([...index.searchable, ...more]) : index.searchable
}

/** All rows of a resource, its main date and its patient. */
export function extract(resource: Resource): Extract {
  const type = resource.resourceType
  const rows: Row[] = []
  const present = new Set<string>()
  const covered = new Set<string>()
  const index = indexOf(type)
  for (const { facts, path, extract: rowsOf } of dueOf(index, resource)) {
    const found = path(resource)
    if (found.length === 0) continue
    const made = rowsOf(found, resource)
    // Of a composite the element is there in any resource, the values are not.
    if (facts.type !== 'composite' || made.length > 0) present.add(facts.code)
    for (const row of distinct(made)) {
      rows.push(row)
      if (row.kind === 'reference') covered.add(row.target)
    }
  }
  for (const site of referencesOf(resource)) {
    // What a stored Bundle holds are copies: they hold nothing back.
    if (site.path.startsWith('Bundle.entry')) continue
    const target = targetOf(site.reference)
    // An address may be this server's: what is elsewhere costs a row that nobody asks for.
    if (!target || covered.has(target) || !parseReference(site.reference)?.type) continue
    covered.add(target)
    rows.push({ kind: 'reference', param: otherReferences, target })
  }
  for (const { code, path, of } of index.aliases)
    if (of?.some(each => present.has(each)) ?? path(resource).length > 0) present.add(code)
  const instant = mainDate(type, rows)
  const patient = patientOf(resource, rows)
  return {
    rows,
    present: [...present].sort(),
    ...(instant === undefined ? {} : { date: instant }),
    ...(patient === undefined ? {} : { patient }),
  }
}

/** Each row of one parameter once. */
function distinct(rows: Row[]): Iterable<Row> {
  if (rows.length < 2) return rows
  return new Map(rows.map(row => [Object.values(row).join('\u0000'), row])).values()
}

function mainDate(type: string, rows: Row[]): number | undefined {
  const param = mainDateOf(type)
  if (!param) return undefined
  for (const row of rows)
    if (row.kind === 'date' && row.param === param) {
      const { low, high } = rangeOf(row)
      return low ?? high
    }
  return undefined
}

function patientOf(resource: Resource, rows: Row[]): string | undefined {
  const type = resource.resourceType
  if (type === 'Patient') return resource.id
  const params = compartmentParameters('Patient', type).map(
    code => aliasOf(type, code)?.[0] ?? code,
  )
  for (const param of params)
    for (const row of rows)
      if (row.kind === 'reference' && row.param === param && row.target.startsWith('Patient/'))
        return row.target.slice('Patient/'.length)
  return undefined
}
