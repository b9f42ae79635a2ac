/** What a resource is found by. https://hl7.org/fhir/R4/search.html */
import {
  compartmentParameters,
  isResourceType,
  type SearchParameterFacts,
  searchParameters,
} from './definitions.ts'
import type { FhirError } from './error.ts'
import { compilePath } from './fhirpath.ts'
import { isObject, type Resource } from './resource.ts'
import { addContained, addNames, addOther } from './search/beside.ts'
import { composite } from './search/composite.ts'
import { rangeOf } from './search/date.ts'
import { foldWords } from './search/fold.ts'
import { type Alone, addHeld } from './search/held.ts'
import { hasCanonical } from './search/links.ts'
import { special } from './search/near.ts'
import { type Gathered, isMarked, mark, type Parameter, Plan, spoken } from './search/plan.ts'
import { addQueries, queriesOf } from './search/queries.ts'
import type { Predicate } from './search/query.ts'
import { type Container, type Held, Rows } from './search/rows.ts'
import { simpleTypes } from './search/simple-types.ts'
import { type Home, nowhere, type SearchType } from './search/type.ts'
import type { Extract, Row } from './store.ts'

/** One file per type of search parameter. */
export const searchTypes: Readonly<Record<string, SearchType>> = {
  ...simpleTypes,
  composite,
  special,
}

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

/**
 * The revision of the extraction: one more whenever resources get rows that they did not get before, so that what is
 * stored gets them too. Where rows of before are wrong, the parameter gets another name of its rows (SearchParameterFacts).
 */
export const extractor = 11

/** A parameter that is answered by another one has no rows. */
export function aliasOf(type: string, code: string): string[] | undefined {
  const has = (other: string) => searchParameters(type).some(each => each.code === other)
  if (code === 'patient' && has('subject')) return ['subject']
  if (!code.startsWith('combo-')) return undefined
  const plain = code.slice('combo-'.length)
  const both = [plain, `component-${plain}`]
  return both.every(has) ? both : undefined
}

const referring = new Map<string, ReadonlySet<string>>()

