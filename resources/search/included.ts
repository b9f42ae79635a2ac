/** The resources that come with others. https://hl7.org/fhir/R4/search.html#include */
import type { SearchParameterFacts } from '../definitions.ts'
import { spellingsOf } from '../reference.ts'
import { type OwnParameters, paramsOf } from '../search.ts'
import { sideBySide } from '../side-by-side.ts'
import type { Page, Version } from '../store.ts'
import { type Include, parametersOf } from './include.ts'
import {
  bodyOf,
  canonicalOf,
  type Linked,
  type Links,
  linksBy,
  nameOf,
  resourceName,
  splitCanonical,
  splitVersion,
  versionName,
} from './links.ts'
import { anyOf } from './prefix.ts'
import type { Predicate, Query, Sort } from './query.ts'

/** What there is to reach from here. */
export interface Reach {
  search(query: Query): Promise<Page>
  /** A version that is named; undefined: there is none. */
  read(type: string, id: string, number: number): Promise<Version | undefined>
  /** Where this server is: references by its address are to what is here. */
  base: string
  /** Most resources that come with the matches of one page. */
  limit: number
  /** The tenant's own search parameters. */
  own?: OwnParameters | undefined
}

type Ground = Pick<Reach, 'base' | 'own'>

/** Searches that one request has at once: others have their turns between them. */
const atOnce = 4

const newestFirst: Sort[] = [{ by: 'updated', descending: true }]

/**
 * What the includes add to these, each once, in its newest version or that which a reference names; absent: more than the
 * limit. `taken` are those that are there already.
 */
export async function includedWith(
  sources: Version[],
  includes: Include[],
  reach: Reach,
  taken: Iterable<string> = sources.map(nameOf),
): Promise<Version[] | undefined> {
  const seen = new Set([...taken, ...sources.map(versionName)])
  const found: Version[] = []
  const iterated = includes.filter(({ iterate }) => iterate)
  let round = sources
  for (let active = includes; round.length && active.length; active = iterated) {
    const reached = await nextRound(round, active, { ...reach, limit: reach.limit - found.length })
    const fresh = (reached ?? []).filter(version => {
      const name = nameOf(version)
      return !seen.has(name) && seen.add(name)
    })
    found.push(...fresh)
    if (!reached || found.length > reach.limit) return undefined
    round = fresh
  }
  return found
}

async function nextRound(
  sources: Version[],
  includes: Include[],
  reach: Reach,
): Promise<Version[] | undefined> {
  const links = linksOf(sources, includes, reach)
  const count = reach.limit + 1
  const parts: (() => Promise<Page>)[] = [
    () => readLinks(links, reach),
    ...includes.map(include => () => referrers(sources, include, { ...reach, count })),
  ]
  const pages = await sideBySide(parts, atOnce, part => part())
  return pages.some(page => page.next !== undefined)
    ? undefined
    : pages.flatMap(({ versions }) => versions)
}

/** What the sources refer to by includes that look forward. */
export function linksOf(sources: Version[], includes: Include[], { base, own }: Ground): Links {
  const links: Links = new Map()
  const forward = includes.filter(({ reverse }) => !reverse)
  if (forward.length === 0) return links
  const byType = new Map<string, Followed>()
  for (const source of sources) {
    const followed = byType.get(source.type) ?? followedFrom(source.type, forward, own)
    byType.set(source.type, followed)
    if (followed.size === 0) continue
    const body = bodyOf(source)
    for (const [facts, targets] of followed)
      for (const [link, types] of linksBy(body, [facts], base)) {
        const wanted = targets ? types.filter(type => targets.has(type)) : types
        if (wanted.length) links.set(link, [...(links.get(link) ?? []), ...wanted])
      }
  }
  return links
}

/** The parameters that includes follow, each once, and to which types; absent: to any. */
type Followed = Map<SearchParameterFacts, Set<string> | undefined>

function followedFrom(type: string, includes: Include[], own?: OwnParameters): Followed {
  const followed: Followed = new Map()
  for (const include of includes)
    for (const facts of parametersOf(include, type, own)) {
      const known = followed.get(facts)
      if (include.target === undefined || (followed.has(facts) && !known))
        followed.set(facts, undefined)
      else followed.set(facts, new Set([...(known ?? []), include.target]))
    }
  return followed
}

