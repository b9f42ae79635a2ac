/**
 * The hits of a query in their order: read from an index that is in it, or sorted by the database, which keeps no more of
 * them than are asked for. https://hl7.org/fhir/R4/search.html#sort
 */
import { type Document, MaxKey, MinKey } from 'mongodb'
import type { Position } from '../../../resources/search/order.ts'
import type { Sort } from '../../../resources/search/query.ts'
import { byEntry, byName, bySpan, bySuperseded } from '../collections.ts'
import { nameIn, nameOf, resourceIn, type Stored, under } from '../document.ts'
import { type VersionDocument, versionFields } from '../read.ts'
import { type Driver, driving, everything, hintOf, isSplit } from './drivers.ts'
import { hidden } from './filter.ts'
import { beyond, inOrder, keysIn, withKeys } from './keys.ts'
import type { Node } from './nodes.ts'
import type { Plan } from './plan.ts'
import { aggregate, find, type Scope } from './scope.ts'

/** What is to be found, and on which side of a place. */
export interface Wanted {
  keys: Sort[]
  back: boolean
  after: Position | undefined
  count: number
  /** The versions themselves are wanted, where they cost no more. */
  bodies: boolean
}

export interface Hit extends Position {
  /** Stored._id */
  version: string
  stored?: VersionDocument
}

/** Those that the first page saw, and that it has not shown as they are now. */
const seenThen = ({ past }: Scope): Document[] =>
  past ? [{ s: { $lte: past.seq }, ...(past.seen.length ? { c: { $nin: past.seen } } : {}) }] : []

export interface Source {
  driver: Driver
  rest: Node[]
}

/** All that is in the range of a driver and holds of the rest. */
export const drivenBy = (
  { driver, rest }: Source,
  scope: Scope,
  { places, more = [] }: { places?: Document[]; more?: Document[] } = {},
): Document => {
  const residuals = [...hidden(rest, scope, ''), ...seenThen(scope), ...more]
  const driven = driving(driver, scope, places)
  return residuals.length ? { ...driven, $and: [...(driven.$and ?? []), ...residuals] } : driven
}

type Found = VersionDocument & Pick<Stored, 'c' | 'k'>

const named = { _id: 1, c: 1, k: 1, s: 1, at: 1 }
const all = { ...named, ...versionFields }

/** In the order of fields that an index may end with. */
export async function streamedHits(
  source: Source,
  wanted: Wanted & { key: Sort },
  scope: Scope,
  limit: number | undefined,
): Promise<Hit[]> {
  const { key, back, after, count, bodies } = wanted
  const descending = key.descending !== back
  const order = descending ? -1 : 1
  const [major, minor] = key.by === 'date' ? ['k', 'c'] : ['at', 's']
  const isInOrder =
    (key.by === 'date') === (source.driver.in === 'x') && isSplit(source.driver, scope)
  const filter = drivenBy(source, scope, after && beyondPlace(key, after, descending, isInOrder))
  const documents = await find<Found>(scope, filter, {
    hint: hintOf(source.driver),
    projection: bodies ? all : named,
    sort: { [major]: order, [minor]: order },
    limit: count,
    ...(limit === undefined ? {} : { maxTimeMS: limit }),
  })
  return documents.map(stored => hitOf(stored, key, bodies))
}

/** Whether the index alone tells the first of them: nothing else is asked, and it has what they are in the order of. */
export const isOfKeys = (
  { driver, rest }: Source,
  { after, keys: [key] }: Pick<Wanted, 'after' | 'keys'>,
  { past, types }: Scope,
): boolean =>
  (driver.in === 'x' ? !driver.when : driver.in === 'd' && driver.any.every(isOfName)) &&
  rest.length === 0 &&
  key?.by === 'date' &&
  !(after || past) &&
  types.length === 1

const isOfName = ({ p }: Document): boolean => typeof p === 'string'

type Place = Pick<Stored, 'k' | 'c'>

/** The first of what is not in order: sorted as keys of the index, then looked up. */
export async function sortedKeys(
  { driver }: Source,
  wanted: Wanted & { key: Sort },
  scope: Scope,
): Promise<Hit[] | undefined> {
  const { key, back, count, bodies } = wanted
  const order = key.descending !== back ? -1 : 1
  const whole = { driver: everything(scope), rest: driver.covers }
  // Twice as many as that is sooner sorted.
  for (let limit = count; limit <= count * 16; ) {
    const places = await ofSpans(driver, { sort: { k: order, c: order }, limit }, scope)
    if (places.length === 0) return []
    // One range of the index: each place in turn.
    const at = { k: { $in: places.map(({ k }) => k) }, c: { $in: places.map(({ c }) => c) } }
    const filter = drivenBy(whole, scope, { places: [at] })
    const projection = bodies ? all : named
    const found = await find<Found>(scope, filter, { hint: byEntry, projection, limit })
    // What is not there ends before the range begins, or was written between the two, where they are not of one instant.
    const isEnough = found.length >= count || places.length < limit
    if (found.length === places.length || (scope.source.session && isEnough))
      return found
        .sort(inPlace(order))
        .slice(0, count)
        .map(stored => hitOf(stored, key, bodies))
    limit += Math.ceil((limit - found.length) * 4 + count / 4)
  }
  return undefined
}

