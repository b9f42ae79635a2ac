/**
 * The second opinion on a whole search: which of all resources it finds, by going through each of them with the
 * specification in hand (https://hl7.org/fhir/R4/search.html). Slow, plain, and with no part of the server in it.
 */
import { isResourceType, type SearchParameterFacts } from '../../../resources/definitions.ts'
import type { Resource } from '../../../resources/resource.ts'
import { parseFilter } from './filter.ts'
import { type Asked, differs, finds, prefixOf } from './match.ts'
import { comparesSpan, folded, spanOf } from './values.ts'
import { containerOf, withinReach } from './within.ts'
import {
  destinationOf,
  type Item,
  isItem,
  listOf,
  NoOpinion,
  parameterOf,
  plain,
  referencesIn,
  split,
  textOf,
  valuesOf,
  type World,
} from './world.ts'

export type { World } from './world.ts'
export { NoOpinion } from './world.ts'

/** In the order of their creation, whatever `_sort` asks for: see isSorted. */
export function ask(world: World, type: string | undefined, query: string): Resource[] {
  const params = query
    .split('&')
    .filter(Boolean)
    .map(part => {
      const cut = part.indexOf('=')
      const decode = (text: string) => decodeURIComponent(text.replace(/\+/g, ' '))
      return cut < 0
        ? [decode(part), '']
        : [decode(part.slice(0, cut)), decode(part.slice(cut + 1))]
    }) as [string, string][]
  const types = type ? [type] : undefined
  const named = params.find(([name]) => name === '_type')?.[1].split(',')
  const tests = params.filter(([name]) => !notTests.has(name))
  return world.resources.filter(
    resource =>
      (types ?? named ?? [resource.resourceType]).includes(resource.resourceType) &&
      tests.every(([name, value]) => passes(world, resource, name, value)),
  )
}

const notTests = new Set([
  '_type',
  '_sort',
  '_count',
  '_total',
  '_summary',
  '_elements',
  '_format',
  '_pretty',
])

/** Whether the resource passes one parameter. */
export function passes(world: World, resource: Resource, name: string, value: string): boolean {
  const type = resource.resourceType
  const has = /^_has:([^:]+):([^:]+):(.*)$/.exec(name)
  if (has) return passesHas(world, resource, has as unknown as string[], value)
  const dot = name.indexOf('.')
  if (dot >= 0)
    return passesChain(world, resource, [name.slice(0, dot), name.slice(dot + 1)], value)
  const [code = '', modifier = ''] = splitName(name)
  const facts = own[code] ? undefined : parameterOf(type, code)
  if (modifier === 'missing') return passesMissing(resource, code, value)
  const any = split(value, ',')
  const special = own[code]
  if (special) return any.some(each => special(world, resource, plain(each), modifier))
  const container = containerOf(resource)
  const asked: Asked = { world, type, facts: facts as SearchParameterFacts, modifier, container }
  if (modifier === 'not') return !any.some(each => finds(each, resource, asked))
  return any.some(each => finds(each, resource, asked))
}

function splitName(name: string): [string, string] {
  const cut = name.indexOf(':')
  return cut < 0 ? [name, ''] : [name.slice(0, cut), name.slice(cut + 1)]
}

type Special = (world: World, resource: Resource, value: string, modifier: string) => boolean

const own: Readonly<Record<string, Special>> = Object.assign(Object.create(null), {
  _id: (_world, { id }, value, modifier) => (modifier === 'not' ? id !== value : id === value),
  _lastUpdated(world, { meta }, value) {
    const [prefix, text] = prefixOf(value)
    const asked = spanOf(text.replace(/ (\d\d:\d\d)$/, '+$1'), world.zone)
    const at = Date.parse(textOf((meta as Record<string, unknown> | undefined)?.lastUpdated))
    if (!asked) throw new NoOpinion(text)
    return comparesSpan(prefix, asked, { start: at, end: at + 1 }, world.now)
  },
  _list(world, resource, value) {
    if (value === '$current-drug-allergies' && !isOfDrug(resource)) return false
    const lists = world.resources.filter(
      list =>
        list.resourceType === 'List' &&
        (value.startsWith('$') ? isCurrent(list as Item, value) : list.id === value),
    )
    const entries = lists.flatMap(list => listOf((list as Item).entry))
    return entries.some(
      entry =>
        isItem(entry) &&
        isItem(entry.item) &&
        destinationOf(textOf(entry.item.reference), world.base)?.to ===
          `${resource.resourceType}/${resource.id}`,
    )
  },
  _query(_world, resource, value) {
    const codes = queries[value]
    if (!codes || resource.resourceType !== 'Observation') throw new NoOpinion(value)
    return listOf((resource as Item).interpretation)
      .flatMap(concept => (isItem(concept) ? listOf(concept.coding) : []))
      .some(
        coding =>
          isItem(coding) &&
          /^http:..terminology.hl7.org.CodeSystem.(v3-ObservationInterpretation|v2-0078)$/.test(
            textOf(coding.system),
          ) &&
          codes.includes(textOf(coding.code)),
      )
  },
  _filter: (world, resource, value) =>
    parseFilter(value)(
      (name, text) => passes(world, resource, name, text),
      (name, text) => {
        const facts = parameterOf(resource.resourceType, name)
        return differs(text, resource, { world, type: resource.resourceType, facts, modifier: '' })
      },
    ),
  _content: (_world, resource, value) =>
    ` ${folded(readable(resource).join(' '))}`.includes(` ${folded(value)}`),
  _text: (_world, resource, value) =>
    ` ${folded(narrative(resource))}`.includes(` ${folded(value)}`),
} satisfies Record<string, Special>)