/** The parameters of R4 whose rows may lead from a type to a target such as `Patient/1`. */
export function referencesOf(type: string, target: string): ReadonlySet<string> {
  const word = /(?:^|\/)([A-Z][A-Za-z]+)\/[^/]+$/.exec(target)?.[1] ?? ''
  const to = isResourceType(word) ? word : ''
  const key = `${type} ${to}`
  const known = referring.get(key)
  if (known) return known
  const found = searchParameters(type).filter(
    ({ type: kind, code, target }) =>
      kind === 'reference' && !aliasOf(type, code) && (!to || !target || target.includes(to)),
  )
  const codes = new Set(found.map(({ code }) => code))
  referring.set(key, codes)
  return codes
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

/** The name of the rows of an index of a tenant's own parameter; no parameter of R4 has such a one. */
export const ownRows = (code: string, seq: number): string => `${code}@${seq}`

export const isOwnRows = (param: string): boolean => param.includes('@')

/** A tenant's own search parameters, made known by SearchParameter resources. */
export interface OwnParameters {
  /** Those of a type that can be searched by now, by code. */
  of(type: string): ReadonlyMap<string, SearchParameterFacts>
  /** Why one of them cannot be searched by yet; absent: there is none of this code, or it can. */
  refusal(type: string, code: string): FhirError | undefined
}

/** The store knows these by itself. */
const own: ReadonlySet<string> = new Set(['_id', '_lastUpdated'])

const searchable = new Map<string, ReadonlyMap<string, SearchParameterFacts>>()

/** Whether rows can be made for a parameter, or for those that answer it. */
export function isExtracted(type: string, facts: SearchParameterFacts): boolean {
  const making = { type, facts, param: facts.code, ...nowhere }
  return (
    compilePath(facts.expression, type) !== undefined &&
    searchTypes[facts.type]?.collector(making) !== undefined
  )
}

/** The search parameters of a type that can be searched by now, by code. */
export function searchableParameters(
  type: string,
  tenants?: OwnParameters,
): ReadonlyMap<string, SearchParameterFacts> {
  let able = searchable.get(type)
  if (!able) {
    able = new Map(
      searchParameters(type)
        .filter(facts => own.has(facts.code) || isExtracted(type, facts))
        .map(facts => [facts.code, facts]),
    )
    searchable.set(type, able)
  }
  const more = tenants?.of(type)
  return more?.size ? new Map([...able, ...more]) : able
}

/** All rows of a resource, its main date, its patient and its texts. `container`: of one that does not stand alone. */
export type Extractor = (resource: Resource, container?: Container) => Extract

/** The same without what it has by what it holds. */
type AloneExtractor = (resource: Resource, container?: Container) => Alone

/** `parametersOf`: the parameters of a type, where not those of R4 alone. */
export function createExtractor(
  home: Home,
  parametersOf: (type: string) => readonly SearchParameterFacts[] = searchParameters,
): Extractor {
  const extractors = new Map<string, AloneExtractor>()
  const alone: AloneExtractor = (resource, container) => {
    const type = resource.resourceType
    let extractor = extractors.get(type)
    if (!extractor) {
      extractor = extractorOf(type, parametersOf(type), home)
      extractors.set(type, extractor)
    }
    return extractor(resource, container)
  }
  const within = ({ resource, container }: Held) => alone(resource as Resource, container)
  return (resource, container) => {
    const { extract, rows } = alone(resource, container)
    if (rows.held.length > 0) addHeld(rows, within)
    return extract
  }
}

/** In UTC, and of a server without an address. */
export const extract = createExtractor(nowhere)

function extractorOf(
  type: string,
  all: readonly SearchParameterFacts[],
  home: Home,
): AloneExtractor {
  const parameters = all
    .filter(({ code }) => !own.has(code))
    .sort((a, b) => (a.code < b.code ? -1 : 1))
    .map(facts => parameterOf(type, facts, home))
  const codes = parameters.map(({ facts }) => facts.code)
  // A composite is there where its values are, so one that combines others is where one of them is.
  const combined = parameters.flatMap(({ facts, collect }, place) =>
    facts.type === 'composite' && !collect
      ? [{ place, of: (aliasOf(type, facts.code) ?? []).map(code => codes.indexOf(code)) }]
      : [],
  )
  const plan = new Plan(type, parameters)
  const main = mainDateOf(type)
  const named = queriesOf(type)
  const patients = compartmentParameters('Patient', type).map(
    code => aliasOf(type, code)?.[0] ?? code,
  )
  const shapes = new Map<string, string[]>()
  const codesAt = (present: readonly number[]): string[] => {
    const shape = present.join()
    let some = shapes.get(shape)
    if (!some) {
      some = codes.filter((_, place) => isMarked(present, place))
      if (shapes.size < mostShapes) shapes.set(shape, some)
    }
    return some
  }
  return (resource, container) => {
    const gathered = plan.gather(new Rows(resource, container))
    const { rows, present, references } = gathered
    for (const { place, of } of combined)
      if (of.some(each => isMarked(present, each))) mark(present, place)
    for (const reference of references) addOther(reference, rows, home.base())
    addContained(resource, rows)
    addQueries(resource, named, rows)
    if (hasCanonical(type)) addNames(resource, rows)
    const extracted: Extract = new Extracted(gathered, codesAt(present))
    const date = main === undefined ? undefined : dateOf(main, rows.all)
    if (date !== undefined) extracted.date = date
    const patient = type === 'Patient' ? resource.id : patientOf(patients, rows.all)
    if (patient !== undefined) extracted.patient = patient
    return { extract: extracted, rows }
  }
}

/** Resources have the same parameters again and again. */
const mostShapes = 1000

/** The texts are folded where they are asked for. */
class Extracted implements Extract {
  readonly rows: Row[]
  readonly present: string[]
  declare date?: number
  declare patient?: string
  private readonly gathered: Gathered

  constructor(gathered: Gathered, present: string[]) {
    this.rows = gathered.rows.all
    this.present = present
    this.gathered = gathered
  }

  get narrative(): string {
    return narrativeOf(this.gathered.rows.resource)
  }

  get content(): string {
    const { texts, narratives } = this.gathered
    return foldWords([...narratives.map(spoken), ...texts].join(' '))
  }
}

function parameterOf(type: string, facts: SearchParameterFacts, home: Home): Parameter {
  if (facts.rows === undefined && aliasOf(type, facts.code)) return { facts }
  const param = facts.rows ?? facts.code
  return { facts, collect: searchTypes[facts.type]?.collector({ type, facts, param, ...home }) }
}

function narrativeOf({ text }: Record<string, unknown>): string {
  return isObject(text) && typeof text.div === 'string' ? foldWords(spoken(text.div)) : ''
}

function dateOf(param: string, rows: Row[]): number | undefined {
  for (const row of rows)
    if (row.kind === 'date' && row.param === param) {
      const { low, high } = rangeOf(row)
      return low ?? high
    }
  return undefined
}

function patientOf(params: string[], rows: Row[]): string | undefined {
  for (const param of params)
    for (const row of rows)
      if (row.kind === 'reference' && row.param === param && row.target.startsWith('Patient/'))
        return row.target.slice('Patient/'.length)
  return undefined
}
