/** From a SearchParameter resource to what is searched by. https://hl7.org/fhir/R4/searchparameter.html */
import type { SearchParameter } from 'fhir/r4'
import {
  type Element,
  elementAt,
  hasElement,
  isResourceType,
  resourceTypes,
  type SearchParameterFacts,
  searchParameters,
  structureOf,
} from '../definitions.ts'
import { type Issue, issue } from '../error.ts'
import { compilePath, pathProblem } from '../fhirpath.ts'
import type { Resource } from '../resource.ts'
import { presentParam, searchTypes } from '../search.ts'
import type { Row } from '../store.ts'
import { misfitOf } from './fitting.ts'
import { isMarked, Plan } from './plan.ts'
import { Rows } from './rows.ts'
import { type Home, nowhere } from './type.ts'

/** What a parameter means: as long as this stays, its rows do. */
export type OwnFacts = Omit<SearchParameterFacts, 'rows'>

/** Those of R4 may be stored too: they change nothing. */
const published = 'http://hl7.org/fhir/SearchParameter/'

export const isPublished = ({ url, code, base }: SearchParameter): boolean =>
  url?.startsWith(published) === true &&
  base.every(type =>
    searchParameters(type).some(
      facts => facts.code === code && facts.id === url.slice(published.length),
    ),
  )

export const factsOf = (resource: SearchParameter): OwnFacts => ({
  id: resource.id ?? '',
  url: resource.url,
  code: resource.code,
  base: [...resource.base],
  type: resource.type,
  expression: resource.expression ?? '',
  ...(resource.target ? { target: [...resource.target] } : {}),
  ...(resource.component
    ? {
        components: resource.component.map(({ definition, expression }) => ({
          code: definition.startsWith(published) ? codeAt(definition, resource.base) : '',
          expression,
        })),
      }
    : {}),
})

/** The code of a parameter of R4, by its address. */
function codeAt(definition: string, bases: readonly string[]): string {
  const id = definition.slice(published.length).split('|')[0]
  for (const base of bases) {
    const found = searchParameters(base).find(facts => facts.id === id)
    if (found) return found.code
  }
  return ''
}

/** Resources that are no DomainResource. https://hl7.org/fhir/R4/resource.html */
const plain = ['Binary', 'Bundle', 'Parameters']

/** The types that have the parameter. */
export function typesOf({ base }: Pick<OwnFacts, 'base'>): string[] {
  const types = base.flatMap(type => {
    if (type === 'Resource') return [...resourceTypes()]
    return type === 'DomainResource'
      ? [...resourceTypes()].filter(each => !plain.includes(each))
      : [type]
  })
  return [...new Set(types)].sort()
}

/** Letters first, so that no name of ours or of FHIR's (`_id`) is met, and nothing that the search language splits at. */
const codes = /^[A-Za-z][A-Za-z0-9-]{0,63}$/

/** What is special is known by its code. */
const ownTypes = Object.keys(searchTypes).filter(type => type !== 'special')

