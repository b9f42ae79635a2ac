/** https://hl7.org/fhir/R4/search.html#uri */
import { invalid } from '../error.ts'
import { unescaped } from './escape.ts'
import type { Predicate } from './query.ts'
import { canonicalsOf } from './reference.ts'
import type { Asked, SearchType } from './type.ts'

const read =
  (match: 'exact' | 'below' | 'above') =>
  (value: string, { param, name }: Asked): Predicate => {
    const uri = unescaped(value)
    if (uri === '') throw invalid(`${name} is empty: give the whole uri`)
    return { kind: 'uri', param, uri, match }
  }

export const uri: SearchType = {
  collector:
    ({ param }) =>
    (value, rows) => {
      if (typeof value !== 'string') return
      for (const uri of canonicalsOf(value)) if (uri) rows.add({ kind: 'uri', param, uri })
    },
  modifiers: {
    '': read('exact'),
    below: read('below'),
    above: read('above'),
  },
  known: ['missing', 'above', 'below'],
}