interface First {
  sort: { k: 1 | -1; c: 1 | -1 }
  limit: number
}

const place = { _id: 0, k: 1, c: 1 }
const inPlace = (order: 1 | -1) => (a: Place, b: Place) => order * (a.k - b.k || a.c - b.c)

/** An element is looked at in its version, so the ends of its range in the index are given as they are. */
async function ofSpans({ any }: Driver, first: First, scope: Scope): Promise<Place[]> {
  const found = new Map<number, Place>()
  for (const span of any as Document[]) {
    const { p, lo: { $gte: from = new MinKey(), $lte: to = new MaxKey() } = {} } = span
    const start = { t: scope.tenant, 'd.p': p }
    const places = await find<Place>(
      scope,
      {},
      {
        ...{ hint: bySpan, projection: place, ...first },
        min: { ...start, 'd.lo': from, k: new MinKey(), c: new MinKey() },
        max: { ...start, 'd.lo': to, k: new MaxKey(), c: new MaxKey() },
      },
    )
    for (const each of places) found.set(each.c, each)
  }
  return [...found.values()].sort(inPlace(first.sort.k)).slice(0, first.limit)
}

/** What comes after a place: in a range that is in order, what is like it and what is further are two ranges. */
function beyondPlace(
  { by }: Sort,
  { keys: [key, at], rid }: Position,
  descending: boolean,
  isInOrder: boolean,
): { places: Document[]; more?: Document[] } {
  const [major, minor] = by === 'date' ? [key, rid] : [at, key]
  const fields = by === 'date' ? ['k', 'c'] : ['at', 's']
  const [first = '', second = ''] = fields
  const [further, notYet] = descending ? ['$lt', '$gte'] : ['$gt', '$lte']
  if (isInOrder)
    return {
      places: [
        { [first]: major, [second]: { [further]: minor } },
        { [first]: { [further]: major } },
      ],
    }
  return {
    places: [{ [first]: { [`${further}e`]: major } }],
    more: [{ $nor: [{ [first]: major, [second]: { [notYet]: minor } }] }],
  }
}

/** When it was written stands behind a key by that: it is what the index is in the order of. */
const hitOf = (stored: Found, key: Sort, bodies: boolean): Hit => ({
  version: stored._id,
  rid: stored.c,
  keys: key.by === 'date' ? [stored.k] : [stored.s, stored.at],
  ...(bodies ? { stored } : {}),
})

export async function walkNames(
  plan: Plan,
  wanted: Wanted,
  scope: Scope,
  limit: number | undefined,
): Promise<Hit[]> {
  const { keys, back, after, count, bodies } = wanted
  const [type = ''] = scope.types
  const descending = (keys[0]?.descending ?? false) !== back
  const start = nameOf(scope.tenant, type, '').slice(0, -1)
  const range = after ? { [descending ? '$lt' : '$gt']: `${start}/${after.keys[0]}` } : {}
  const n = { ...under(start), ...range }
  const source: Source = { driver: { covers: [], in: 'n', any: [] }, rest: plan.all }
  const documents = await find<Found>(
    scope,
    { ...drivenBy(source, scope), n },
    {
      hint: byName,
      projection: bodies ? all : named,
      sort: { n: descending ? -1 : 1 },
      limit: count,
      ...(limit === undefined ? {} : { maxTimeMS: limit }),
    },
  )
  return documents.map(stored => ({
    ...hitOf(stored, { by: 'date', descending }, bodies),
    keys: [resourceIn(nameIn(stored._id))],
  }))
}

export const sortedHits = (source: Source, wanted: Wanted, scope: Scope): Promise<Hit[]> =>
  bySort(drivenBy(source, scope), hintOf(source.driver), { wanted, place: '' }, scope)

/** Versions that are superseded by now, but were not when the first page was read. */
export function supersededHits(where: Node[], wanted: Wanted, scope: Scope): Promise<Hit[]> {
  return bySort(superseded(where, scope), bySuperseded, { wanted, place: 'old.' }, scope)
}

export function superseded(where: Node[], scope: Scope): Document {
  const { tenant: t, types, past } = scope
  const seq = past?.seq ?? 0
  return {
    t,
    u: { $gt: seq },
    old: { $exists: true },
    m: { $ne: 'delete' },
    ty: { $in: types },
    s: { $lte: seq },
    c: { $nin: past?.seen ?? [] },
    $and: [{}, ...hidden(where, scope, 'old.')],
  }
}

async function bySort(
  filter: Document,
  hint: Document,
  { wanted, place }: { wanted: Wanted; place: '' | 'old.' },
  scope: Scope,
): Promise<Hit[]> {
  const { keys, back, after, count } = wanted
  const stages = [
    { $match: filter },
    ...withKeys(keys, place),
    ...(after ? [{ $match: beyond(keys, after, back) }] : []),
    { $sort: inOrder(keys, back) },
    { $limit: count },
  ]
  const found = await aggregate(scope, stages, hint)
  return found.map(document => ({
    version: document._id,
    rid: document.c,
    keys: [...keysIn(document, keys), document.at],
  }))
}
