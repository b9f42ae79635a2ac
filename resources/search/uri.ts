/** https://hl7.org/fhir/R4/search.html#uri */
import { invalid } from '../error.ts'
import type { Row } from '../store.ts'
import { unescaped } from './escape.ts'
import type { Predicate } from './query.ts'
import type { Asked, SearchType } from './type.ts'

const read =
  (match: 'exact' | 'below' | 'above') =>
  (value: string, { param, name }: Asked): Predicate => {
    const uri = unescaped(value)
    if (uri === '') throw invalid(`${name} is empty: give the whole uri`)
    return { kind: 'uri', param, uri, match }
  }

export const uri: SearchType = {
  extractor:
    ({ code: param }) =>
    found =>
      found.flatMap(({ value }): Row[] =>
        typeof value === 'string' && value ? [{ kind: 'uri', param, uri: value }] : [],
      ),
  modifiers: {
    '': read('exact'),
    below: read('below'),
    above: read('above'),
  },
  known: ['missing', 'above', 'below'],
}
