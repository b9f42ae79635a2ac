/**
 * What is contained in order of its values. No index has these, so for each page all containers are gone through, as they
 * were for the first page, and as many are kept as fit. https://hl7.org/fhir/R4/search.html#sort
 */
import { timedOut } from '../../error.ts'
import { parseStored } from '../../json.ts'
import type { Resource } from '../../resource.ts'
import type { Version } from '../../store.ts'
import { leastBetween } from '../near.ts'
import { compare, foremost, type Key, keyOfRows, keysOf, type Position } from '../order.ts'
import type { ParsedSearch } from '../parse.ts'
import type { Query, Sort } from '../query.ts'
import type { Found, Match } from '../result-page.ts'
import { scoreOf } from '../score.ts'
import { containersOf } from './containers.ts'
import { type Hit, hitsIn } from './hits.ts'
import type { ContainerReach } from './reach.ts'

/** What is still to come of what a search found when its first page was asked for. */
interface Stream {
  /** Comes next; then what the store has after a place. */
  ahead?: { type: string; id: string; number: number }
  after?: string
}

export interface SortedPlace {
  containers: Stream
  /** The last one that was sent of those within. */
  last?: Position
  /** What stands alone, where it is asked for too. */
  alone?: Stream
}

interface Ranked extends Position {
  match: Match
}

/** Whether the store's own order does not do. */
export const isSorted = ({ used, contained, query }: ParsedSearch): boolean =>
  used.some(([name]) => name === '_sort') &&
  (contained === 'both' || query.sort.some(({ by }) => by !== 'updated' && by !== 'id'))

/** Ties are in the order of their making. */
const containersInOrder = (parsed: ParsedSearch): Query => ({
  ...containersOf(parsed),
  sort: [{ by: 'updated', descending: false }],
})

export async function sortedPart(
  parsed: ParsedSearch,
  { place, count }: { place: SortedPlace | undefined; count: number },
  reach: ContainerReach,
): Promise<Found> {
  const { query, contained } = parsed
  const { after: _, ...whole } = query
  const alone = contained === 'both' ? { alone: place?.alone ?? (await begin(whole, reach)) } : {}
  const containers = place?.containers ?? (await begin(containersInOrder(parsed), reach))
  const at: SortedPlace = { ...place, containers, ...alone }
  const within = await firstWithin(parsed, at, count + 1, reach)
  const beside = at.alone ? await firstOf(whole, at.alone, count + 1, reach) : []
  const { page, taken } = merged(beside, within, { count, sort: query.sort })
  const sent = page.length - taken
  const matches = page.map(({ match }) => match)
  if (taken === beside.length && sent === within.length) return { matches }
  const last = within[sent - 1] ?? at.last
  const sorted: SortedPlace = {
    containers,
    ...(last ? { last: { keys: last.keys, rid: last.rid } } : {}),
    ...(at.alone ? { alone: await beyond(whole, at.alone, taken, reach) } : {}),
  }
  return { matches, next: { contained: { sorted } } }
}

/** The first of both; of those that are alike what stands alone comes first. */
function merged(
  beside: Ranked[],
  within: Ranked[],
  { count, sort }: { count: number; sort: Sort[] },
): { page: Ranked[]; taken: number } {
  const page: Ranked[] = []
  let taken = 0
  while (page.length < count) {
    const [one, other] = [beside[taken], within[page.length - taken]]
    const first = one && (!other || byKeys(one, other, sort) <= 0) ? one : other
    if (!first) break
    if (first === one) taken++
    page.push(first)
  }
  return { page, taken }
}

const byKeys = (a: Ranked, b: Ranked, sort: Sort[]): number =>
  compare({ ...a, rid: 0 }, { ...b, rid: 0 }, sort, false)

/** Containers that are read at once. */
const slice = 50
/** More than this are not kept before the least of them are let go. */
const kept = 1000

async function firstWithin(
  parsed: ParsedSearch,
  { containers, last }: SortedPlace,
  count: number,
  reach: ContainerReach,
): Promise<Ranked[]> {
  const sort = keysOf(parsed.query.sort)
  const order = (a: Ranked, b: Ranked) => compare(a, b, sort, false)
  let first: Ranked[] = []
  let rid = 0
  for await (const version of streamed(containersInOrder(parsed), containers, {
    size: slice,
    reach,
  })) {
    if (reach.isLate()) throw late()
    for (const hit of await hitsIn(version, parsed, reach)) {
      const ranked = { match: hit.match, rid: rid++, keys: sort.map(key => keyOf(key, hit)) }
      if (!last || compare(ranked, last, sort, false) > 0) first.push(ranked)
    }
    if (first.length > count + kept) first = first.sort(order).slice(0, count)
  }
  return first.sort(order).slice(0, count)
}

const late = () =>
  timedOut(
    'to sort what is contained takes too long: narrow the search by more parameters, or ask for it without _sort',
    5,
  )

async function firstOf(
  query: Query,
  stream: Stream,
  count: number,
  reach: ContainerReach,
): Promise<Ranked[]> {
  const first: Ranked[] = []
  for await (const match of streamed(query, stream, { size: count, reach })) {
    const { type, id, json = '{}' } = match
    const found = [{ type, id, extract: reach.extract(parseStored(json) as Resource) }]
    first.push({ match, rid: 0, keys: query.sort.map(key => keyOf(key, { match, found })) })
    if (first.length === count) break
  }
  return first
}

/** The first of what is found, and where the store goes on: at the commit that it saw. */
async function begin(query: Query, reach: ContainerReach): Promise<Stream> {
  const { versions, next } = await reach.search({ ...query, count: 1 })
  const [first] = versions
  if (!first) return {}
  const { type, id, number } = first
  return { ahead: { type, id, number }, ...(next === undefined ? {} : { after: next }) }
}

async function* streamed(
  query: Query,
  { ahead, after }: Stream,
  { size, reach }: { size: number; reach: ContainerReach },
): AsyncGenerator<Version> {
  if (ahead) yield reach.read(ahead.type, ahead.id, ahead.number)
  for (let at = after; at !== undefined; ) {
    const { versions, next } = await reach.search({ ...query, count: size, after: at })
    yield* versions
    at = next
  }
}

/** What is left of a stream when so many have been taken of it. */
async function beyond(
  query: Query,
  stream: Stream,
  taken: number,
  reach: ContainerReach,
): Promise<Stream> {
  const { ahead, after } = stream
  if (taken === 0) return stream
  const count = ahead ? taken - 1 : taken
  if (count === 0 || after === undefined) return after === undefined ? {} : { after }
  const { next } = await reach.search({ ...query, count, after })
  return next === undefined ? {} : { after: next }
}

/** As the stores have it: the least of all values where ascending, the greatest where descending. */
function keyOf(sort: Sort, { match, found }: Hit): Key {
  switch (sort.by) {
    case 'updated':
      return match.seq
    case 'id':
      return match.id
    case 'date': {
      const dates = found.flatMap(({ extract }) => extract.date ?? [])
      return foremost(sort, dates) ?? match.at
    }
    case 'score':
      return Math.max(...found.map(({ extract }) => scoreOf(sort.phrases, extract)))
    case 'near': {
      const rows = found.flatMap(({ extract }) => extract.rows)
      const positions = rows.filter(row => row.kind === 'position')
      return leastBetween(sort.points, positions) ?? null
    }
    case 'value': {
      const { types } = sort
      const rows = found
        .filter(({ type }) => !types || types.includes(type))
        .flatMap(({ extract }) => extract.rows)
      return keyOfRows(sort, rows)
    }
  }
}
