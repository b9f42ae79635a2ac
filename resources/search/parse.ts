/** From the parameters of a request to a typed query. https://hl7.org/fhir/R4/search.html */
import { type FhirError, type Issue, issue, unsupported } from '../error.ts'
import { inCompartment, typesIn } from './compartment.ts'
import { checkIncludes, type Include, isInclude, readInclude, UnknownInclude } from './include.ts'
import { mostLinks } from './links.ts'
import { type Near, nearOf } from './near.ts'
import { controls } from './parse/controls.ts'
import { readCriterion } from './parse/criterion.ts'
import { createLookups, type Lookups } from './parse/lookups.ts'
import { allOf, eitherOf, grouped, joinRanges, never } from './parse/predicates.ts'
import { createBudget, type Scope, type SearchOptions } from './parse/scope.ts'
import { knownKeys, placed } from './parse/sort.ts'
import { typesOf } from './parse/types.ts'
import { UnknownParameter } from './parse/unknown.ts'
import type { Predicate, Query } from './query.ts'

export interface ParsedSearch {
  query: Query
  /** What was used, as it came: for the self link. */
  used: [string, string][]
  warnings: Issue[]
  summary?: 'true' | 'text' | 'data' | 'count' | 'false'
  elements?: string[]
  total?: 'none' | 'estimate' | 'accurate'
  includes: Include[]
  /** Contained resources are found: beside others, or nothing else. Absent: they are not. */
  contained?: 'true' | 'both'
  /** What is answered where one is found; absent: its container. */
  containedType?: 'container' | 'contained'
  explain?: boolean
  /** How far it is to what is found: from the first `near`. */
  near?: Near | undefined
  /** Where the page begins, as a link says it. */
  page?: string
}

/** Parameters that http.ts and the interactions read. */
const presentation = new Set(['_format', '_pretty'])

/** Reads a search on a type, or on all of them where it is absent. Rejects with a FhirError that names the parameter. */
export async function parseSearch(
  type: string | undefined,
  params: [string, string][],
  options: SearchOptions,
): Promise<ParsedSearch> {
  const lookups = createLookups(options)
  const parsed = readSearch(type, params, options, lookups)
  return (await lookups.answer()) ? readSearch(type, params, options, lookups) : parsed
}

const tooLong = `a chain of more than ${mostLinks} links is followed through stored resources only, not through contained ones`

function readSearch(
  type: string | undefined,
  params: [string, string][],
  options: SearchOptions,
  lookups: Lookups,
): ParsedSearch {
  const types = ofCompartment(typesOf(type, params), options)
  const parsed: ParsedSearch = {
    query: {
      ...(types?.length ? { types } : {}),
      where: types?.length === 0 ? [never] : within(types, options),
      sort: [{ by: type ? 'date' : 'updated', descending: true }],
      count: options.defaultCount,
    },
    used: [],
    warnings: [],
    includes: [],
  }
  const budget = createBudget()
  // On several types a parameter is one that each of them has.
  const scopes = (types?.length ? types : ['Resource']).map(
    (each, _, { length }): Scope => ({
      type: each,
      depth: 0,
      several: length > 1,
      options,
      lookups,
      budget,
    }),
  )
  const ignored = new Set<string>()
  const ignore = ({ message }: Error) => ignored.add(`${message}; it was ignored`)
  for (const [name, given] of params) {
    if (presentation.has(name)) continue
    const control = Object.hasOwn(controls, name) ? controls[name] : undefined
    try {
      const isPartly = name === '_sort' && !options.strict
      const value = isPartly ? knownKeys(given, scopes, ignore) : given
      if (control) control(value, parsed, scopes)
      else if (isInclude(name)) parsed.includes.push(readInclude(name, value, options.parameters))
      else if (name !== '_type') {
        const predicate = readOnAll(name, value, scopes)
        budget.take(predicate)
        parsed.query.where.push(predicate)
        if (name === 'near') parsed.near ??= nearOf(predicate, value)
      }
      parsed.used.push([name, value])
    } catch (error) {
      if (options.strict || !passesOver(error)) throw error
      ignore(error)
    }
  }
  parsed.query.sort = placed(parsed.query.sort, parsed.query.where, parsed.near)
  // The id of one within another is no resource's: that of a patient within would open the compartment of somebody else.
  if (parsed.contained && options.compartment && types?.includes(options.compartment.type))
    throw unsupported(
      `_contained is not for resources of type ${options.compartment.type} in their own compartment: search other types in it`,
    )
  for (const text of ignored)
    parsed.warnings.push(issue('not-supported', text, undefined, 'warning'))
  if (budget.isWithinLeft)
    parsed.warnings.push(issue('not-supported', tooLong, undefined, 'warning'))
  const [only, ...others] = types ?? []
  if (only && others.length === 0) parsed.query.where = joinRanges(parsed.query.where, only)
  // In order of date only what is found by rows comes without sorting; all there is comes in the order of its making.
  if (!parsed.used.some(([name]) => name === '_sort') && parsed.query.where.every(isUnordered))
    parsed.query.sort = [{ by: 'updated', descending: true }]
  parsed.warnings.push(...checkIncludes(parsed.includes, parsed, options.parameters))
  return parsed
}

/** Of all types those that may be in the compartment, where it is in one. */
function ofCompartment(
  types: string[] | undefined,
  { compartment }: SearchOptions,
): string[] | undefined {
  if (!compartment) return types
  const all = typesIn(compartment.type)
  return types ? types.filter(type => all.includes(type)) : all
}

const within = (types: string[] | undefined, { compartment }: SearchOptions): Predicate[] =>
  compartment && types ? [inCompartment(compartment, types)] : []

/** A lenient search ignores what the server does not know. */
const passesOver = (error: unknown): error is FhirError =>
  error instanceof UnknownParameter || error instanceof UnknownInclude

const isUnordered = ({ kind }: Predicate): boolean => kind === 'updated' || kind === 'not'

/** A parameter may mean something else on each type. */
function readOnAll(name: string, value: string, scopes: Scope[]): Predicate {
  const groups = grouped(
    scopes.map(scope => ({ type: scope.type, predicate: readCriterion(name, value, scope) })),
  )
  const [first] = groups
  if (first && groups.length === 1) return first.predicate
  return eitherOf(
    groups.map(group => allOf([{ kind: 'type', types: group.types }, group.predicate])),
  )
}
