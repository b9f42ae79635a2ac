/** https://hl7.org/fhir/R4/search.html#uri */
import { searchParameters } from '../definitions.ts'
import { invalid } from '../error.ts'
import { splitEscaped, unescaped } from './escape.ts'
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

/** https://hl7.org/fhir/R4/search.html#uri: a version behind the address of a definition is that of the definition. */
function readExact(value: string, asked: Asked): Predicate {
  const [address = '', version, ...more] = splitEscaped(value, '|')
  const versioned =
    asked.facts.code === 'url' &&
    searchParameters(asked.type).some(({ code }) => code === 'version')
  if (!version || more.length || !versioned) return read('exact')(value, asked)
  return {
    kind: 'and',
    all: [
      read('exact')(address, asked),
      // A version is a string, of which the case does not matter.
      { kind: 'token', param: 'version', code: unescaped(version).toLowerCase() },
    ],
  }
}

export const uri: SearchType = {
  collector:
    ({ param }) =>
    (value, rows) => {
      if (typeof value !== 'string') return
      for (const uri of canonicalsOf(value)) if (uri) rows.add({ kind: 'uri', param, uri })
    },
  modifiers: {
    '': readExact,
    below: read('below'),
    above: read('above'),
  },
  known: ['missing', 'above', 'below'],
}

/** A uri and every path above it. */
export function pathsOf(uri: string): string[] {
  const paths = [uri]
  for (let end = uri.lastIndexOf('/'); end > 0; end = uri.lastIndexOf('/', end - 1))
    paths.push(uri.slice(0, end), uri.slice(0, end + 1))
  return [...new Set(paths)]
}
