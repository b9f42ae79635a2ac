/** https://hl7.org/fhir/R4/search_filter.html: the basics. */
import { NoOpinion } from './world.ts'

type Ask = (name: string, value: string) => boolean
/** `differs`: some value is not equal. */
type Test = (passes: Ask, differs: Ask) => boolean

const words = /\s*("(?:[^"\\]|\\.)*"|[()]|[^\s()]+)/gy

/** and, or, not, brackets; eq, ne, gt, ge, lt, le, sa, eb, ap, co, sw, pr. */
export function parseFilter(text: string): Test {
  const tokens = [...text.matchAll(words)].map(([, token = '']) => token)
  let at = 0
  // From left to right.
  const any = (): Test => {
    let left = single()
    for (let word = tokens[at]; word === 'and' || word === 'or'; word = tokens[at]) {
      at++
      const [one, other, both] = [left, single(), word === 'and']
      left = (...asked) =>
        both ? one(...asked) && other(...asked) : one(...asked) || other(...asked)
    }
    return left
  }
  const single = (): Test => {
    if (tokens[at] === 'not') {
      at++
      const inner = single()
      return (...asked) => !inner(...asked)
    }
    if (tokens[at] === '(') {
      at++
      const inner = any()
      at++
      return inner
    }
    const [name = '', operator = '', value = ''] = tokens.slice(at, at + 3)
    at += 3
    return comparison(
      name,
      operator,
      value.startsWith('"') ? value.slice(1, -1).replace(/\\(.)/g, '$1') : value,
    )
  }
  return any()
}

const systems: Record<string, string> = {
  loinc: 'http://loinc.org',
  snomed: 'http://snomed.info/sct',
  ucum: 'http://unitsofmeasure.org',
}

function comparison(name: string, operator: string, value: string): Test {
  const isComposite = /^(code|combo-code|component-code)-value-/.test(name)
  const escaped = value
    .replace(isComposite ? /[\\,]/g : /[\\,$]/g, '\\$&')
    .replace(/(?<=^|\|)(loinc|snomed|ucum)(?=\|)/, name => systems[name] ?? name)
  switch (operator) {
    case 'pr':
      return passes => passes(`${name}:missing`, value === 'true' ? 'false' : 'true')
    case 'co':
      return passes => passes(`${name}:contains`, escaped)
    case 'sw':
      return passes => passes(name, escaped)
    case 'gt':
    case 'ge':
    case 'lt':
    case 'le':
    case 'sa':
    case 'eb':
    case 'ap':
      return passes => passes(name, operator + escaped)
    case 'ne':
      return (_passes, differs) => differs(name, escaped)
    case 'eq':
      return passes => passes(name, escaped)
    default:
      throw new NoOpinion(`_filter ${operator}`)
  }
}