/** All that keeps it from being searched by. https://hl7.org/fhir/R4/searchparameter-definitions.html */
export function problemsOf(resource: SearchParameter): Issue[] {
  const facts = factsOf(resource)
  const wrong = (element: string, code: Issue['code'], text: string) =>
    issue(code, text, `SearchParameter.${element}`)
  const issues: Issue[] = []
  if (!resource.url) issues.push(wrong('url', 'required', 'url is missing: give it an address'))
  if (!codes.test(facts.code))
    issues.push(
      wrong('code', 'value', 'code takes 1 to 64 letters, digits and hyphens, a letter first'),
    )
  for (const [index, base] of facts.base.entries())
    if (!isResourceType(base) && base !== 'Resource' && base !== 'DomainResource')
      issues.push(wrong(`base[${index}]`, 'value', 'base takes types of resources of R4'))
  for (const [index, target] of (facts.target ?? []).entries())
    if (!isResourceType(target))
      issues.push(wrong(`target[${index}]`, 'value', 'target takes types of resources of R4'))
  if (!ownTypes.includes(facts.type))
    issues.push(wrong('type', 'not-supported', `type takes one of ${ownTypes.join(', ')} here`))
  if (facts.expression === '')
    issues.push(
      wrong('expression', 'required', 'expression is missing: give the path to the values'),
    )
  if (issues.length > 0) return issues
  const types = typesOf(facts)
  const problems = types.map(type => problemsAt(facts, type))
  // One that begins with an element may find nothing on some of its types.
  const isBare = /^[\s(]*[a-z]/.test(facts.expression)
  const isFound = isBare && problems.some(each => each.length === 0)
  const more = problems.flat().filter(({ code }) => !isFound || code === 'duplicate')
  return more.length > 0 ? more : misfits(facts, types)
}

function misfits(facts: OwnFacts, types: string[]): Issue[] {
  const misfit = misfitOf(facts, types)
  if (!misfit) return []
  const { datatypes, fitting } = misfit
  const fit = fitting.length
    ? `what fits is ${fitting.join(', ')}`
    : 'none does: name an element within it, or end with exists()'
  return [
    issue(
      'value',
      `type ${facts.type} never finds what expression leads to, ${datatypes.join(', ')}: ${fit}`,
      'SearchParameter.type',
    ),
  ]
}

function problemsAt(facts: OwnFacts, type: string): Issue[] {
  if (searchParameters(type).some(({ code }) => code === facts.code))
    return [
      issue(
        'duplicate',
        `R4 has a search parameter of this code on ${type}: choose another`,
        'SearchParameter.code',
      ),
    ]
  const unknown = unknownStep(facts.expression, type)
  const problem =
    unknown === undefined
      ? pathProblem(facts.expression, type)
      : `expression asks for an element that is not there: ${unknown}`
  if (problem !== undefined) return [issue('value', problem, 'SearchParameter.expression')]
  if (!extractorOf({ ...facts, rows: facts.code }, type, nowhere))
    return [
      issue(
        'not-supported',
        'component takes two parameters of R4 on the same type, by their addresses, one of them a token',
        'SearchParameter.component',
      ),
    ]
  return []
}

/** The first plain step of an arm (`Patient.name.famly`) that leads to no element; what is beyond plain steps is not looked at. */
function unknownStep(expression: string, type: string): string | undefined {
  const unquoted = expression.replace(/'(?:[^'\\]|\\.)*'/g, "''")
  for (const arm of unquoted.split('|')) {
    const [path = '', first = ''] =
      /^\(*\s*([A-Z][A-Za-z]*)(?:\.[a-z][A-Za-z]*\b(?!\())*/.exec(arm.trim()) ?? []
    if (first !== type && first !== 'Resource' && first !== 'DomainResource') continue
    let shape: string | undefined = type
    for (const step of path.split('.').slice(1)) {
      if (shape === undefined || !structureOf(shape)) break
      if (!hasElement(shape, step)) return `${shape}.${step}`
      const element: Element | undefined = elementAt(shape, step)
      shape = element && !element.choice ? shapeOf(element, `${shape}.${step}`) : undefined
    }
  }
  return undefined
}

const shapeOf = ({ content, types }: Element, own: string): string | undefined =>
  content ?? (structureOf(own) ? own : types[0])

type Extractor = (resource: Resource) => Row[]

/** All rows of a resource for a parameter. Absent: it has none on this type. */
export function extractorOf(
  facts: OwnFacts & { rows: string },
  type: string,
  home: Home,
): Extractor | undefined {
  const searchType = Object.hasOwn(searchTypes, facts.type) ? searchTypes[facts.type] : undefined
  const collect = searchType?.collector({ type, facts, param: facts.rows, ...home })
  if (!collect || !compilePath(facts.expression, type)) return undefined
  const plan = new Plan(type, [{ facts, collect }])
  return resource => {
    const { rows, present } = plan.gather(new Rows(resource))
    if (isMarked(present, 0))
      rows.add({ kind: 'token', param: presentParam(facts.rows), code: 'true', system: '' })
    return rows.all
  }
}
