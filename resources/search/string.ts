/** https://hl7.org/fhir/R4/search.html#string */
import { invalid } from '../error.ts'
import { isObject } from '../resource.ts'
import { unescaped } from './escape.ts'
import { fold } from './fold.ts'
import type { Predicate } from './query.ts'
import type { Rows } from './rows.ts'
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

/** Longer texts are found by their beginning. */
const longest = 1000

function folded(value: string, { param, name }: Asked) {
  const text = fold(unescaped(value))
  if (text === '') throw invalid(`${name} is empty: give the beginning of the text`)
  return { kind: 'string' as const, param, text }
}

function add(exact: unknown, param: string, rows: Rows): void {
  if (typeof exact !== 'string') return
  const cut = exact.length > longest ? exact.slice(0, longest) : exact
  const text = fold(cut)
  if (text) rows.add({ kind: 'string', param, text, exact: cut })
}

export const string: SearchType = {
  collector:
    ({ param }) =>
    (value, rows) => {
      if (typeof value === 'string') add(value, param, rows)
      else if (isObject(value))
        for (const part of parts) {
          const content = value[part]
          if (Array.isArray(content)) for (const item of content) add(item, param, rows)
          else if (content !== undefined) add(content, param, rows)
        }
    },
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
