/** https://hl7.org/fhir/R4/search.html#uri */
import { invalid } from '../error.ts'
import type { Row } from '../store.ts'
import { unescaped } from './escape.ts'
import type { SearchType } from './type.ts'

export const uri: SearchType = {
  extractor:
    ({ code: param }) =>
    found =>
      found.flatMap(({ value }): Row[] =>
        typeof value === 'string' && value ? [{ kind: 'uri', param, uri: value }] : [],
      ),
  modifiers: {
    '': (value, { param, name }) => {
      if (value === '') throw invalid(`${name} is empty: give the whole uri`)
      return { kind: 'uri', param, uri: unescaped(value), match: 'exact' }
    },
  },
  known: ['missing', 'above', 'below'],
}
