/** From the parameters of a request to a typed query. https://hl7.org/fhir/R4/search.html */
import type { Context } from '../context.ts'
import { type SearchParameterFacts, searchParameters } from '../definitions.ts'
import { FhirError, type Issue, invalid, issue, unsupported } from '../error.ts'
import type { Terminology } from '../ports.ts'
import { isId } from '../resource.ts'
import {
  mainDateOf,
  type OwnParameters,
  paramsOf,
  searchableParameters,
  searchTypes,
} from '../search.ts'
import { readDate } from './date.ts'
import { splitEscaped } from './escape.ts'
import { nearest, shown } from './near.ts'
import { anyOf } from './prefix.ts'
import type { Predicate, Query, Sort } from './query.ts'
import { isTypeModifier, readTargets } from './reference.ts'

export interface SearchOptions {
  /** Unknown parameters are refused; else they are passed over with a warning. */
  strict: boolean
  defaultCount: number
  maxCount: number
  base?: string
  now?: number
  /** For what value sets and hierarchies of codes are asked: without both, :in and :below on codes are refused. */
  context?: Context
  terminology?: Terminology
  /** The tenant's own search parameters. */
  parameters?: OwnParameters
}

export interface ParsedSearch {
  query: Query
  /** What was used, as it came: for the self link. */
  used: [string, string][]
  warnings: Issue[]
  summary?: 'true' | 'text' | 'data' | 'count' | 'false'
  elements?: string[]
  total?: 'none' | 'estimate' | 'accurate'
}

/** Parameters that http.ts and the interactions read. */
const presentation = new Set(['_format', '_pretty'])
/** https://hl7.org/fhir/R4/search.html: what R4 has and this server does not answer yet. */
const notYet = new Set([
  '_text',
  '_content',
  '_list',
  '_has',
  '_type',
  '_filter',
  '_query',
  '_include',
  '_revinclude',
  '_contained',
  '_containedType',
])

type Control = (value: string, parsed: ParsedSearch, options: SearchOptions) => void

/** Parameters that shape the answer. */
const controls: Readonly<Record<string, Control>> = {
  _count(value, parsed, { maxCount }) {
    if (!/^\d{1,9}$/.test(value)) throw invalid('_count takes a number from 0')
    if (value === '0') parsed.summary = 'count'
    else parsed.query.count = Math.min(Number(value), maxCount)
  },
  _sort(value, parsed) {
    parsed.query.sort = [readSort(value, parsed.query.types?.[0])]
  },
  _page(value, parsed) {
    parsed.query.after = value
  },
  _summary(value, parsed) {
    parsed.summary = oneOf('_summary', value, ['true', 'text', 'data', 'count', 'false'])
  },
  _elements(value, parsed) {
    parsed.elements = value.split(',').filter(Boolean)
  },
  _total(value, parsed) {
    parsed.total = oneOf('_total', value, ['none', 'estimate', 'accurate'])
  },
}

function oneOf<T extends string>(name: string, value: string, all: readonly T[]): T {
  const found = all.find(each => each === value)
  if (!found) throw invalid(`${name} takes one of ${all.join(', ')}`)
  return found
}

/** Reads a search on a type, or on all of them where it is absent. Rejects with a FhirError that names the parameter. */
export async function parseSearch(
  type: string | undefined,
  params: [string, string][],
  options: SearchOptions,
): Promise<ParsedSearch> {
  const parsed: ParsedSearch = {
    query: {
      ...(type ? { types: [type] } : {}),
      where: [],
      sort: [{ by: type ? 'date' : 'updated', descending: true }],
      count: options.defaultCount,
    },
    used: [],
    warnings: [],
  }
  const known = searchableParameters(type ?? 'Resource', options.parameters)
  for (const [name, value] of params) {
    if (presentation.has(name)) continue
    const control = Object.hasOwn(controls, name) ? controls[name] : undefined
    if (control) control(value, parsed, options)
    else {
      const predicate = readParameter(name, value, { type: type ?? 'Resource', known, options })
      if (predicate instanceof FhirError) {
        if (options.strict) throw predicate
        parsed.warnings.push(
          issue('not-supported', `${predicate.message}; it was ignored`, undefined, 'warning'),
        )
        continue
      }
      parsed.query.where.push(predicate)
    }
    parsed.used.push([name, value])
  }
  // In order of date only what is found by rows comes without sorting; all there is comes in the order of its making.
  if (!params.some(([name]) => name === '_sort') && parsed.query.where.every(isUnordered))
    parsed.query.sort = [{ by: 'updated', descending: true }]
  return parsed
}

