/** One page of a search: its matches and what comes with them. https://hl7.org/fhir/R4/search.html#include */
import { printJson } from '../json.ts'
import type { Resource } from '../resource.ts'
import type { Page, Version } from '../store.ts'
import { openContainer } from './contained/holds.ts'
import type { SortedPlace } from './contained/sorted.ts'
import type { Include } from './include.ts'
import { comesBy, includedWith, linksOf, type Reach, readLinks, referrers } from './included.ts'
import { nameOf } from './links.ts'
import type { Query } from './query.ts'

/** Where a page begins. */
export interface Place {
  /** The next matches, as the store says it. Absent: the first ones, or none where `inside` is there. */
  after?: string
  /** A resource whose includes did not fit a page; then one of these whose own did not; and so on. */
  inside?: Inside[]
  /** All that is found by itself has been sent: where it goes on among those that contain what is found. */
  contained?: ContainedPlace
}

export interface ContainedPlace {
  /** The next containers, as the store says it. Absent: the first ones, or none where `rest` is there. */
  after?: string
  /** A container of which not all that was found fitted the page before. */
  rest?: { type: string; id: string; number: number; sent: number }
  /** In an order of its own. */
  sorted?: SortedPlace
}

/** What is found: a resource, or one within it. */
export interface Match extends Version {
  inner?: Resource
}

interface Position {
  /** The number of the include. */
  step: number
  /** How far what it adds has been sent. */
  after?: string
}

interface Inside extends Position {
  name: string
}

export interface ResultPage {
  matches: Match[]
  included: Version[]
  next?: Place
  previous?: Place
  /** See Found. */
  total?: number
  /** Resources lie so deep in each other's includes that what comes with these by :iterate was left out. */
  cut?: true
}

/** A graph that leads everywhere has more ways through it than could ever be sent. */
const deepest = 4

/** Matches of one page, without what comes with them. */
export interface Found {
  matches: Match[]
  next?: Place
  previous?: Place
  /** Of the first page, where the query asks for it: how many the store finds. */
  total?: number
}

/** So many from a place on. */
export type Find = (place: Place, count: number) => Promise<Found>

interface Asked {
  find: Find
  count: number
  includes: Include[]
  reach: Reach
}

/** What the store finds. */
export const findStored =
  (query: Query, { search }: Pick<Reach, 'search'>): Find =>
  async ({ after }, count) => {
    const page = await search({ ...query, count, ...(after === undefined ? {} : { after }) })
    const { versions, next, previous, total } = page
    return {
      matches: versions,
      ...(total === undefined ? {} : { total }),
      ...(next === undefined ? {} : { next: { after: next } }),
      ...(previous === undefined ? {} : { previous: { after: previous } }),
    }
  }

/**
 * A page holds fewer matches where more resources come with them than the limit. What comes with a single match is sent
 * over as many pages as it takes: those after the first hold no match.
 */
export async function resultPage(asked: Asked, place: Place = {}): Promise<ResultPage> {
  const page = place.inside?.length ? await insidePage(asked, place) : undefined
  if (page) return page
  const { inside, ...rest } = place
  if (inside && !rest.after && !rest.contained) return { matches: [], included: [] }
  return matchPage(asked, rest)
}

async function matchPage(asked: Asked, place: Place): Promise<ResultPage> {
  const { find, includes, reach } = asked
  for (let { count } = asked; ; ) {
    const { matches, next, previous, total } = await find(place, count)
    const sources = matches.map(sourceOf)
    const included = await includedWith(sources, includes, reach)
    if (!included && matches.length > 1) {
      count = Math.ceil(matches.length / 2)
      continue
    }
    const inside = included ? [] : sources.map(source => ({ name: nameOf(source), step: 0 }))
    return {
      matches,
      included: included ?? [],
      ...nextPlace(next, inside),
      ...(previous ? { previous } : {}),
      ...(total === undefined ? {} : { total }),
    }
  }
}

const nextPlace = (place: Place | undefined, inside: Inside[]): { next?: Place } =>
  place === undefined && inside.length === 0
    ? {}
    : { next: { ...place, ...(inside.length ? { inside } : {}) } }

/** What includes follow: from one within, its own references. */
function sourceOf(match: Match): Version {
  const { inner } = match
  return inner ? within(match, inner) : match
}

const within = (container: Version, inner: Resource): Version => ({
  ...container,
  type: inner.resourceType,
  id: `${container.type}/${container.id}#${inner.id ?? ''}`,
  json: printJson(inner),
})

