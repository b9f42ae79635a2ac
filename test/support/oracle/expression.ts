/** The second opinion on what a SearchParameter's expression selects: a walk over the resource, element by element. */
import { structureOf } from '../../../resources/definitions.ts'
import type { Resource } from '../../../resources/resource.ts'
import { containerOf, withinReach } from './within.ts'

/** A selected element: its value, its datatype, and the value set it is bound to. */
export interface Node {
  value: unknown
  type: string
  codes?: string
  /** Where its own elements are defined. */
  shape: string
}

type Item = Record<string, unknown>

const isItem = (value: unknown): value is Item =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !JSON.isRawJSON(value)

const rootOf = (resource: Resource): Node => ({
  value: resource,
  type: resource.resourceType,
  shape: resource.resourceType,
})

/** All elements that the expression selects in the resource, in order. `context`: where it is relative to. */
export function select(expression: string, resource: Resource, context?: Node): Node[] {
  return splitTop(expression, '|').flatMap(term => selectTerm(term.trim(), resource, context))
}

function selectTerm(given: string, resource: Resource, context?: Node): Node[] {
  const exists = /^(\S+)\.exists\(\) and \1 != false$/.exec(given)
  if (exists?.[1]) {
    const found = select(exists[1], resource, context)
    const yes = found.length > 0 && found.some(({ value }) => value !== false)
    return [{ value: yes, type: 'boolean', shape: 'boolean' }]
  }
  // `(Observation.value as Quantity)`, perhaps with more behind it.
  const cast = /^\(([^()]+) as (\w+)\)(.*)$/.exec(given)
  if (cast) return selectTerm(`${cast[1]}.ofType(${cast[2]})${cast[3]}`, resource, context)
  const bracketed = /^\((.*)\)$/.exec(given)
  if (bracketed?.[1]) return select(bracketed[1], resource, context)
  const infix = /^([^()]+) as (\w+)$/.exec(given)
  const [first = '', ...steps] = splitTop(infix ? `${infix[1]}.ofType(${infix[2]})` : given, '.')
  let found: Node[]
  if (first === '%resource') found = [rootOf(resource)]
  else if (/^[A-Z]/.test(first))
    found = isOfType(resource.resourceType, first) ? [rootOf(resource)] : []
  else found = takeStep([context ?? rootOf(resource)], first, resource)
  for (const step of steps) found = takeStep(found, step, resource)
  return found
}

const isOfType = (type: string, name: string): boolean =>
  name === type || name === 'Resource' || name === 'DomainResource'

const quantities = ['Age', 'Count', 'Distance', 'Duration', 'SimpleQuantity', 'MoneyQuantity']

function takeStep(nodes: Node[], step: string, resource: Resource): Node[] {
  const [, name = '', argument] = /^(\w+)(?:\((.*)\))?(?:\[(\d+)\])?$/.exec(step) ?? []
  const index = /\[(\d+)\]$/.exec(step)?.[1]
  if (argument === undefined) {
    const found = nodes.flatMap(node => childrenOf(node, name))
    return index === undefined ? found : found.slice(Number(index), Number(index) + 1)
  }
  switch (name) {
    case 'as':
    case 'ofType':
      return nodes.filter(
        ({ type }) => type === argument || (argument === 'Quantity' && quantities.includes(type)),
      )
    case 'extension':
      return nodes
        .flatMap(node => childrenOf(node, 'extension'))
        .filter(({ value }) => isItem(value) && value.url === argument.slice(1, -1))
    case 'where': {
      const type = /^resolve\(\) is (\w+)$/.exec(argument)?.[1]
      if (type) return nodes.filter(node => typeOfReference(node.value, resource) === type)
      const [, path = '', text] = /^(\w+)\s*=\s*'([^']*)'$/.exec(argument) ?? []
      if (text === undefined) throw new Error(`the oracle cannot read where(${argument})`)
      return nodes.filter(node => childrenOf(node, path).some(({ value }) => value === text))
    }
    default:
      throw new Error(`the oracle cannot read ${step}`)
  }
}

/** The type a Reference says it points to: by its URL, or by its `type`, or by what is contained. */
function typeOfReference(value: unknown, resource: Resource): string | undefined {
  if (!isItem(value)) return undefined
  const text = typeof value.reference === 'string' ? value.reference : ''
  if (text.startsWith('#')) {
    if (text === '#') return containerOf(resource)?.resourceType
    return withinReach(resource).find(({ id }) => id === text.slice(1))?.resourceType
  }
  const named = /(?:^|\/)([A-Z][A-Za-z]+)\/[A-Za-z0-9\-.]{1,64}(?:\/_history\/[^/]+)?$/.exec(text)
  return named?.[1] ?? (typeof value.type === 'string' ? value.type : undefined)
}

function childrenOf(node: Node, name: string): Node[] {
  if (!isItem(node.value)) return []
  const item = node.value
  const own = typeof item.resourceType === 'string' ? item.resourceType : node.shape
  const element = structureOf(own)?.elements[name]
  if (!element) return []
  const values = (key: string): unknown[] => {
    const value = Object.hasOwn(item, key) ? item[key] : undefined
    return (Array.isArray(value) ? value : [value]).filter(
      each => each !== undefined && each !== null,
    )
  }
  const codes = element.codes === undefined ? {} : { codes: element.codes }
  if (element.choice)
    return element.types.flatMap(type =>
      values(name + type.charAt(0).toUpperCase() + type.slice(1)).map(value => ({
        value,
        type,
        shape: type,
        ...codes,
      })),
    )
  const inner = element.content ?? `${own}.${name}`
  const type = element.types[0] ?? ''
  const shape = structureOf(inner) ? inner : type
  return values(name).map(value => ({ value, type, shape, ...codes }))
}

/** Splits outside of brackets and quotes. */
function splitTop(text: string, separator: string): string[] {
  const parts: string[] = []
  let depth = 0
  let quoted = false
  let part = ''
  for (const each of text) {
    if (each === "'") quoted = !quoted
    if (!quoted && (each === '(' || each === '[')) depth++
    if (!quoted && (each === ')' || each === ']')) depth--
    if (each === separator && depth === 0 && !quoted) {
      parts.push(part)
      part = ''
    } else part += each
  }
  return [...parts, part]
}
