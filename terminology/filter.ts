/** The filters of a value set. https://hl7.org/fhir/R4/codesystem-filter-operator.html */
import type { ValueSetComposeIncludeFilter } from 'fhir/r4'
import { issue, rejected, tooCostly, unsupported } from '../resources/error.ts'
import { type Concept, reach, type System } from './code-system.ts'

/** What a filter lets through. */
type Holds = (concept: Concept) => boolean
type Operator = (filter: ValueSetComposeIncludeFilter, system: System) => Holds | Promise<Holds>

const longestPattern = 1000

/** The filters on the hierarchy have the concept itself as their property. */
const operators: Readonly<Record<string, Operator>> = {
  '=':
    ({ property, value }) =>
    concept =>
      valuesOf(concept, property).includes(value),
  'is-a': ({ value }, system) => within(descendants(system, value)),
  'descendent-of': ({ value }, system) => {
    const under = descendants(system, value)
    return ({ code }) => code !== value && under.has(code)
  },
  'is-not-a': ({ value }, system) => {
    const under = descendants(system, value)
    return ({ code }) => !under.has(code)
  },
  generalizes: ({ value }, system) => {
    refuseOther(system)
    return within(reach(system, value, 'parents'))
  },
  in({ property, value }) {
    const codes = listOf(value)
    return concept => valuesOf(concept, property).some(each => codes.has(each))
  },
  'not-in'({ property, value }) {
    const codes = listOf(value)
    return concept => !valuesOf(concept, property).some(each => codes.has(each))
  },
  exists({ property, value }) {
    if (value !== 'true' && value !== 'false')
      throw rejected([issue('invalid', 'the filter exists of a value set takes true or false')])
    return concept => valuesOf(concept, property).length > 0 === (value === 'true')
  },
  regex: async ({ property, value }) => {
    const matches = await matcher(value)
    return concept => valuesOf(concept, property).some(matches)
  },
}

export async function compileFilter(
  filter: ValueSetComposeIncludeFilter,
  system: System,
): Promise<Holds> {
  const operator = Object.hasOwn(operators, filter.op) ? operators[filter.op] : undefined
  if (!operator) throw unsupported('a value set has a filter whose operator R4 does not have')
  return operator(filter, system)
}

const within =
  (codes: ReadonlySet<string>): Holds =>
  ({ code }) =>
    codes.has(code)

function descendants(system: System, code: string): ReadonlySet<string> {
  refuseOther(system)
  return reach(system, code, 'children')
}

function refuseOther({ isA, url }: System): void {
  if (!isA)
    throw unsupported(
      `the hierarchyMeaning of ${url} is not is-a: a filter cannot ask for what is a kind of a code there`,
    )
}

const listOf = (value: string): ReadonlySet<string> =>
  new Set(value.split(',').map(code => code.trim()))

/** The code and its display can be asked for like properties. */
function valuesOf(concept: Concept, property: string): readonly string[] {
  if (property === 'concept' || property === 'code') return [concept.code]
  const values = concept.properties.get(property)
  if (values) return values
  if (property === 'display') return concept.display === undefined ? [] : [concept.display]
  if (property === 'parent') return [...concept.parents]
  return property === 'child' ? [...concept.children] : []
}

/** All of the value is matched, in a time that grows with its length only. */
async function matcher(pattern: string): Promise<(value: string) => boolean> {
  if (pattern.length > longestPattern)
    throw tooCostly(`a value set has a regex filter of more than ${longestPattern} characters`)
  // Loaded where it is needed: few value sets have such a filter.
  const { RE2JS } = await import('re2js')
  try {
    const compiled = RE2JS.compile(pattern)
    return value => compiled.matches(value)
  } catch {
    throw rejected([
      issue('invalid', 'a value set has a regex filter that is no regular expression of RE2'),
    ])
  }
}
