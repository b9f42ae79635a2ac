/**
 * Resources that are found within others. The stores know which types a resource contains; whether one of these matches is
 * seen by what would be known of it if it stood alone. https://hl7.org/fhir/R4/search.html#contained
 */
import { timedOut } from '../error.ts'
import { parseStored } from '../json.ts'
import { isObject, type Resource } from '../resource.ts'
import type { Extract, Page, Version } from '../store.ts'
import { containedTypes } from './beside.ts'
import { matches } from './match.ts'
import type { ParsedSearch } from './parse.ts'
import type { Predicate, Query } from './query.ts'
import type { Contained, ContainedPlace, Place, ResultPage } from './result-page.ts'

/** How containers are reached, and read. */
export interface ContainerReach {
  search(query: Query): Promise<Page>
  read(type: string, id: string, number: number): Promise<Version>
  extract(resource: Resource): Extract
  /** As much time is over as a search may take. */
  isLate(): boolean
}

/** Where the container comes, it comes once. */
type Hit = { container: Version; resource?: Resource }

interface Walked {
  hits: Hit[]
  next?: ContainedPlace
}

/** Containers read at once, and looked through for a page: then it is sent with what was found. */
const slice = 50
const most = 2000

/** All that contain resources of the types, whether these match or not. */
export function containersOf({ query, used }: ParsedSearch): Query {
  const tokens = (query.types ?? []).map(
    (code): Predicate => ({ kind: 'token', param: containedTypes, code }),
  )
  const [only, ...others] = tokens
  return {
    where: only && others.length === 0 ? [only] : [{ kind: 'or', any: tokens }],
    sort: used.some(([name]) => name === '_sort')
      ? query.sort
      : [{ by: 'updated', descending: true }],
    count: slice,
  }
}

/** A page of them: after all pages of `plain`, where those that stand alone are asked for too. */
export async function containedPage(
  parsed: ParsedSearch,
  place: Place | undefined,
  { reach, plain }: { reach: ContainerReach; plain(place?: Place): Promise<ResultPage> },
): Promise<ResultPage> {
  const { count } = parsed.query
  if (parsed.contained === 'true' || place?.contained)
    return pageOf(await walkOn(parsed, { room: count, place: place?.contained ?? {} }, reach))
  const page = await plain(place)
  if (page.next) return page
  const room = count - page.matches.length
  const { matches, ...more } = pageOf(await walkOn(parsed, { room, place: {} }, reach))
  return { ...page, ...more, matches: [...page.matches, ...matches], included: page.included }
}

function pageOf({ hits, next }: Walked): ResultPage {
  const isContained = (hit: Hit): hit is Contained => hit.resource !== undefined
  return {
    matches: hits.filter(hit => !isContained(hit)).map(({ container }) => container),
    contained: hits.filter(isContained),
    included: [],
    ...(next ? { next: { contained: next } } : {}),
  }
}

/** How many there are, up to `atMost`. */
export async function countContained(
  parsed: ParsedSearch,
  reach: ContainerReach,
  atMost = Number.POSITIVE_INFINITY,
): Promise<number> {
  let count = 0
  for (let place: ContainedPlace | undefined = {}; place && count < atMost; ) {
    const room = Math.min(most, atMost - count)
    const walked: Walked = await walk(parsed, { room, place }, reach)
    count += walked.hits.length
    place = walked.next
    if (place && count < atMost && reach.isLate())
      throw timedOut(
        'to count what is contained takes too long: narrow the search by more parameters, or ask for pages without a total',
        5,
      )
  }
  return count
}

interface From {
  /** How many fit. */
  room: number
  place: ContainedPlace
}

/** A full page has a next one only if something is on it. */
async function walkOn(parsed: ParsedSearch, from: From, reach: ContainerReach): Promise<Walked> {
  const { hits, next } = await walk(parsed, from, reach)
  if (!next || next.rest || hits.length < from.room) return { hits, ...(next ? { next } : {}) }
  const ahead = await walk(parsed, { room: 1, place: next }, reach)
  return ahead.hits.length > 0 || ahead.next ? { hits, next } : { hits }
}

async function walk(
  parsed: ParsedSearch,
  { room, place }: From,
  reach: ContainerReach,
): Promise<Walked> {
  const begun = place.rest ? await restOf(parsed, { room, place }, reach) : undefined
  const hits = begun?.hits ?? []
  if (begun && (!begun.next || begun.next.rest)) return begun
  const query = containersOf(parsed)
  let { after } = place
  for (let count = slice, looked = 0; hits.length < room; ) {
    const at = after === undefined ? {} : { after }
    const { versions, next } = await reach.search({ ...query, count, ...at })
    const found = versions.map(version => hitsIn(version, parsed, reach))
    const fitting = howManyFit(found, room - hits.length)
    if (fitting < found.length && found.length > 1) {
      count = Math.max(1, fitting)
      continue
    }
    const some = found.flat().slice(0, room - hits.length)
    hits.push(...some)
    const [only] = versions
    const cut = fitting < found.length && only ? { rest: restFrom(only, some.length) } : {}
    if (next === undefined) return { hits, ...('rest' in cut ? { next: cut } : {}) }
    after = next
    looked += versions.length
    if ('rest' in cut || looked >= most || reach.isLate())
      return { hits, next: { after: next, ...cut } }
    count = slice
  }
  return { hits, next: after === undefined ? {} : { after } }
}

/** As many of the first containers as have room with all that is found in them. */
function howManyFit(found: Hit[][], room: number): number {
  let left = room
  const over = found.findIndex(hits => {
    left -= hits.length
    return left < 0
  })
  return over < 0 ? found.length : over
}

const restFrom = ({ type, id, number }: Version, sent: number) => ({ type, id, number, sent })

/** What the page before had no room for, of the version that it was found in. */
async function restOf(
  parsed: ParsedSearch,
  { room, place: { after, rest } }: From,
  reach: ContainerReach,
): Promise<Walked | undefined> {
  if (!rest) return undefined
  const { type, id, number, sent } = rest
  const version = await reach.read(type, id, number)
  const all = hitsIn(version, parsed, reach)
  const hits = all.slice(sent, sent + room)
  const on = after === undefined ? {} : { after }
  const upTo = sent + hits.length
  if (upTo < all.length) return { hits, next: { ...on, rest: restFrom(version, upTo) } }
  return { hits, ...(after === undefined ? {} : { next: on }) }
}

/** All criteria must be met by one and the same contained resource. */
function hitsIn(container: Version, parsed: ParsedSearch, reach: ContainerReach): Hit[] {
  if (container.json === undefined) return []
  const whole = parseStored(container.json) as Resource
  const { query, contained, containedType } = parsed
  const types = query.types ?? []
  const holds = (resource: Resource): boolean => {
    const unstored = {
      type: resource.resourceType,
      id: resource.id ?? '',
      extract: reach.extract(resource),
    }
    return query.where.every(predicate => matches(predicate, unstored))
  }
  const candidates = Array.isArray(whole.contained) ? whole.contained : []
  const found = candidates.filter(
    (one): one is Resource =>
      isObject(one) &&
      typeof one.resourceType === 'string' &&
      types.includes(one.resourceType) &&
      holds(one as Resource),
  )
  if (containedType === 'contained') return found.map(resource => ({ container, resource }))
  // What is found by itself has come already.
  const came = contained === 'both' && types.includes(container.type) && holds(whole)
  return found.length > 0 && !came ? [{ container }] : []
}