const queries: Record<string, string[]> = {
  abnormal: ['A', 'AA', 'HH', 'LL', 'H', 'HU', 'H>', 'L', 'LU', 'L<'],
  critical: ['AA', 'HH', 'LL'],
}

/** https://hl7.org/fhir/R4/lifecycle.html#lists */
const purposes: Record<string, string[]> = {
  '$current-problems': ['problems', '46105-3'],
  '$current-medications': ['medications', '57828-6', '10160-0'],
  '$current-allergies': ['allergies', '18716-1', '52472-8', '48765-2'],
  '$current-drug-allergies': ['allergies', '18716-1', '52472-8', '48765-2'],
}

function isOfDrug({ resourceType, ...more }: Resource): boolean {
  const categories = listOf((more as Item).category)
  return (
    resourceType === 'AllergyIntolerance' &&
    (categories.every(each => each !== 'food' && each !== 'environment') ||
      categories.some(each => each === 'medication' || each === 'biologic'))
  )
}

function isCurrent({ status, code }: Item, name: string): boolean {
  const codes = purposes[name]
  if (!codes) throw new NoOpinion(name)
  const coding = isItem(code) ? listOf(code.coding) : []
  return (
    status === 'current' && coding.some(each => isItem(each) && codes.includes(textOf(each.code)))
  )
}

export const narrative = (resource: Resource): string => {
  const { text } = resource as unknown as { text?: { div?: string } }
  return (text?.div ?? '').replace(/<[^>]*>/g, ' ')
}

export const readable = (value: unknown): string[] =>
  typeof value === 'string'
    ? [value.replace(/<[^>]*>/g, ' ')]
    : Array.isArray(value) || isItem(value)
      ? Object.values(value).flatMap(readable)
      : []

/** https://hl7.org/fhir/R4/search.html#modifiers */
function passesMissing(resource: Resource, code: string, value: string): boolean {
  if (value !== 'true' && value !== 'false') throw new NoOpinion(value)
  const there = valuesOf(resource, parameterOf(resource.resourceType, code)).length > 0
  return there === (value === 'false')
}

/** The resources here that a parameter of another leads to. */
export function targetsOf(
  world: World,
  resource: Resource,
  facts: SearchParameterFacts,
): Resource[] {
  const all = valuesOf(resource, facts)
  const names = all
    .flatMap(referencesIn)
    .flatMap(reference => destinationOf(reference, world.base)?.to ?? [])
  const canonicals = all.flatMap(({ value }) => (typeof value === 'string' ? [value] : []))
  const container = all.flatMap(referencesIn).includes('#') ? containerOf(resource) : undefined
  return world.resources.filter(
    target =>
      target === container ||
      names.includes(`${target.resourceType}/${target.id}`) ||
      canonicals.some(canonical => isMeant(target as Item, canonical)),
  )
}

/** The contained resources that a parameter leads to, and what stands in a Bundle in place of a reference. */
function heldBy(resource: Resource, facts: SearchParameterFacts): Resource[] {
  const contained = withinReach(resource)
  return valuesOf(resource, facts).flatMap(node => {
    const { value } = node
    if (isItem(value) && value.resourceType) return [value as unknown as Resource]
    const names = typeof value === 'string' ? [value] : referencesIn(node)
    return contained.filter(({ id }) => names.includes(`#${id}`))
  })
}

/** By its url, in any version unless the canonical names one. https://hl7.org/fhir/R4/references.html#canonical */
function isMeant({ url, version }: Item, canonical: string): boolean {
  const [asked, wanted] = (canonical.split('#')[0] ?? '').split('|')
  return url === asked && (wanted === undefined || wanted === version)
}

/** https://hl7.org/fhir/R4/search.html#chaining */
function passesChain(
  world: World,
  resource: Resource,
  [link, rest]: [string, string],
  value: string,
): boolean {
  const [code, only] = splitName(link)
  if (only && !isResourceType(only)) throw new NoOpinion(link)
  const facts = parameterOf(resource.resourceType, code)
  const [next = ''] = rest.split(/[.:]/)
  // What is within is no resource by itself: it has no id to be found by, and nobody else refers to it.
  const held = next.startsWith('_') ? [] : heldBy(resource, facts)
  return [...targetsOf(world, resource, facts), ...held].some(target => {
    const type = target.resourceType
    if (only ? type !== only : facts.target && !facts.target.includes(type)) return false
    // Of several types that the link may lead to, those count that have such a parameter.
    if (!only && next !== '_has' && !hasParameter(type, next)) return false
    return passes(world, target, rest, value)
  })
}

function hasParameter(type: string, code: string): boolean {
  if (own[code]) return true
  try {
    return Boolean(parameterOf(type, code))
  } catch {
    return false
  }
}

/** https://hl7.org/fhir/R4/search.html#has */
function passesHas(
  world: World,
  resource: Resource,
  [, type = '', link = '', rest = '']: string[],
  value: string,
): boolean {
  const facts = parameterOf(type, link)
  return world.resources.some(
    other =>
      other.resourceType === type &&
      targetsOf(world, other, facts).includes(resource) &&
      passes(world, other, rest, value),
  )
}
