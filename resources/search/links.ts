/** What a resource refers to by its search parameters of type reference. https://hl7.org/fhir/R4/references.html */
import type { SearchParameterFacts } from '../definitions.ts'
import { resourceTypes, structureOf } from '../definitions.ts'
import type { Path } from '../fhirpath/path.ts'
import { compilePath } from '../fhirpath.ts'
import { localOf, parseReference } from '../reference.ts'
import { isObject, type Resource } from '../resource.ts'
import type { Version } from '../store.ts'

/** Links one after the other that are followed through contained resources: each may be within one or not. */
export const mostLinks = 8

/** By `Patient/1`, `Patient/1/_history/2` or a canonical `url|version`: the types that it may be of. */
export type Links = Map<string, readonly string[]>

/** By the parameter and the type it is followed from: a tenant's own are let go with it. */
const paths = new WeakMap<SearchParameterFacts, Map<string, Path | undefined>>()

function pathOf(type: string, facts: SearchParameterFacts): Path | undefined {
  const known = paths.get(facts) ?? new Map<string, Path | undefined>()
  paths.set(facts, known)
  if (!known.has(type)) known.set(type, compilePath(facts.expression, type))
  return known.get(type)
}

/** In the order of the parameters. */
export function linksBy(
  resource: Resource,
  parameters: SearchParameterFacts[],
  base: string,
): Links {
  const links: Links = new Map()
  for (const facts of parameters)
    for (const { value } of pathOf(resource.resourceType, facts)?.(resource) ?? []) {
      const link = linkOf(value, base)
      if (!link) continue
      const types = link.type ? [link.type] : canonicalTypes(facts.target)
      links.set(link.text, [...(links.get(link.text) ?? []), ...types])
    }
  return links
}

/** Of a Reference to what is here, or of a canonical. */
function linkOf(value: unknown, base: string): { text: string; type?: string } | undefined {
  const text = isObject(value) ? value.reference : value
  if (typeof text !== 'string') return undefined
  const local = parseReference(localOf(text, base))
  if (local?.form === 'relative' && local.type) {
    const { type, id, version } = local
    return { text: `${type}/${id}${version ? behind + version : ''}`, type }
  }
  return isObject(value) || text.startsWith('#') ? undefined : { text }
}

/** Whether resources of a type are known by a url and a version of their own. */
export function hasCanonical(type: string): boolean {
  const elements = structureOf(type)?.elements
  return Boolean(elements?.url && elements.version)
}

let canonical: readonly string[] | undefined

function canonicalTypes(types?: readonly string[]): readonly string[] {
  canonical ??= [...resourceTypes()].filter(hasCanonical)
  return types ? canonical.filter(type => types.includes(type)) : canonical
}

export function splitCanonical(link: string): { url: string; version?: string } {
  const cut = link.indexOf('|')
  return cut < 0 ? { url: link } : { url: link.slice(0, cut), version: link.slice(cut + 1) }
}

/** The canonical of a resource that has one. */
export function canonicalOf(version: Version): { url: string; version?: unknown } | undefined {
  if (!hasCanonical(version.type)) return undefined
  const { url, version: number } = bodyOf(version)
  return typeof url === 'string' ? { url, version: number } : undefined
}

const behind = '/_history/'

/** A link to a version is one to its resource, and says which version it names. */
export function splitVersion(link: string): { name: string; number?: number } {
  const [name = '', version = ''] = link.split(behind)
  return /^[1-9]\d{0,14}$/.test(version) ? { name, number: Number(version) } : { name }
}

/** `old`: a version that a reference names, and that is not the newest one. */
export interface Linked extends Version {
  old?: true
}

/** What stands on a page once: a resource in its newest version, or another one that is named. */
export const nameOf = (version: Linked): string =>
  version.old ? versionName(version) : resourceName(version)

export const resourceName = ({ type, id }: Version): string => `${type}/${id}`

export const versionName = (version: Version): string =>
  resourceName(version) + behind + version.number

/** Digits of decimals do not matter to references. */
export const bodyOf = ({ json = '{}' }: Version): Resource => JSON.parse(json) as Resource
