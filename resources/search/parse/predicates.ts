import { searchParameters, structureOf } from '../../definitions.ts'
import { isRelation, type Predicate, partsOf } from '../query.ts'

export const never: Predicate = { kind: 'or', any: [] }
export const always: Predicate = { kind: 'and', all: [] }

/** Any of these; what a store answers in one go becomes one. */
export function eitherOf(predicates: Predicate[]): Predicate {
  const [one] = predicates
  if (one && predicates.length === 1) return one
  const any = predicates.flatMap(each => (each.kind === 'or' ? each.any : [each]))
  const [first] = any
  if (any.length === 1 && first) return first
  const ids = any.flatMap(each => (each.kind === 'id' ? each.ids : []))
  if (first && any.every(({ kind }) => kind === 'id')) return { kind: 'id', ids: [...new Set(ids)] }
  if (first?.kind === 'reference' && any.every(each => isLike(first, each))) {
    const targets = any.flatMap(each => (each.kind === 'reference' ? each.targets : []))
    return { ...first, targets: [...new Set(targets)] }
  }
  const lists = manyCodes(any)
  return lists.length === 1 && lists[0] ? lists[0] : { kind: 'or', any: lists }
}

/** Fewer codes than this are as well looked up one by one. */
const many = 8

/** Many codes of one parameter and system are a list. */
function manyCodes(any: Predicate[]): Predicate[] {
  if (any.length < many) return any
  const lists = new Map<string, Extract<Predicate, { kind: 'codes' }>>()
  return any.flatMap((each): Predicate[] => {
    if (each.kind !== 'token' || each.first || each.code === undefined) return [each]
    const { param, system, code } = each
    const key = JSON.stringify([param, system])
    const list = lists.get(key)
    if (list) list.codes.push(code)
    if (list) return []
    const made = {
      kind: 'codes' as const,
      param,
      codes: [code],
      ...(system === undefined ? {} : { system }),
    }
    lists.set(key, made)
    return [made]
  })
}

const isLike = (one: { param: string; first?: unknown }, other: Predicate): boolean =>
  other.kind === 'reference' && other.param === one.param && !other.first && !one.first

/** All of these at once. */
export const allOf = (predicates: Predicate[]): Predicate =>
  predicates.length === 1 && predicates[0] ? predicates[0] : { kind: 'and', all: predicates }

/** A predicate read for a type, and for which. */
export interface ForTypes {
  types: string[]
  predicate: Predicate
}

/** Those that ask for the same stand together. */
export function grouped(all: { type: string; predicate: Predicate }[]): ForTypes[] {
  const [only] = all
  if (only && all.length === 1) return [{ types: [only.type], predicate: only.predicate }]
  const groups = new Map<string, ForTypes>()
  for (const { type, predicate } of all) {
    const key = JSON.stringify(predicate)
    const group = groups.get(key)
    if (group) group.types.push(type)
    else groups.set(key, { types: [type], predicate })
  }
  return [...groups.values()]
}

type Range = Extract<Predicate, { kind: 'date' }>

/**
 * Two bounds on a date that a resource has once are one range: `birthdate=ge1980&birthdate=lt1981`. Where there may be
 * several dates, each bound may be met by another. https://hl7.org/fhir/R4/search.html#combining
 */
export function joinRanges(where: Predicate[], type: string): Predicate[] {
  if (where.filter(({ kind }) => kind === 'date').length < 2) return where
  const ranges = new Map<string, Range>()
  return where.flatMap((predicate): Predicate[] => {
    if (predicate.kind !== 'date' || predicate.first || !isOnce(type, predicate.param))
      return [predicate]
    const other = ranges.get(predicate.param)
    if (!other) {
      const range = { ...predicate }
      ranges.set(predicate.param, range)
      return [range]
    }
    for (const bound of ['lowFrom', 'highFrom'] as const) narrow(other, predicate, bound, Math.max)
    for (const bound of ['lowTo', 'highTo'] as const) narrow(other, predicate, bound, Math.min)
    return []
  })
}

function narrow(
  range: Range,
  other: Range,
  bound: 'lowFrom' | 'lowTo' | 'highFrom' | 'highTo',
  choose: (a: number, b: number) => number,
): void {
  const value = other[bound]
  if (value !== undefined) range[bound] = choose(value, range[bound] ?? value)
}

/** The parameter is one element of the type, which has it once at most: then it has one range of time. */
export function isOnce(type: string, code: string): boolean {
  const facts = searchParameters(type).find(each => each.code === code)
  const elements = new Set<string>()
  for (const path of facts?.expression.split('|') ?? []) {
    const [, of, element] = /^\s*\(?(\w+)\.(\w+)(?:\)|\s|\.as\(|\.ofType\(|$)/.exec(path) ?? []
    if (of === type && element) elements.add(element)
    else if (new RegExp(`^\\s*\\(?${type}\\b`).test(path)) return false
  }
  const [element, ...others] = elements
  if (element === undefined || others.length) return false
  const found = structureOf(type)?.elements[element]
  return found !== undefined && !found.many
}

/** How many links of chains and `_has` one after the other lead from it. */
export const linksIn = (predicate: Predicate): number =>
  Number(isRelation(predicate)) + Math.max(0, ...partsOf(predicate).map(linksIn))

/** How many conditions a store has to answer: a list of ids, codes or references is one. */
export function sizeOf(predicate: Predicate): number {
  const parts = partsOf(predicate).reduce((sum, each) => sum + sizeOf(each), 0)
  const isMade = ['and', 'or', 'not'].includes(predicate.kind)
  return isMade ? parts : 1 + parts
}
