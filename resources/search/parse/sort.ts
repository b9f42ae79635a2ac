/** https://hl7.org/fhir/R4/search.html#sort */
import { type FhirError, invalid, tooCostly, unsupported } from '../../error.ts'
import { paramsOf } from '../../search.ts'
import type { Near } from '../near.ts'
import type { Phrase, Point, Predicate, Sort, SortKind } from '../query.ts'
import { phrasesOf } from '../score.ts'
import type { Scope } from './scope.ts'
import { factsOf, isOfAll, UnknownParameter } from './unknown.ts'

const mostKeys = 8

/** By type of parameter; a special one that has values is a place. */
const kinds: Readonly<Record<string, SortKind>> = {
  token: 'token',
  string: 'string',
  date: 'date',
  number: 'quantity',
  quantity: 'quantity',
  uri: 'uri',
  reference: 'reference',
}

/** `-date,name`: keys in order of weight, each ascending unless a - stands before it. */
export function readSort(value: string, scopes: Scope[]): Sort[] {
  const names = [...new Set(value.split(','))]
  if (names.length > mostKeys) throw tooMany()
  const keys = names.flatMap((name): Sort[] => {
    const descending = name.startsWith('-')
    const code = descending ? name.slice(1) : name
    if (code === '') throw invalid('_sort takes parameters with commas between them')
    // The best come first.
    if (code === '_score') return [{ by: 'score', phrases: [], descending: !descending }]
    return keysOf(code, scopes).map(key => ({ descending, ...key }))
  })
  if (keys.length > mostKeys) throw tooMany()
  return keys
}

/** The keys that are known, as they stand; all, where none is. `ignore` is told of each of the others. */
export function knownKeys(
  value: string,
  scopes: Scope[],
  ignore: (error: UnknownParameter) => void,
): string {
  const names = value.split(',')
  if (new Set(names).size > mostKeys) return value
  const known = names.filter(name => {
    try {
      return readSort(name, scopes).length > 0
    } catch (error) {
      if (!(error instanceof UnknownParameter)) throw error
      ignore(error)
      return false
    }
  })
  return known.length > 0 ? known.join(',') : value
}

const tooMany = (): FhirError =>
  tooCostly(`_sort takes ${mostKeys} parameters at most, of a composite each of its parts`)

/** Distances are from the points that the search itself is near to, and scores are of the words that it looks for. */
export const placed = (sort: Sort[], where: Predicate[], near: Near | undefined): Sort[] =>
  sort.map(key => {
    if (key.by === 'score') return { ...key, phrases: scored(where) }
    if (key.by !== 'near') return key
    if (near) return { ...key, points: near.points }
    throw invalid(
      `_sort: ${key.param} is the distance from a point: add one, such as ${key.param}=18.52|73.85|10|km`,
    )
  })

/** Each is looked for in the text of each hit. */
const mostPhrases = 50

function scored(where: Predicate[]): Phrase[] {
  const phrases = phrasesOf(where)
  if (phrases.length === 0)
    throw invalid('_sort: _score is of words: look for some by _content or _text')
  if (phrases.length > mostPhrases)
    throw tooCostly(`_sort: _score is of ${mostPhrases} words or phrases at most`)
  return phrases
}

type ByValue = { by: 'value'; kind: SortKind; params: string[]; types?: string[] }
type Key = { by: 'updated' | 'id' } | ByValue | { by: 'near'; param: string; points: Point[] }

function keysOf(code: string, scopes: Scope[]): Key[] {
  if (code === '_id') return [{ by: 'id' }]
  if (code === '_lastUpdated') return [{ by: 'updated' }]
  const each = scopes.map(scope => ({ type: scope.type, keys: keysOnType(code, scope) }))
  const [first] = each
  if (!first) throw invalid('_sort takes a search parameter')
  const same = JSON.stringify(first.keys)
  if (each.every(({ keys }) => JSON.stringify(keys) === same)) return first.keys
  const places = Math.max(...each.map(({ keys }) => keys.length))
  return Array.from({ length: places }).flatMap((_, place) =>
    together(each.flatMap(({ type, keys }) => (keys[place] ? { type, key: keys[place] } : []))),
  )
}

/**
 * What is of one kind on several types is one key, whatever its rows are named there: a type that has another's name for them
 * means the same by it. Another kind comes after it.
 */
function together(all: { type: string; key: Key }[]): Key[] {
  const kinds = new Map<SortKind, ByValue & { types: string[] }>()
  for (const { type, key } of all) {
    if (key.by !== 'value')
      throw unsupported('_sort: this is not the same on all of the types: search one of them')
    const known = kinds.get(key.kind) ?? { ...key, params: [], types: [] }
    kinds.set(key.kind, {
      ...known,
      params: [...new Set([...known.params, ...key.params])],
      types: [...known.types, type],
    })
  }
  return [...kinds.values()]
}

/** A composite is in the order of its parts, one after the other. */
function keysOnType(code: string, scope: Scope): Key[] {
  if (isOfAll(code)) throw invalid(`_sort: ${code} has no order`)
  if (code.includes('.'))
    throw invalid('_sort follows no chains: it takes parameters of what is searched')
  const facts = factsOf(code, scope)
  if (facts.type === 'composite')
    return (facts.components ?? []).flatMap(part => keysOnType(part.code, scope))
  const kind = Object.hasOwn(kinds, facts.type) ? kinds[facts.type] : undefined
  if (!kind) return [{ by: 'near', param: code, points: [] }]
  return [{ by: 'value', kind, params: paramsOf(scope.type, facts) }]
}
