/** https://hl7.org/fhir/R4/search.html#sort */
import { invalid, tooCostly, unsupported } from '../../error.ts'
import { paramsOf } from '../../search.ts'
import type { Sort, SortKind } from '../query.ts'
import type { Scope } from './scope.ts'
import { factsOf, isOfAll } from './unknown.ts'

const mostKeys = 8

/** By type of parameter. A composite has no order of its own, and a place has one only from somewhere. */
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
  if (names.length > mostKeys) throw tooCostly(`_sort takes ${mostKeys} parameters at most`)
  return names.map(name => {
    const descending = name.startsWith('-')
    const code = descending ? name.slice(1) : name
    if (code === '') throw invalid('_sort takes parameters with commas between them')
    return { descending, ...keyOf(code, scopes) }
  })
}

type Key = { by: 'updated' | 'id' } | { by: 'value'; kind: SortKind; params: string[] }

function keyOf(code: string, scopes: Scope[]): Key {
  if (code === '_id') return { by: 'id' }
  if (code === '_lastUpdated') return { by: 'updated' }
  const [first, ...others] = scopes.map(scope => keyOnType(code, scope))
  if (!first) throw invalid('_sort takes a search parameter')
  const same = [first.kind, ...first.params].join()
  if (others.some(({ kind, params }) => [kind, ...params].join() !== same))
    throw unsupported(`_sort: ${code} is not the same on all of the types: search one of them`)
  return first
}

function keyOnType(code: string, scope: Scope): Extract<Key, { by: 'value' }> {
  if (code === '_score')
    throw unsupported('_sort: there is no score here: sort by a parameter, such as _lastUpdated')
  if (isOfAll(code)) throw invalid(`_sort: ${code} has no order`)
  if (code.includes('.'))
    throw invalid('_sort follows no chains: it takes parameters of what is searched')
  const facts = factsOf(code, scope)
  const kind = Object.hasOwn(kinds, facts.type) ? kinds[facts.type] : undefined
  if (!kind) throw unsupported(`_sort: ${code} ${withoutOrder(facts.type)}`)
  return { by: 'value', kind, params: paramsOf(scope.type, facts) }
}

const withoutOrder = (type: string): string =>
  type === 'composite'
    ? 'is a composite, which has no order here: sort by its parts'
    : 'has no order here: it is found by distance, and comes in the order of another parameter'