/** The next of what comes with the innermost resource; absent: all that comes with any of them has been sent. */
async function insidePage(
  asked: Asked,
  { inside = [], ...place }: Place,
): Promise<ResultPage | undefined> {
  for (let rest = inside; ; rest = rest.slice(0, -1)) {
    const top = rest.at(-1)
    if (!top) return undefined
    const part = await innerPart(asked, rest.slice(0, -1), top)
    if (!part) continue
    const { included, inside, cut } = part
    const isEnd = place.after === undefined && !place.contained
    return {
      matches: [],
      included,
      ...nextPlace(isEnd ? undefined : place, inside),
      ...(cut ? { cut } : {}),
    }
  }
}

/** As many of them as fit a page with what they bring, at least one; absent: there are no more. */
async function innerPart(
  { includes, reach }: Asked,
  outer: Inside[],
  top: Inside,
): Promise<{ included: Version[]; inside: Inside[]; cut?: true } | undefined> {
  const source = await readNamed(top.name, reach)
  if (!source) return undefined
  const iterated = includes.filter(({ iterate }) => iterate)
  const active = outer.length ? iterated : includes
  const above = [...outer.map(({ name }) => name), top.name]
  for (let count = reach.limit; ; ) {
    const { versions, next } = await comingWith(source, active, top, { reach, count, above })
    const [only] = versions
    if (!only) return undefined
    const room = { ...reach, limit: reach.limit - versions.length }
    const more = await includedWith(versions, iterated, room, [...above, ...versions.map(nameOf)])
    if (!more && versions.length > 1) {
      count = Math.ceil(versions.length / 2)
      continue
    }
    const rest: Inside[] = next ? [{ name: top.name, ...next }] : []
    if (more) return { included: [...versions, ...more], inside: [...outer, ...rest] }
    if (outer.length >= deepest)
      return { included: versions, inside: [...outer, ...rest], cut: true }
    // Sent whole, it still tells that what is inside of it was included.
    const whole = { name: top.name, step: active.length }
    const inside = [...outer, ...(next ? rest : [whole]), { name: nameOf(only), step: 0 }]
    return { included: versions, inside }
  }
}

/** `Patient/1`, or `Medication/MedicationRequest/1#a` for one within. */
async function readNamed(name: string, reach: Reach): Promise<Version | undefined> {
  const [place = '', id] = name.split('#')
  const link = id === undefined ? place : place.slice(place.indexOf('/') + 1)
  const [type = ''] = link.split('/')
  const { versions } = await readLinks(new Map([[link, [type]]]), reach)
  const [version] = versions
  if (!version || id === undefined) return version
  const inner = openContainer(version).within.find(one => one.id === id)
  return inner && within(version, inner)
}

/** What the includes add to one resource, from a position on, each once. */
async function comingWith(
  source: Version,
  includes: Include[],
  { step, after }: Position,
  { reach, count, above }: { reach: Reach; count: number; above: string[] },
): Promise<{ versions: Version[]; next?: Position }> {
  const versions: Version[] = []
  const seen = new Set(above)
  let at: Position = { step, ...(after === undefined ? {} : { after }) }
  while (versions.length < count) {
    const include = includes[at.step]
    if (!include) return { versions }
    const earlier = includes.slice(0, at.step)
    const part = await stepOf(source, include, {
      ...reach,
      count: count - versions.length,
      after: at.after,
    })
    for (const version of part.versions) {
      if (seen.has(nameOf(version))) continue
      seen.add(nameOf(version))
      if (!earlier.some(one => comesBy(one, { source, ...reach }, version))) versions.push(version)
    }
    at = part.next === undefined ? { step: at.step + 1 } : { step: at.step, after: part.next }
  }
  return { versions, ...(at.step < includes.length ? { next: at } : {}) }
}

/** Of links forward, in their own order, so that a change between two pages repeats none. */
async function stepOf(
  source: Version,
  include: Include,
  from: Reach & { count: number; after: string | undefined },
): Promise<Page> {
  if (include.reverse) return referrers([source], include, from)
  const { after = '', count } = from
  const links = [...linksOf([source], [include], from)]
    .filter(([link]) => link > after)
    .sort(([a], [b]) => (a < b ? -1 : 1))
  const page = new Map(links.slice(0, count))
  const { versions } = await readLinks(page, from)
  const last = [...page.keys()].at(-1)
  return { versions, ...(links.length > count && last !== undefined ? { next: last } : {}) }
}
