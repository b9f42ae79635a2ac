/** Which other resources come with what is found. https://hl7.org/fhir/R4/search.html#include */
import { isResourceType, resourceTypes, type SearchParameterFacts } from '../definitions.ts'
import { FhirError, type Issue, invalid, issue, tooCostly } from '../error.ts'
import { type OwnParameters, searchableParameters } from '../search.ts'
import { nearest, shown } from './nearest.ts'

export interface Include {
  /** `_revinclude`: those that refer to what is there, not those it refers to. */
  reverse: boolean
  /** The type whose parameters are followed; absent: any. */
  source?: string
  /** Absent: each that is a reference. */
  param?: string
  /** Only references to this type. */
  target?: string
  /** Applied to what was included too. */
  iterate: boolean
  /** As it came, for diagnostics: `_include=Observation:subject`. */
  written: string
}

export const isInclude = (name: string): boolean => /^_(rev)?include(:|$)/.test(name)

/** `:recurse` is what :iterate was called before R4. */
const iterates = new Set(['iterate', 'recurse'])

/** Of a type or parameter there is not. A lenient search passes it over. */
export class UnknownInclude extends FhirError {
  constructor(diagnostics: string) {
    super(400, [issue('invalid', diagnostics)])
    this.name = 'UnknownInclude'
  }
}

/** Throws a FhirError that names what is wrong, and what may have been meant. */
export function readInclude(name: string, value: string, own?: OwnParameters): Include {
  const [path = '', modifier] = name.split(':')
  if (modifier !== undefined && !iterates.has(modifier))
    throw invalid(`${path} has no such modifier: there is ${path}:iterate`)
  const [source = '', param, target, ...more] = value.split(':')
  if (more.length > 0 || (param === undefined && source !== '*'))
    throw invalid(`${path} takes Type:parameter, Type:parameter:Type, Type:* or *`)
  if (source !== '*') checkType(path, source)
  if (target !== undefined) checkType(path, target)
  const named = param === '*' ? undefined : param
  if (named !== undefined) checkParameter(path, source, { param: named, target }, own)
  return {
    reverse: path === '_revinclude',
    ...(source === '*' ? {} : { source }),
    ...(named === undefined ? {} : { param: named }),
    ...(target === undefined ? {} : { target }),
    iterate: modifier !== undefined,
    written: `${name}=${value}`,
  }
}

function checkType(path: string, type: string): void {
  if (isResourceType(type)) return
  const what = shown(type, 'what stands there')
  throw new UnknownInclude(
    `${path}: ${what} is not a resource type; near to it are ${nearest(type, resourceTypes())}`,
  )
}

function checkParameter(
  path: string,
  source: string,
  { param, target }: { param: string; target: string | undefined },
  own: OwnParameters | undefined,
): void {
  if (source === '*')
    throw invalid(`${path}: a parameter is one of a type, so name the type in place of the *`)
  const references = referenceParameters(source, own)
  const facts = references.find(({ code }) => code === param)
  if (!facts) {
    const what = shown(param, 'what stands there')
    const near = nearest(
      param,
      references.map(({ code }) => code),
    )
    throw new UnknownInclude(
      `${path}: ${what} is not a reference parameter of ${source}; near to it are ${near}`,
    )
  }
  if (target === undefined || !facts.target || facts.target.includes(target)) return
  throw invalid(`${path}: ${source}.${param} refers to ${facts.target.join(', ')} only`)
}

/** The parameters of a type that can be followed. */
export const referenceParameters = (type: string, own?: OwnParameters): SearchParameterFacts[] =>
  [...searchableParameters(type, own).values()].filter(facts => facts.type === 'reference')

/** Those of a type that an include follows: none where it is of another type. */
export const parametersOf = (
  { source, param }: Include,
  type: string,
  own?: OwnParameters,
): SearchParameterFacts[] =>
  source !== undefined && source !== type
    ? []
    : referenceParameters(type, own).filter(({ code }) => param === undefined || code === param)

/** Each that looks backward is a search of its own. */
const mostIncludes = 50

/** Refuses what cannot go together; warns of what can add nothing. https://hl7.org/fhir/R4/search.html#summary */
export function checkIncludes(
  includes: Include[],
  {
    summary,
    contained,
    query: { types },
  }: { summary?: string; contained?: string; query: { types?: string[] } },
  own?: OwnParameters,
): Issue[] {
  if (includes.length > 0 && summary === 'text')
    throw invalid('_summary=text cannot go together with _include or _revinclude')
  if (includes.length > mostIncludes)
    throw tooCostly(`a search takes ${mostIncludes} of _include and _revinclude at most`)
  // What contains a match may be of any type.
  if (!types || contained) return []
  return includes
    .filter(one => !one.iterate && !reaches(one, types, own))
    .map(({ written, reverse }) => {
      const why = reverse
        ? 'nothing there is referred to by it'
        : 'it follows references of another type'
      return issue(
        'informational',
        `${written} adds nothing to a search of ${types.join(', ')}: ${why}; with :iterate it applies to what is included too`,
        undefined,
        'warning',
      )
    })
}

function reaches(include: Include, types: string[], own?: OwnParameters): boolean {
  const { reverse, source, target } = include
  if (!reverse) return source === undefined || types.includes(source)
  if (target !== undefined) return types.includes(target)
  if (source === undefined) return true
  return parametersOf(include, source, own).some(
    facts => !facts.target || facts.target.some(each => types.includes(each)),
  )
}

/** What `_include` of a search of this type can follow. */
export const includesFrom = (type: string, own?: OwnParameters): string[] => {
  const codes = referenceParameters(type, own).map(({ code }) => code)
  return (codes.length ? ['*', ...codes] : []).map(code => `${type}:${code}`)
}

/** What `_revinclude` of a search of this type can follow. */
export const includesTo = (type: string, own?: OwnParameters): string[] =>
  [...resourceTypes()].flatMap(source => {
    const codes = referenceParameters(source, own)
      .filter(({ target }) => !target?.length || target.includes(type))
      .map(({ code }) => code)
    return (codes.length ? ['*', ...codes] : []).map(code => `${source}:${code}`)
  })
