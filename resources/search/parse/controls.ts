/** Parameters that shape the answer. https://hl7.org/fhir/R4/search.html#return */
import { invalid, unsupported } from '../../error.ts'
import type { ParsedSearch } from '../parse.ts'
import type { Scope } from './scope.ts'
import { readSort } from './sort.ts'

/** `scopes`: one for each type that is searched. */
type Control = (value: string, parsed: ParsedSearch, scopes: Scope[]) => void

export const controls: Readonly<Record<string, Control>> = {
  _count(value, parsed, [scope]) {
    if (!/^\d{1,9}$/.test(value)) throw invalid('_count takes a number from 0')
    if (value === '0') parsed.summary = 'count'
    else parsed.query.count = Math.min(Number(value), scope?.options.maxCount ?? 1)
  },
  _sort(value, parsed, scopes) {
    parsed.query.sort = readSort(value, scopes)
  },
  _page(value, parsed) {
    parsed.query.after = value
    parsed.page = value
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
  /** Ours: how it was answered, for operators. */
  _explain(value, parsed) {
    parsed.explain = oneOf('_explain', value, ['true', 'false']) === 'true'
  },
  _contained(value) {
    if (oneOf('_contained', value, ['false', 'true', 'both']) !== 'false')
      throw unsupported('_contained takes false here: contained resources are found by nothing yet')
  },
  /** Of no consequence as long as no contained resource is found. */
  _containedType(value) {
    oneOf('_containedType', value, ['container', 'contained'])
  },
}

function oneOf<T extends string>(name: string, value: string, all: readonly T[]): T {
  const found = all.find(each => each === value)
  if (!found) throw invalid(`${name} takes one of ${all.join(', ')}`)
  return found
}