/** What is linked to and there, in the order of the links, then by canonicals. */
export async function readLinks(
  links: Links,
  { search, read }: Pick<Reach, 'search' | 'read'>,
): Promise<Omit<Page, 'versions'> & { versions: Linked[] }> {
  const ids = new Map<string, Set<string>>()
  const urls: Links = new Map()
  for (const [link, types] of links) {
    const [type = '', id = ''] = link.split('/')
    if (types.includes(type)) ids.set(type, (ids.get(type) ?? new Set()).add(id))
    else urls.set(link, types)
  }
  const byIds = ([type, of]: [string, Set<string>]) =>
    search({
      types: [type],
      where: [{ kind: 'id', ids: [...of] }],
      sort: newestFirst,
      count: of.size,
    })
  const [canonicals, pages] = await Promise.all([
    readCanonicals(urls, search),
    sideBySide([...ids], atOnce, byIds),
  ])
  const newest = new Map(
    pages.flatMap(({ versions }) => versions.map(each => [resourceName(each), each])),
  )
  const named = await Promise.all([...links.keys()].map(link => versionBy(link, newest, read)))
  const once = new Map(named.flatMap(each => (each ? [[nameOf(each), each]] : [])))
  return { versions: [...once.values(), ...canonicals.versions] }
}

/** That which the link names, if it was ever here; else the newest. What is gone is gone in every version. */
async function versionBy(
  link: string,
  newest: ReadonlyMap<string, Version>,
  read: Reach['read'],
): Promise<Linked | undefined> {
  const { name, number } = splitVersion(link)
  const one = newest.get(name)
  if (!one || number === undefined || number === one.number) return one
  const old = await read(one.type, one.id, number)
  return old ? { ...old, old: true } : one
}

/** A canonical without a version means every one there is. */
async function readCanonicals(links: Links, search: Reach['search']): Promise<Page> {
  if (links.size === 0) return { versions: [] }
  const types = [...new Set([...links.values()].flat())]
  const urls = new Set([...links.keys()].map(link => splitCanonical(link).url))
  const where = [
    anyOf([...urls].map((uri): Predicate => ({ kind: 'uri', param: 'url', uri, match: 'exact' }))),
  ]
  const { versions } = await search({ types, where, sort: newestFirst, count: mostCanonicals })
  return { versions: versions.filter(version => leadsTo(links, version)) }
}

function leadsTo(links: Links, version: Linked): boolean {
  const { type, old } = version
  const names = old ? [] : namesOf(version)
  return [...names, { name: versionName(version), type }].some(each =>
    links.get(each.name)?.includes(each.type),
  )
}

const mostCanonicals = 1000

/** A page of those that refer to the sources by an include that looks backward. */
export async function referrers(
  sources: Version[],
  include: Include,
  { search, count, after, ...ground }: Reach & { count: number; after?: string | undefined },
): Promise<Page> {
  const { reverse, target } = include
  const meant = sources.filter(({ type }) => reverse && (target === undefined || target === type))
  const names = meant.flatMap(namesOf)
  const where = names.length ? refersTo(names, include, ground) : undefined
  if (!where) return { versions: [] }
  const { source } = include
  const page = await search({
    ...(source === undefined ? {} : { types: [source] }),
    where: [where],
    sort: newestFirst,
    count,
    ...(after === undefined ? {} : { after }),
  })
  // Rows know neither the version of a canonical, nor that an element is none that a parameter leads to.
  if (source !== undefined && names.length === meant.length) return page
  return {
    ...page,
    versions: page.versions.filter(version => refersBy(version, include, { names, ...ground })),
  }
}

function refersBy(
  version: Version,
  include: Include,
  { names, base, own }: Ground & { names: Name[] },
): boolean {
  const all = linksBy(bodyOf(version), parametersOf(include, version.type, own), base)
  const links: Links = new Map([...all].map(([link, types]) => [splitVersion(link).name, types]))
  return names.some(({ name, type }) => links.get(name)?.includes(type))
}

/** Whether an include adds this one to that source. */
export function comesBy(
  include: Include,
  { source, ...ground }: Ground & { source: Version },
  version: Version,
): boolean {
  if (!include.reverse) return leadsTo(linksOf([source], [include], ground), version)
  const { target } = include
  if (target !== undefined && target !== source.type) return false
  return refersBy(version, include, { names: namesOf(source), ...ground })
}

interface Name {
  name: string
  type: string
}

/** What a resource is referred to by. */
function namesOf(version: Version): Name[] {
  const { type } = version
  const canonical = canonicalOf(version)
  const urls = canonical ? [canonical.url, `${canonical.url}|${canonical.version}`] : []
  return [resourceName(version), ...urls].map(name => ({ name, type }))
}

function refersTo(names: Name[], include: Include, { base, own }: Ground): Predicate | undefined {
  const { source } = include
  if (source === undefined)
    return { kind: 'refers', targets: names.flatMap(({ name }) => spellingsOf(name, base)) }
  const any = parametersOf(include, source, own).flatMap(facts => {
    const targets = names
      .filter(({ type }) => !facts.target || facts.target.includes(type))
      .map(({ name }) => name)
    if (targets.length === 0) return []
    return paramsOf(source, facts).map(
      (param): Predicate => ({ kind: 'reference', param, targets }),
    )
  })
  return any.length ? anyOf(any) : undefined
}