const isUnordered = ({ kind }: Predicate): boolean => kind === 'updated' || kind === 'not'

interface Scope {
  type: string
  known: ReadonlyMap<string, SearchParameterFacts>
  options: SearchOptions
}

/** A Predicate; or the error that a lenient search turns into a warning. */
function readParameter(name: string, value: string, scope: Scope): Predicate | FhirError {
  const [path = '', modifier = ''] = splitModifier(name)
  if (notYet.has(path)) throw unsupported(`${path} is not searchable here yet`)
  const code = path.split('.', 1)[0] ?? ''
  const facts = scope.known.get(code)
  const refusal = scope.options.parameters?.refusal(scope.type, code)
  if (refusal) throw refusal
  if (!facts)
    return searchParameters(scope.type).some(each => each.code === code)
      ? unsupported(`${code} is not searchable here yet`)
      : unknown(path, scope)
  if (path.includes('.') || modifier.includes('.'))
    throw unsupported(`${name}: a chain is not searchable here yet`)
  if (value === '') throw invalid(`${name} is empty: give a value, or leave the parameter out`)
  const any = splitEscaped(value, ',').map(each =>
    readValue(each, { name, modifier, facts, scope }),
  )
  return anyOf(any)
}

function splitModifier(name: string): string[] {
  const cut = name.indexOf(':')
  return cut < 0 ? [name] : [name.slice(0, cut), name.slice(cut + 1)]
}

function readValue(
  value: string,
  one: { name: string; modifier: string; facts: SearchParameterFacts; scope: Scope },
): Predicate {
  const { name, modifier, facts, scope } = one
  const { type, options } = scope
  if (facts.code === '_id' && modifier === '') {
    if (!isId(value)) throw invalid(`${name} takes ids: 1 to 64 letters, digits, hyphens and dots`)
    return { kind: 'id', ids: [value] }
  }
  if (facts.code === '_lastUpdated' && modifier === '')
    return anyOf(readDate(value, { name, ...options }).map(updatedOf))
  const searchType = searchTypes[facts.type]
  const read =
    searchType && Object.hasOwn(searchType.modifiers, modifier)
      ? searchType.modifiers[modifier]
      : undefined
  const asked = {
    type,
    facts,
    name,
    ...(options.base ? { base: options.base } : {}),
    ...(options.now === undefined ? {} : { now: options.now }),
  }
  const codes = paramsOf(type, facts)
  if (read) return anyOf(codes.map(param => read(value, { ...asked, param })))
  if (facts.type === 'reference' && isTypeModifier(modifier))
    return anyOf(
      codes.map(param => ({
        kind: 'reference',
        param,
        targets: readTargets(value, { ...asked, param }, modifier),
      })),
    )
  if (searchType?.known.includes(modifier))
    throw unsupported(`${name}: the modifier :${modifier} is not searchable here yet`)
  throw invalid(`${name}: a ${facts.type} parameter has no such modifier`)
}

/** A version has one instant, so the ends of its range are the same. */
const updatedOf = (bounds: {
  lowFrom?: number
  lowTo?: number
  highFrom?: number
  highTo?: number
}): Predicate => {
  const from = Math.max(bounds.lowFrom ?? -Infinity, bounds.highFrom ?? -Infinity)
  const to = Math.min(bounds.lowTo ?? Infinity, bounds.highTo ?? Infinity)
  return {
    kind: 'updated',
    ...(Number.isFinite(from) ? { from } : {}),
    ...(Number.isFinite(to) ? { to } : {}),
  }
}

function readSort(value: string, type: string | undefined): Sort {
  const descending = value.startsWith('-')
  const name = descending ? value.slice(1) : value
  if (name === '_lastUpdated') return { by: 'updated', descending }
  if (type && name === mainDateOf(type)) return { by: 'date', descending }
  throw unsupported(
    `_sort takes ${type && mainDateOf(type) ? `${mainDateOf(type)} or ` : ''}_lastUpdated here, with - before it for the newest first`,
  )
}

const unknown = (name: string, { type, known }: Scope): FhirError =>
  invalid(
    `${shown(name, 'a parameter')} is not a search parameter of ${type}; near to it are ${nearest(name, known.keys())}`,
  )
