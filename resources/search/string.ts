/** https://hl7.org/fhir/R4/search.html#string */
import { invalid } from '../error.ts'
import { isObject } from '../resource.ts'
import type { Row } from '../store.ts'
import { unescaped } from './escape.ts'
import { fold } from './fold.ts'
import type { Predicate } from './query.ts'
import type { Asked, SearchType } from './type.ts'

/** The parts of a HumanName and an Address that a search on them looks at. */
const parts = [
  'text',
  'family',
  'given',
  'prefix',
  'suffix',
  'line',
  'city',
  'district',
  'state',
  'postalCode',
  'country',
] as const

function stringsOf(value: unknown): string[] {
  if (typeof value === 'string') return [value]
  if (!isObject(value)) return []
  return parts.flatMap(part => {
    const content = value[part]
    if (typeof content === 'string') return [content]
    return Array.isArray(content) ? content.filter(item => typeof item === 'string') : []
  })
}

/** Longer texts are found by their beginning. */
const longest = 1000

function folded(value: string, { param, name }: Asked) {
  const text = fold(unescaped(value))
  if (text === '') throw invalid(`${name} is empty: give the beginning of the text`)
  return { kind: 'string' as const, param, text }
}

export const string: SearchType = {
  extractor:
    ({ code: param }) =>
    found =>
      found.flatMap(({ value }) =>
        stringsOf(value).flatMap((exact): Row[] => {
          const text = fold(exact.slice(0, longest))
          return text ? [{ kind: 'string', param, text, exact: exact.slice(0, longest) }] : []
        }),
      ),
  modifiers: {
    '': (value, asked) => ({ ...folded(value, asked), match: 'starts' }),
    contains: (value, asked) => ({ ...folded(value, asked), match: 'contains' }),
    // Where a word begins.
    text(value, asked) {
      const one = folded(value, asked)
      const any: Predicate[] = [
        { ...one, match: 'starts' },
        { ...one, text: ` ${one.text}`, match: 'contains' },
      ]
      return { kind: 'or', any }
    },
    exact: (value, { param }) => ({
      kind: 'string',
      param,
      text: unescaped(value),
      match: 'exact',
    }),
  },
  known: ['missing', 'exact', 'contains', 'text'],
}
