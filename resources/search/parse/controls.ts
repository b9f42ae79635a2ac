/** Parameters that shape the answer. https://hl7.org/fhir/R4/search.html#return */
import { invalid } from '../../error.ts'
import type { ParsedSearch } from '../parse.ts'
import type { Scope } from './scope.ts'
import { readSort } from './sort.ts'

/** `scopes`: one for each type that is searched. */
type Control = (value: string, parsed: ParsedSearch, scopes: Scope[]) => void

export const controls: Readonly<Record<string, Control>> = {
  _count(value, parsed, [scope]) {
    if (!/^\d+$/.test(value)) throw invalid('_count takes a number from 0')
    if (Number(value) === 0) parsed.summary = 'count'
    else parsed.query.count = Math.min(Number(value), scope?.options.maxCount ?? 1)
  },
  /** Repeated, those after the first are for what is equal by it. */
  _sort(value, parsed, scopes) {
    const before = parsed.used.filter(([name]) => name === '_sort').map(([, keys]) => keys)
    parsed.query.sort = readSort([...before, value].join(','), scopes)
  },
  _page(value, parsed) {
    parsed.query.after = value
    parsed.page = value
  },
  _summary(value, parsed) {
    parsed.summary = oneOf('_summary', value, ['true', 'text', 'data', 'count', 'false'])
  },
  _elements(value, parsed) {
    const elements = value.split(',').filter(Boolean)
    if (elements.length === 0)
      throw invalid('_elements takes elements with commas between them, such as name,birthDate')
    parsed.elements = elements
  },
  _total(value, parsed) {
    parsed.total = oneOf('_total', value, ['none', 'estimate', 'accurate'])
  },
  /** Ours: how it was answered, for operators. */
  _explain(value, parsed) {
    parsed.explain = oneOf('_explain', value, ['true', 'false']) === 'true'
  },
  _contained(value, parsed) {
    const contained = oneOf('_contained', value, ['false', 'true', 'both'])
    if (contained === 'false') delete parsed.contained
    else parsed.contained = contained
  },
  /** Of no consequence where no contained resource is found. */
  _containedType(value, parsed) {
    parsed.containedType = oneOf('_containedType', value, ['container', 'contained'])
  },
}

/** What the interactions and the formats read. */
const others = ['_type', '_include', '_revinclude', '_format', '_pretty']

/** Whether it is said of the whole search, so that neither a chain nor a modifier goes with it. */
export const isOfWhole = (name: string): boolean =>
  Object.hasOwn(controls, name) || others.includes(name)

function oneOf<T extends string>(name: string, value: string, all: readonly T[]): T {
  const found = all.find(each => each === value)
  if (!found) throw invalid(`${name} takes one of ${all.join(', ')}`)
  return found
}
